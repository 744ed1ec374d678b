"""Strong views: colour jitter, grayscale and blur (UniMatch V2's recipe), drawn first and rendered afterwards.

The draws are numbers that a loader worker can send along with a crop. Rendering computes in float32 on the image's
device, where it does not wait for the host; levels are not rounded between operations.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from pixcon_train.core.seeding import chance, uniform

Adjustment = Literal["brightness", "contrast", "saturation", "hue"]

JITTER: dict[Adjustment, tuple[float, float]] = {
    "brightness": (0.5, 1.5),
    "contrast": (0.5, 1.5),
    "saturation": (0.5, 1.5),
    "hue": (-0.25, 0.25),
}
"""Range of the factor of brightness, contrast and saturation, and of the turn of the hue (1 is a full turn)."""
JITTER_PROBABILITY, GRAY_PROBABILITY, BLUR_PROBABILITY = 0.8, 0.2, 0.5
BLUR_SIGMA = (0.1, 2.0)
"""Range of the Gaussian's deviation in pixels."""
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the gray level (ITU-R BT.601)."""


@dataclass(frozen=True)
class StrongView:
    """The draws of one strong view."""

    jitter: tuple[tuple[Adjustment, float], ...] = ()
    """Adjustments with their amounts, in the order in which they are applied; empty without colour jitter."""
    gray: bool = False
    """Whether the view is gray."""
    sigma: float | None = None
    """Deviation of the blur in pixels; None without blur."""


def draw_strong_view(generator: torch.Generator) -> StrongView:
    """The draws of a strong view."""
    jitter: tuple[tuple[Adjustment, float], ...] = ()
    if chance(JITTER_PROBABILITY, generator):
        amounts = [(name, uniform(*bounds, generator)) for name, bounds in JITTER.items()]
        jitter = tuple(amounts[i] for i in torch.randperm(len(amounts), generator=generator).tolist())
    gray = chance(GRAY_PROBABILITY, generator)
    sigma = uniform(*BLUR_SIGMA, generator) if chance(BLUR_PROBABILITY, generator) else None
    return StrongView(jitter, gray, sigma)


def render(crop: Tensor, view: StrongView) -> Tensor:
    """The strong view of a crop: uint8 (3, H, W) → float32 levels (3, H, W) in [0, 255]."""
    levels = crop.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
    for name, amount in view.jitter:
        levels = _ADJUST[name](levels, amount)
    if view.gray:
        levels = _gray(levels)[None]
    if view.sigma is not None:
        levels = _blur(levels, view.sigma)
    return levels.expand_as(crop)


def _brightness(levels: Tensor, factor: float) -> Tensor:
    return levels.mul_(factor).clamp_(0, 255)


def _contrast(levels: Tensor, factor: float) -> Tensor:
    """Distances from the mean gray level, a whole number as in Pillow, times ``factor``."""
    mean = _gray(levels.mean((1, 2))).round()
    return levels.mul_(factor).add_((1 - factor) * mean).clamp_(0, 255)


def _saturation(levels: Tensor, factor: float) -> Tensor:
    """Distances from each pixel's gray level times ``factor``."""
    gray = _gray(levels).mul_(1 - factor)
    return levels.mul_(factor).add_(gray).clamp_(0, 255)


def _hue(levels: Tensor, turn: float) -> Tensor:
    """Hues of the HSV hexagon turned by ``turn``; the greatest and the smallest level of a pixel stay.

    Along the hexagon each level rises from the smallest to the greatest within a sextant, stays for two, falls within
    one and stays for two. Two sextants therefore permute the channels and three give complements. Within a fraction
    f ≤ 1/2 of a sextant, a channel moves by what the channel it turns towards lacks to be f·(greatest − smallest) away
    from both the smallest and the greatest level.
    """
    low, high = levels.amin(0), levels.amax(0)
    sextants = round(6 * turn)
    part = 6 * turn - sextants
    if sextants % 2:
        levels = (low + high).sub(levels)
        sextants -= 3
    margin = (high - low).mul_(abs(part))
    near_low, near_high = low + margin, high - margin
    turned = torch.empty_like(levels)
    for channel in range(3):
        own = levels[(channel - sextants // 2) % 3]
        following = levels[(channel - sextants // 2 + (1 if part > 0 else -1)) % 3]
        out = torch.clamp(following, near_low, near_high, out=turned[channel])
        out.sub_(following).add_(own).clamp_(low, high)
    return turned


_ADJUST = {"brightness": _brightness, "contrast": _contrast, "saturation": _saturation, "hue": _hue}


def _gray(levels: Tensor) -> Tensor:
    """Gray levels of (3, …)."""
    red, green, blue = LUMA
    return levels[0].mul(red).add_(levels[1], alpha=green).add_(levels[2], alpha=blue)


def _blur(levels: Tensor, sigma: float) -> Tensor:
    """Convolution with a Gaussian cut off at 3·sigma, first down the columns, then along the rows.

    Beyond its border the image is mirrored.
    """
    radius = max(1, round(3 * sigma))  # a wider kernel adds less than 1 % of the weight
    weights = [math.exp(-0.5 * (offset / sigma) ** 2) for offset in range(radius + 1)]
    total = 2 * sum(weights) - weights[0]
    weights = [weight / total for weight in weights]
    padded = functional.pad(levels, [radius] * 4, mode="reflect")
    return _weighted(_weighted(padded, weights, 1), weights, 2)


def _weighted(levels: Tensor, weights: list[float], axis: int) -> Tensor:
    """Weighted sum of shifted copies along ``axis``, shorter at either end by the kernel's radius."""
    radius = len(weights) - 1
    length = levels.shape[axis] - 2 * radius
    total = levels.narrow(axis, radius, length).mul(weights[0])
    for offset in range(1, radius + 1):
        for start in (radius - offset, radius + offset):
            total.add_(levels.narrow(axis, start, length), alpha=weights[offset])
    return total
