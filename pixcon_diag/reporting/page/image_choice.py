"""Which images the page shows: the first ones of several rankings, taken in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENT = 0.95
"""Threshold from which on a wrong pixel counts as confidently wrong; always an edge of the histogram."""


@dataclass(frozen=True)
class ImageNumbers:
    """What one method's images are ranked by, each (I,) float64, NaN where it is undefined."""

    error: np.ndarray
    """Wrong / valid pixels."""
    miou: np.ndarray
    """mIoU over the classes of the image."""
    boundary: np.ndarray
    """Error in the boundary band."""
    confident: np.ndarray
    """Wrong pixels with a confidence of at least :data:`CONFIDENT` / valid pixels."""


@dataclass(frozen=True)
class Selection:
    """The chosen images."""

    images: tuple[int, ...]
    """Indices, those taken first first: every prefix holds the first images of every ranking."""
    first: Mapping[str, tuple[int, ...]]
    """For each ranking, its first images that are all among the chosen ones."""
    ranked: Mapping[str, int]
    """Number of images of each ranking."""


def rankings(
    methods: Sequence[ImageNumbers], pairs: Sequence[Sequence[int]], rng: np.random.Generator
) -> dict[str, list[int]]:
    """The images of each kind, the most typical first; kinds without an image are absent.

    Args:
        methods: the baseline first. Where there are several, an image ranks by its worst one, and by the largest
            difference of another one to the baseline.
        pairs: images with the pixels of a pair of confused classes, most pixels first; the largest pairs first.
        rng: generator of the random sample, which ranks every image.
    """
    baseline, *others = methods
    error, miou = ([getattr(other, name) - getattr(baseline, name) for other in others] for name in ("error", "miou"))
    found = {
        "error": _largest([one.error for one in methods]),
        "win": _largest([-delta for delta in error]),
        "loss": _largest(error),
        "miou-win": _largest(miou),
        "miou-loss": _largest([-delta for delta in miou]),
        "boundary": _largest([one.boundary for one in methods]),
        "confident": _largest([one.confident for one in methods]),
        "pair": in_turn(pairs),
        "random": rng.permutation(len(baseline.error)).tolist(),
    }
    return {kind: images for kind, images in found.items() if images}


def choose(ranked: Mapping[str, Sequence[int]], count: int) -> Selection:
    """Take images from the rankings in turn, the next one of each that is not taken yet.

    Args:
        ranked: indices by kind; together they hold every image.
        count: number of images, fewer where there are no more.
    """
    images = tuple(in_turn([*ranked.values()])[:count])
    taken = set(images)
    first = {}
    for kind, order in ranked.items():
        held = next((place for place, image in enumerate(order) if image not in taken), len(order))
        first[kind] = tuple(order[:held])
    return Selection(images, first, {kind: len(order) for kind, order in ranked.items()})


def in_turn(orders: Sequence[Sequence[int]]) -> list[int]:
    """Every index once: the first of each order, then the next of each that is not there yet, and so on."""
    taken: dict[int, None] = {}
    rest = [iter(order) for order in orders]
    while rest:
        left = []
        for order in rest:
            image = next((image for image in order if image not in taken), None)
            if image is not None:
                taken[image] = None
                left.append(order)
        rest = left
    return [*taken]


def _largest(values: Sequence[np.ndarray]) -> list[int]:
    """Images by the largest of their values, descending; those without a positive one are absent."""
    if not values:
        return []
    largest = np.fmax.reduce(values)
    order = np.argsort(-largest, kind="stable")  # NaN last
    return [int(image) for image in order if largest[image] > 0]
