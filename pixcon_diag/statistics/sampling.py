"""Probability samples of pixels."""

import numpy as np


def drawn_pixels(counts: np.ndarray, number: int, seed: int) -> list[tuple[int, int]]:
    """Pixels drawn uniformly with replacement from all images: index of the image, place among its pixels from 0.

    The first draws are the same for every ``number``.

    Args:
        counts: (I,) int64: pixels of each image that can be drawn.
        number: of draws; where no pixel can be drawn, none are.
        seed: of the draws.

    Example:
        >>> [image for image, _ in drawn_pixels(np.array([0, 5, 0]), 3, seed=0)]
        [1, 1, 1]
    """
    total = int(counts.sum())
    ends = np.cumsum(counts)
    places = (np.random.default_rng(seed).random(number if total else 0) * total).astype(np.int64)
    images = np.searchsorted(ends, places, side="right")
    return [(int(i), int(place - (ends[i] - counts[i]))) for i, place in zip(images, places, strict=True)]
