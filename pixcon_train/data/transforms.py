"""Random crops and strong views, functions of a given generator (UniMatch V2's recipe).

Geometry acts on uint8 images and labels together; strong views on the cropped uint8 image; normalisation comes last.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from pixcon_train.core.seeding import uniform

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's mean and deviation, which the DINOv2 encoders were trained with."""

JITTER = (0.5, 0.5, 0.5, 0.25)
"""Strength of brightness, contrast, saturation and hue."""
JITTER_PROBABILITY, GRAY_PROBABILITY, BLUR_PROBABILITY = 0.8, 0.2, 0.5
BLUR_SIGMA = (0.1, 2.0)
"""Range of the Gaussian's deviation in pixels."""
_ADJUSTMENTS = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)


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
    """A random rescaled, flipped crop of an image and its labels: uint8 (3, c, c) and (c, c).

    An image that is too small is padded at the right and bottom, with 0 and, in the labels, with ``fill``.

    Args:
        image: (3, H, W) uint8.
        labels: (H, W) uint8.
    """
    image, labels = _rescale(image, labels, geometry, generator)
    height, width = labels.shape
    pad = [0, 0, max(geometry.crop - width, 0), max(geometry.crop - height, 0)]
    image, labels = F.pad(image, pad, fill=0), F.pad(labels[None], pad, fill=fill)[0]
    top = _integer(0, labels.shape[0] - geometry.crop, generator)
    left = _integer(0, labels.shape[1] - geometry.crop, generator)
    rows, columns = slice(top, top + geometry.crop), slice(left, left + geometry.crop)
    image, labels = image[:, rows, columns], labels[rows, columns]
    if _chance(0.5, generator):
        image, labels = image.flip(-1), labels.flip(-1)
    return image.contiguous(), labels.contiguous()


def _rescale(image: Tensor, labels: Tensor, geometry: Geometry, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Bring the long side to a random length: bilinear for the image, nearest for the labels."""
    height, width = labels.shape
    base = geometry.base_size or max(height, width)
    low, high = (int(base * factor) for factor in geometry.scale)
    factor = _integer(low, high, generator) / max(height, width)
    size = [max(1, int(height * factor + 0.5)), max(1, int(width * factor + 0.5))]
    image = F.resize(image, size, interpolation=v2.InterpolationMode.BILINEAR, antialias=True)
    # Plain NEAREST takes the corner of a pixel's footprint, not its centre: labels would lie up to half a pixel off.
    return image, F.resize(labels[None], size, interpolation=v2.InterpolationMode.NEAREST_EXACT)[0]


def strong_view(image: Tensor, *, generator: torch.Generator) -> Tensor:
    """Colour jitter, grayscale and blur, each with its probability: uint8 (3, c, c) → the same."""
    if _chance(JITTER_PROBABILITY, generator):
        image = _jitter(image, generator)
    if _chance(GRAY_PROBABILITY, generator):
        image = F.rgb_to_grayscale(image, num_output_channels=3)
    if _chance(BLUR_PROBABILITY, generator):
        sigma = uniform(*BLUR_SIGMA, generator)
        radius = max(1, round(3 * sigma))  # a wider kernel adds less than 1 % of the weight
        image = F.gaussian_blur(image, [2 * radius + 1] * 2, [sigma, sigma])
    return image


def _jitter(image: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness, contrast, saturation and hue by random amounts in random order."""
    *relative, hue = JITTER
    ranges = [*((1 - strength, 1 + strength) for strength in relative), (-hue, hue)]
    amounts = [uniform(low, high, generator) for low, high in ranges]
    for position in torch.randperm(len(amounts), generator=generator).tolist():
        image = _ADJUSTMENTS[position](image, amounts[position])
    return image


def normalise(image: Tensor) -> Tensor:
    """uint8 (3, H, W) → float32 with ImageNet's mean and deviation."""
    normalised: Tensor = F.normalize(F.to_dtype(image, torch.float32, scale=True), list(MEAN), list(STD))
    return normalised


def _integer(low: int, high: int, generator: torch.Generator) -> int:
    """Uniform over low..high, both included."""
    return int(torch.randint(low, high + 1, (), generator=generator).item())


def _chance(probability: float, generator: torch.Generator) -> bool:
    return uniform(0, 1, generator) < probability
