"""The kinds of error in one image, after TIDE (Bolya et al., 2020): what each wrong pixel is part of.

The target and the prediction are cut into regions: connected pixels of one class (touching at a corner counts). A wrong
pixel lies in one region of each, R of the target and P of the prediction. R is *found* if at least a tenth of its valid
pixels are predicted right, and P is *true* if at least a tenth of its valid pixels are right (a tenth: TIDE's t_b):

=============  ==============================  ====================================
\\              P is true                       P is not true
=============  ==============================  ====================================
R is found     ``boundary`` or ``extent``      ``hallucinated``: P is an invention
R isn't found  ``missed``: R is swallowed      ``confusion``: R is predicted as P
=============  ==============================  ====================================

In the first cell both regions are recognised and only the border between them is misplaced: ``boundary`` if the target
has the predicted class within ``width`` pixels (chessboard distance), else ``extent``. So each wrong pixel is of
exactly one category, and a thin object that is missed altogether is not called a boundary error.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # not `from scipy import ndimage`: SciPy imports it on first use

from pixcon_diag.measures.error_regions import NEIGHBOURS
from pixcon_train.core.errors import ConfigError

CATEGORIES = ("boundary", "extent", "confusion", "missed", "hallucinated")
"""In the order in which they are corrected."""
BOUNDARY, EXTENT, CONFUSION, MISSED, HALLUCINATED = range(len(CATEGORIES))
WIDTH = 5
"""Default width of the boundary zone in pixels."""
FOUND = 0.1
"""Least share of right pixels of a region that counts as recognised."""


@dataclass(frozen=True)
class ImageErrors:
    """Counts of one image."""

    statistics: np.ndarray
    """(3, K) int64: true positives, predicted and true valid pixels per class."""
    inner: np.ndarray
    """(3, K) int64: the same, of the pixels farther than the width from any target boundary."""
    wrong: np.ndarray
    """(N, 4) int64: category, target, predicted class, and how many wrong pixels are such; N > 0 rows ascending."""


def image_errors(
    prediction: np.ndarray, target: np.ndarray, *, num_classes: int, void: int, width: int = WIDTH
) -> ImageErrors:
    """The wrong pixels of one image by category and pair of classes.

    For the distance to a boundary a void pixel has the label of the nearest valid pixel, as void often lies exactly on
    the boundaries. Void pixels are never counted.

    Args:
        prediction: (H, W), classes below ``num_classes``.
        target: (H, W), classes and ``void``.
        width: of the boundary zone, in pixels.

    Raises:
        ValueError: shapes differ, or are not (H, W).
        ConfigError: a width below 1.

    Example:
        >>> target = np.zeros((8, 8), dtype=np.uint8)
        >>> target[:, 4:] = 1
        >>> prediction = target.copy()
        >>> prediction[:, 3] = 1
        >>> image_errors(prediction, target, num_classes=2, void=255).wrong.tolist()
        [[0, 0, 1, 8]]
    """
    if prediction.shape != target.shape or target.ndim != 2:
        raise ValueError(f"Expected two maps of one shape (H, W), got {prediction.shape}, {target.shape}.")
    if width < 1:
        raise ConfigError(f"Expected a boundary zone of at least 1 pixel, got {width}. The usual widths are 1 to 5.")
    valid = target != void
    if not valid.any():
        empty = np.zeros((3, num_classes), dtype=np.int64)
        return ImageErrors(empty, empty, np.zeros((0, 4), dtype=np.int64))
    labels = _filled(target, valid)
    inner = valid & ~_near_boundary(labels, width)
    return ImageErrors(
        statistics=_statistics(prediction[valid], target[valid], num_classes),
        inner=_statistics(prediction[inner], target[inner], num_classes),
        wrong=_rows(_categories(prediction, target, labels, valid, width), prediction, target),
    )


def _categories(
    prediction: np.ndarray, target: np.ndarray, labels: np.ndarray, valid: np.ndarray, width: int
) -> np.ndarray:
    """The category of every wrong valid pixel (H, W) int8, −1 elsewhere; ``labels`` is the target without void."""
    right = valid & (prediction == target)
    wrong = valid & ~right
    found, true = (_recognised(maps, right, valid) for maps in (target, prediction))
    categories = np.full(target.shape, -1, dtype=np.int8)
    categories[wrong & found & true] = EXTENT
    categories[wrong & found & ~true] = HALLUCINATED
    categories[wrong & ~found & true] = MISSED
    categories[wrong & ~found & ~true] = CONFUSION
    moved = categories == EXTENT
    for label in np.unique(prediction[moved]):
        within = scipy.ndimage.maximum_filter((labels == label).view(np.uint8), 2 * width + 1, mode="constant")
        categories[moved & (prediction == label) & (within > 0)] = BOUNDARY
    return categories


def _recognised(maps: np.ndarray, right: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Whether the region of each pixel has at least :data:`FOUND` of its valid pixels right, (H, W) bool."""
    numbers = regions(maps)
    count = int(numbers.max()) + 1
    hits, sizes = (np.bincount(numbers[pixels], minlength=count) for pixels in (right, valid))
    recognised: np.ndarray = (hits >= FOUND * sizes)[numbers]
    return recognised


def regions(labels: np.ndarray) -> np.ndarray:
    """Number of the region of each pixel, (H, W) int32 from 0: connected pixels of equal label.

    Args:
        labels: (H, W) integers, void being a label like any other.
    """
    numbers = np.zeros(labels.shape, dtype=np.int32)
    count = 0
    for label, place in enumerate(scipy.ndimage.find_objects(labels.astype(np.int32) + 1)):
        if place is None:
            continue
        part, found = scipy.ndimage.label(labels[place] == label, NEIGHBOURS)
        numbers[place] += np.where(part > 0, part + (count - 1), 0)
        count += found
    return numbers


def _filled(target: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The target with every void pixel replaced by the nearest (Euclidean) valid one."""
    if valid.all():
        return target
    rows, columns = scipy.ndimage.distance_transform_edt(~valid, return_distances=False, return_indices=True)
    filled: np.ndarray = target[rows, columns]
    return filled


def _near_boundary(labels: np.ndarray, width: int) -> np.ndarray:
    """Whether another label lies within ``width`` pixels, (H, W) bool; the image's border is no boundary."""
    size = 2 * width + 1
    near: np.ndarray = scipy.ndimage.maximum_filter(labels, size, mode="nearest") != scipy.ndimage.minimum_filter(
        labels, size, mode="nearest"
    )
    return near


def _statistics(prediction: np.ndarray, target: np.ndarray, num_classes: int) -> np.ndarray:
    """True positives, predicted and true pixels per class, (3, K) int64, of some valid pixels (n,)."""
    counted = (target[prediction == target], prediction, target)
    return np.stack([np.bincount(classes, minlength=num_classes) for classes in counted]).astype(np.int64)


def _rows(categories: np.ndarray, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Category, target, predicted class and pixels, (N, 4) int64."""
    wrong = categories >= 0
    cells = (categories[wrong].astype(np.int64) << 32) | (target[wrong].astype(np.int64) << 16) | prediction[wrong]
    keys, pixels = np.unique(cells, return_counts=True)
    return np.stack((keys >> 32, (keys >> 16) & 0xFFFF, keys & 0xFFFF, pixels), 1).astype(np.int64)
