"""Where two predictions disagree: the only pixels that can change the difference of their accuracies.

A draw is a pixel, uniform among all pixels on which the predictions disagree, together with its component: the
connected region in which both predictions are the same pair of classes. Components are therefore drawn with probability
proportional to size, with replacement. The score of a draw is the share of the component on which the second prediction
is right, minus that on which the first one is; the difference of accuracies is the mean score times the share of
disagreeing pixels (Hansen & Hurwitz 1943). At the drawn pixel alone the score has the same mean.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy  # not `from scipy import ndimage`: SciPy imports it on first use

from pixcon_diag.measures.error_regions import NEIGHBOURS
from pixcon_diag.statistics.spread import quotient


@dataclass(frozen=True)
class Disagreement:
    """Disagreeing pixels of a list of images."""

    disagreeing: np.ndarray
    """(I,) int64: pixels of each image on which the predictions disagree."""
    pixels: np.ndarray
    """(I,) int64: pixels of each image."""
    pairs: np.ndarray
    """(K, K) int64: disagreeing pixels by class of the first and of the second prediction."""

    @property
    def share(self) -> float:
        """Disagreeing pixels as a share of all, the largest possible difference of accuracies; NaN without a pixel."""
        return quotient(self.disagreeing.sum(), self.pixels.sum())


def disagreement(maps: Iterable[tuple[np.ndarray, np.ndarray]], num_classes: int) -> Disagreement:
    """Count the disagreeing pixels of pairs of label maps.

    Args:
        maps: of each image both predictions, (H, W) class indices below ``num_classes``.

    Raises:
        ValueError: the predictions of an image differ in shape.
    """
    disagreeing, pixels = [], []
    pairs = np.zeros((num_classes, num_classes), dtype=np.int64)
    for first, second in maps:
        if first.shape != second.shape:
            raise ValueError(f"Expected two maps of one shape, got {first.shape} and {second.shape}.")
        differ = first != second
        codes = first[differ].astype(np.int64) * num_classes + second[differ]
        pairs += np.bincount(codes, minlength=num_classes**2).reshape(pairs.shape)
        disagreeing.append(len(codes))
        pixels.append(first.size)
    return Disagreement(np.array(disagreeing, np.int64), np.array(pixels, np.int64), pairs)


@dataclass(frozen=True)
class Component:
    """The component of a drawn pixel."""

    row: int
    """Of the drawn pixel."""
    column: int
    region: np.ndarray
    """(H, W) bool."""
    first: int
    """Class that the first prediction gives it."""
    second: int

    @property
    def size(self) -> int:
        """Number of pixels."""
        return int(self.region.sum())

    @property
    def start(self) -> int:
        """Its first pixel in reading order, which identifies it in its image."""
        return int(self.region.argmax())


def component_at(first: np.ndarray, second: np.ndarray, place: int) -> Component:
    """The component of the disagreeing pixel number ``place`` of an image, in reading order from 0.

    Args:
        first: (H, W) class indices.
        second: (H, W) class indices.
    """
    row, column = np.unravel_index(np.flatnonzero(first != second)[place], first.shape)
    classes = first[row, column], second[row, column]
    labels, _ = scipy.ndimage.label((first == classes[0]) & (second == classes[1]), NEIGHBOURS)
    return Component(int(row), int(column), labels == labels[row, column], int(classes[0]), int(classes[1]))


def largest_pairs(pairs: np.ndarray, count: int) -> Iterator[tuple[int, int, int]]:
    """The ``count`` largest entries above 0 of (K, K) ``pairs``: first class, second class, pixels."""
    for place in np.argsort(-pairs, axis=None, kind="stable")[:count]:
        first, second = np.unravel_index(place, pairs.shape)
        if pairs[first, second]:
            yield int(first), int(second), int(pairs[first, second])
