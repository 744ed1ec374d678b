"""Images as a network of other code expects them."""

import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.provenance import Preprocessing
from pixcon_train.data.transforms import MEAN, STD


def prepared(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Images (B, 3, H, W) normalised with ImageNet's mean and deviation, as ``preprocessing`` says instead.

    Resizing and normalisation commute, as both are linear.
    """
    size = target_size(images.shape[-2], images.shape[-1], preprocessing.size)
    if size != tuple(images.shape[-2:]):
        images = F.interpolate(images, size, mode=preprocessing.resample, align_corners=False, antialias=True)
    turn = -1 if preprocessing.bgr else 1
    mean, std = preprocessing.mean[::turn], preprocessing.std[::turn]
    if (mean, std) != (MEAN, STD):
        wanted = zip(MEAN, STD, mean, std, strict=True)
        factors, offsets = zip(*((one / std, (zero - mean) / std) for zero, one, mean, std in wanted), strict=True)
        images = images * images.new_tensor(factors)[:, None, None] + images.new_tensor(offsets)[:, None, None]
    return images.flip(1) if preprocessing.bgr else images


def target_size(height: int, width: int, size: tuple[int, int] | int | None) -> tuple[int, int]:
    """Height and width of an image after :attr:`Preprocessing.size`; a shorter edge keeps the aspect, rounded down."""
    if size is None:
        return height, width
    if isinstance(size, tuple):
        return size
    longer = int(size * max(height, width) / min(height, width))
    return (size, longer) if height <= width else (longer, size)
