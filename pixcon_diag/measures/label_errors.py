"""Regions in which a teacher contradicts the label with confidence: candidates for label errors.

A region is a connected set of valid pixels with one target class and one other predicted class. Two things speak for an
error of the label: the teacher is confident, and it predicts the class for this region alone, as an object that the
label calls something else. The score is the logarithm of odds(mean confidence) · coherence, where coherence is the
region's share of the connected region that is predicted as its class. Strips along boundaries, where labels are inexact
by their nature, are left out: a region must contain a square of 2 · depth − 1 pixels.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy  # not `from scipy import ndimage`: SciPy imports it on first use

from pixcon_diag.measures.error_regions import NEIGHBOURS

MIN_DEPTH = 3
"""Least depth of a region: a square of 5 × 5 pixels fits into it."""

_MOST = 1 - 1e-6
"""Confidence at which the odds are cut off, as saturated confidences differ in no meaningful digit."""


@dataclass(frozen=True)
class SuspectRegion:
    """A region that contradicts its label."""

    row: int
    """Of its deepest pixel."""
    column: int
    size: int
    """Pixels."""
    depth: int
    """Largest chessboard distance of its pixels to a pixel outside of it; 1 for a line."""
    target: int
    prediction: int
    confidence: float
    """Mean confidence of its pixels."""
    coherence: float
    """Its share of the connected region predicted as the class, in (0, 1]."""

    @property
    def score(self) -> float:
        """log(odds of the mean confidence · coherence)."""
        confidence = min(self.confidence, _MOST)
        return math.log(confidence / (1 - confidence) * self.coherence) if confidence else -math.inf


def suspect_regions(
    target: np.ndarray, prediction: np.ndarray, confidence: np.ndarray, *, void: int, min_depth: int = MIN_DEPTH
) -> list[SuspectRegion]:
    """The regions of an image in which the prediction contradicts the target, without strips; unordered.

    Args:
        target: (H, W) class indices and ``void``.
        prediction: (H, W) class indices.
        confidence: (H, W) largest softmax value, in [0, 1].

    Raises:
        ValueError: the shapes differ.
    """
    if not target.shape == prediction.shape == confidence.shape:
        raise ValueError(f"Expected maps of one shape, got {target.shape}, {prediction.shape}, {confidence.shape}.")
    wrong = (target != void) & (prediction != target)
    regions = equal_regions(target.astype(np.int64) * 2**16 + prediction, wrong)
    depths = _depths(regions)
    numbers = np.arange(1, regions.max() + 1)
    deepest = np.asarray(scipy.ndimage.maximum(depths, regions, numbers), dtype=np.int64).reshape(-1)
    numbers, deepest = numbers[deepest >= min_depth], deepest[deepest >= min_depth]
    if not len(numbers):
        return []
    sizes = np.bincount(regions.ravel())
    predicted = equal_regions(prediction, np.ones_like(wrong))
    areas = np.bincount(predicted.ravel())
    means = scipy.ndimage.mean(confidence, regions, numbers)
    places = scipy.ndimage.maximum_position(depths, regions, numbers)
    return [
        SuspectRegion(
            row=int(row),
            column=int(column),
            size=int(sizes[number]),
            depth=int(depth),
            target=int(target[row, column]),
            prediction=int(prediction[row, column]),
            confidence=float(mean),
            coherence=float(sizes[number] / areas[predicted[row, column]]),
        )
        for number, depth, mean, (row, column) in zip(numbers, deepest, means, places, strict=True)
    ]


def region_at(target: np.ndarray, prediction: np.ndarray, row: int, column: int) -> np.ndarray:
    """The connected pixels with the target and the predicted class of one pixel, (H, W) bool."""
    same = (target == target[row, column]) & (prediction == prediction[row, column])
    labels, _ = scipy.ndimage.label(same, NEIGHBOURS)
    found: np.ndarray = labels == labels[row, column]
    return found


def equal_regions(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Connected regions of equal values, corners included: (H, W) int64 numbers from 1, 0 outside of ``inside``.

    Args:
        values: (H, W) integers.
        inside: (H, W) bool.
    """
    index = np.arange(values.size).reshape(values.shape)
    ends = []
    for first, second in _NEIGHBOURING:
        same = inside[first] & inside[second] & (values[first] == values[second])
        ends.append(np.stack((index[first][same], index[second][same])))
    starts, stops = np.concatenate(ends, axis=1)
    graph = scipy.sparse.coo_matrix(
        (np.ones(len(starts), dtype=bool), (starts, stops)), shape=(values.size, values.size)
    )
    _, components = scipy.sparse.csgraph.connected_components(graph, directed=False)
    numbers = np.zeros(values.size, dtype=np.int64)
    flat = inside.ravel()
    numbers[flat] = np.unique(components[flat], return_inverse=True)[1] + 1
    return numbers.reshape(values.shape)


_ALL, _FIRST, _LAST = slice(None), slice(None, -1), slice(1, None)
_NEIGHBOURING = (
    ((_ALL, _FIRST), (_ALL, _LAST)),
    ((_FIRST, _ALL), (_LAST, _ALL)),
    ((_FIRST, _FIRST), (_LAST, _LAST)),
    ((_FIRST, _LAST), (_LAST, _FIRST)),
)
"""Pixels and their neighbours to the right, below and diagonally below."""


def _depths(regions: np.ndarray) -> np.ndarray:
    """Chessboard distance of each pixel to the nearest one of another region; the image's edge is none."""
    edge = scipy.ndimage.maximum_filter(regions, 3, mode="nearest") != scipy.ndimage.minimum_filter(
        regions, 3, mode="nearest"
    )
    if not edge.any():
        return np.full(regions.shape, max(regions.shape))
    distances: np.ndarray = scipy.ndimage.distance_transform_cdt(~edge, "chessboard") + 1
    return distances
