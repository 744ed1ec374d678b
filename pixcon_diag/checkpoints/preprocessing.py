"""Images as a network of other code expects them."""

import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.provenance import Preprocessing
from pixcon_train.data.transforms import MEAN, STD


def prepared(images: Tensor, preprocessing: Preprocessing, multiple: int = 1) -> Tensor:
    """Images (B, 3, H, W) normalised with ImageNet's mean and deviation, as ``preprocessing`` says instead.

    Resizing and normalisation commute, as both are linear.

    Args:
        multiple: what edges of resized images are rounded up to.
    """
    size = target_size(images.shape[-2], images.shape[-1], preprocessing.size, multiple)
    if size != tuple(images.shape[-2:]):
        images = _resized(images, size, preprocessing.resample)
    turn = -1 if preprocessing.bgr else 1
    mean, std = preprocessing.mean[::turn], preprocessing.std[::turn]
    if (mean, std) != (MEAN, STD):
        wanted = zip(MEAN, STD, mean, std, strict=True)
        factors, offsets = zip(*((one / std, (zero - mean) / std) for zero, one, mean, std in wanted), strict=True)
        images = images * images.new_tensor(factors)[:, None, None] + images.new_tensor(offsets)[:, None, None]
    return images.flip(1) if preprocessing.bgr else images


def target_size(height: int, width: int, size: tuple[int, int] | int | None, multiple: int = 1) -> tuple[int, int]:
    """Height and width of an image after :attr:`Preprocessing.size`; a shorter edge keeps the aspect, rounded down.

    Args:
        multiple: what the edges are rounded up to; without a size they stay as they are.
    """
    if size is None:
        return height, width
    longer = int(size * max(height, width) / min(height, width)) if isinstance(size, int) else 0
    edges = size if isinstance(size, tuple) else (size, longer) if height <= width else (longer, size)
    return -(-edges[0] // multiple) * multiple, -(-edges[1] // multiple) * multiple


def _resized(images: Tensor, size: tuple[int, int], resample: str) -> Tensor:
    """Images of another size, as Pillow resizes their levels but for its rounding."""
    if resample == "nearest":
        return F.interpolate(images, size, mode="nearest-exact")
    resized = F.interpolate(images, size, mode=resample, align_corners=False, antialias=True)
    if resample == "bilinear":
        return resized
    # Bicubic weights may be negative: levels stay in 0..255.
    mean, std = (images.new_tensor(values)[:, None, None] for values in (MEAN, STD))
    return resized.clamp(-mean / std, (1 - mean) / std)
