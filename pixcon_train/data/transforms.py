"""Random crops of images and labels, functions of a given generator (UniMatch V2's recipe), and normalisation."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from pixcon_train.core.seeding import chance

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's mean and deviation, which the DINOv2 encoders were trained with."""


@dataclass(frozen=True)
class Geometry:
    """How an image becomes a square crop."""

    crop: int
    """Edge in pixels."""
    base_size: int | None
    """Base of the scaling: a fixed long side (PixCon's release), or None for the image's own (UniMatch V2)."""
    scale: tuple[float, float] = (0.5, 2.0)
    """Range of the factor on the long side."""


def random_crop(
    image: Tensor, labels: Tensor, geometry: Geometry, *, fill: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A random rescaled, flipped crop of an image and its labels: (3, c, c) and (c, c) of their types.

    The long side is brought to a random length: bilinear for the image, nearest for the labels. An image that is too
    small is padded at the right and bottom before the flip, with 0 and, in the labels, with ``fill``.

    Args:
        image: (3, H, W) uint8.
        labels: (H, W) integers.
    """
    size, crop = _random_size(labels.shape, geometry, generator), geometry.crop
    top, left = (_integer(0, max(edge - crop, 0), generator) for edge in size)
    flipped = chance(0.5, generator)
    rows, columns = slice(top, min(top + crop, size[0])), slice(left, min(left + crop, size[1]))
    resized = F.resize(image, list(size), interpolation=v2.InterpolationMode.BILINEAR, antialias=True)
    part = resized[:, rows, columns]
    # Only the labels of the crop are looked up, each at the centre of its pixel's footprint.
    found = labels[_nearest(labels.shape[0], size[0])[rows]]
    found = found.gather(1, _nearest(labels.shape[1], size[1])[columns].expand(len(found), -1))
    return _padded(part, crop, 0, flipped), _padded(found, crop, fill, flipped)


def _random_size(size: Sequence[int], geometry: Geometry, generator: torch.Generator) -> tuple[int, int]:
    """Height and width with a random long side."""
    height, width = size
    base = geometry.base_size or max(height, width)
    low, high = (int(base * factor) for factor in geometry.scale)
    factor = _integer(low, high, generator) / max(height, width)
    return max(1, int(height * factor + 0.5)), max(1, int(width * factor + 0.5))


def _nearest(length: int, resized: int) -> Tensor:
    """Positions that nearest-neighbour resizing from ``length`` to ``resized`` takes, those of the pixels' centres.

    Plain NEAREST would take the corners of the footprints: labels would lie up to half a pixel off.
    """
    positions = torch.arange(length, dtype=torch.float32)[None, None]
    return functional.interpolate(positions, size=resized, mode="nearest-exact")[0, 0].long()


def _padded(part: Tensor, crop: int, fill: int, flipped: bool) -> Tensor:
    """A part of an image padded at the right and bottom to the crop, then flipped."""
    height, width = part.shape[-2:]
    out = part.new_full((*part.shape[:-2], crop, crop), fill)
    begin = crop - width if flipped else 0
    out[..., :height, begin : begin + width] = part.flip(-1) if flipped else part
    return out


def normalise(image: Tensor) -> Tensor:
    """Levels (…, 3, H, W) in [0, 255], uint8 or float32 → float32 with ImageNet's mean and deviation.

    Mean and deviation are no tensors, which would have to be sent to the image's device.
    """
    normalised = image * (1 / 255)
    for channel, (mean, std) in enumerate(zip(MEAN, STD, strict=True)):
        normalised[..., channel, :, :].sub_(mean).div_(std)
    return normalised


def network_input(images: Tensor) -> Tensor:
    """uint8 images (B, 3, H, W) normalised; others are normalised already and returned as they are."""
    return normalise(images).contiguous() if images.dtype == torch.uint8 else images


def _integer(low: int, high: int, generator: torch.Generator) -> int:
    """Uniform over low..high, both included."""
    return int(torch.randint(low, high + 1, (), generator=generator).item())
