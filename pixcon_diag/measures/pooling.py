"""Sums of per-image statistics over images that are drawn with replacement."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

PerImage: TypeAlias = np.ndarray | Any  # or a scipy.sparse matrix, which has no types
"""Statistics of every image, first axis the images."""

_SINGLE = 2.0**24
"""float32 sums of non-negative integers are exact as long as the result is below: every partial sum is below it too."""


def draw_images(images: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each image occurs in each draw of ``images`` images with replacement: (draws, images) int64."""
    chosen = rng.integers(images, size=(draws, images), dtype=np.uint32)
    slots = chosen + images * np.arange(draws)[:, None]
    return np.bincount(slots.ravel(), minlength=draws * images).reshape(draws, images)


class Pool:
    """Statistics of some checkpoints on the same images, summed over the images of many draws by one product.

    A column that the first checkpoint has too, such as the pixels of a true class, is summed once. Columns of small
    counts are summed in float32, which takes half the time of float64; if a sum could have been rounded, its column is
    summed in float64, where integers are exact below 2^53.
    """

    def __init__(self, checkpoints: Sequence[np.ndarray]) -> None:
        self._shapes = [statistics.shape[1:] for statistics in checkpoints]
        first = checkpoints[0].reshape(len(checkpoints[0]), -1)
        columns, places, total = [first], [np.arange(first.shape[1])], first.shape[1]
        for statistics in checkpoints[1:]:
            rows = statistics.reshape(first.shape)
            own = (rows != first).any(0)
            places.append(np.where(own, total - 1 + own.cumsum(), places[0]))
            columns.append(rows[:, own])
            total += int(own.sum())
        matrix = np.concatenate(columns, axis=1)
        counts = np.full(total, matrix.dtype.kind in "iu") & (matrix.min(0) >= 0) & (matrix.sum(0) < _SINGLE / 2)
        self._places, self._small, self._large = places, np.flatnonzero(counts), np.flatnonzero(~counts)
        self._single, self._double = matrix[:, counts].astype(np.float32), matrix[:, ~counts].astype(np.float64)

    def sums(self, times: np.ndarray) -> list[np.ndarray]:
        """For each checkpoint the sums (R, ...) float64 over images that occur ``times`` (R, I)."""
        pooled, weights = np.empty((len(times), len(self._small) + len(self._large))), times.astype(np.float64)
        pooled[:, self._large] = weights @ self._double
        single = times.astype(np.float32) @ self._single
        pooled[:, self._small] = single
        rounded = (single >= _SINGLE).any(0)
        if rounded.any():
            pooled[:, self._small[rounded]] = weights @ self._single[:, rounded].astype(np.float64)
        return [pooled[:, place].reshape(-1, *shape) for place, shape in zip(self._places, self._shapes, strict=True)]


class SparsePool:
    """As :class:`Pool`, of sparse matrices."""

    def __init__(self, checkpoints: Sequence[Any]) -> None:
        self._checkpoints = checkpoints

    def sums(self, times: np.ndarray) -> list[np.ndarray]:
        """For each checkpoint the sums (R, S) float64 over images that occur ``times`` (R, I)."""
        return [np.asarray(times.astype(np.float64) @ statistics) for statistics in self._checkpoints]


def pool(checkpoints: Sequence[PerImage]) -> Pool | SparsePool:
    """The checkpoints' statistics, all arrays or all sparse."""
    return Pool(checkpoints) if isinstance(checkpoints[0], np.ndarray) else SparsePool(checkpoints)
