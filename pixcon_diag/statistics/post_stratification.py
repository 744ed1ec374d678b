"""Post-stratified error rates: the error in strata, known on some images, carried over to images where it is not.

A stratum is a class, a bin of confidence and a zone. Within a stratum the error is taken to be the same in both sets of
images (Holt and Smith 1979).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from pixcon_diag.statistics.intervals import Interval, jackknife_interval
from pixcon_diag.statistics.spread import quotients

_AT_ONCE = 2**15
"""Strata of the images left out at once, which bounds memory."""
_LEAST, _MOST = 1.0, 1000.0
"""Bounds of κ."""


@dataclass(frozen=True)
class Strata:
    """Pixels of every image by stratum; the columns unroll (K, B, Z): class, bin of confidence, zone."""

    known: "scipy.sparse.csr_matrix"
    """(I, K·B·Z) pixels whose outcome is known."""
    wrong: "scipy.sparse.csr_matrix"
    """(I, K·B·Z) the wrong ones among them."""
    unknown: "scipy.sparse.csr_matrix"
    """(I, K·B·Z) the other pixels: their ground truth is void, or missing."""
    shape: tuple[int, int, int]
    """K, B and Z."""

    def __len__(self) -> int:
        return int(self.known.shape[0])

    def pixels(self) -> np.ndarray:
        """(K·B·Z,) float64, all pixels of each stratum."""
        return np.asarray((self.known + self.unknown).sum(0), dtype=np.float64).ravel()

    def sizes(self, starts: Sequence[int]) -> np.ndarray:
        """(I, T, 1 + K) float64: pixels of each image from each of the bins on, of all classes and of each class."""
        return self._by_class(self.known + self.unknown, starts)

    def known_sizes(self, starts: Sequence[int]) -> np.ndarray:
        """As :meth:`sizes`, of known pixels."""
        return self._by_class(self.known, starts)

    def wrong_sizes(self, starts: Sequence[int]) -> np.ndarray:
        """As :meth:`sizes`, of wrong pixels."""
        return self._by_class(self.wrong, starts)

    def _by_class(self, counts: "scipy.sparse.csr_matrix", starts: Sequence[int]) -> np.ndarray:
        classes, bins, _ = np.indices(self.shape).reshape(3, -1)
        columns = [
            counts
            @ scipy.sparse.csr_matrix(
                ((bins >= start) * 1.0, (np.arange(len(bins)), classes)), (len(bins), self.shape[0])
            )
            for start in starts
        ]
        return with_total(np.stack([np.asarray(matrix.todense()) for matrix in columns], 1))

    def moments(self, images: slice) -> tuple[np.ndarray, np.ndarray]:
        """Sufficient statistics of some images for the rate of wrong among known pixels, and of known among all: two
        (i, 5, K·B·Z) arrays, which add up over images."""
        known, wrong, unknown = (matrix[images].toarray() for matrix in (self.known, self.wrong, self.unknown))
        return _moments(known, wrong), _moments(known + unknown, known)


@dataclass(frozen=True)
class PostStratified:
    """Estimated error rates: a row per first bin; column 0 is of all classes, column 1 + k of class k."""

    rate: np.ndarray
    """(T, 1 + K), NaN where the images have no pixel."""
    intervals: tuple[tuple[Interval, ...], ...]
    """Of each rate."""
    margin_images: float
    """κ: the number of images that the margin of a stratum counts for."""


def post_stratified(calibration: Strata, target: Strata, starts: Sequence[int], level: float = 0.95) -> PostStratified:
    """Error rate of the pixels of ``target`` in the bins from each of ``starts`` on, by the strata of ``calibration``.

    The rate is Σ n·v·e / Σ n·v over strata: n are the pixels of ``target``, v the share of pixels with a ground truth
    (the others are void, which cannot be told without a mask), e the error. v and e are rates of ``calibration``, each
    shrunk to its margin, the rate of all classes in the same bin and zone: (m·rate + κ·margin) / (m + κ). m is the
    effective number of images in the stratum, (Σn)² / Σn²; κ is the variance of a rate between the images of a stratum
    divided by that between the classes of a bin and zone, by moments over all strata. So a stratum of few images counts
    little, however many pixels it has.

    The interval is for the error of the images of ``target`` themselves. Its variance has two parts for each image of
    ``calibration``: the change of the rate when it is left out and everything is estimated again; and its own deviation
    from the errors that the other images give, by as much as each image of ``target`` deviates from them. The latter is
    what the images of ``target`` add, which a bootstrap of their counts does not show.

    Args:
        calibration: images with ground truth.
        target: other images; their outcomes are not used.
        starts: first bins.
        level: coverage.
    """
    images, pixels = len(calibration), target.pixels()
    step = max(1, _AT_ONCE // len(pixels))
    blocks = [slice(start, start + step) for start in range(0, images, step)]
    total = tuple(
        np.sum([parts.sum(0) for parts in column], 0)[None]
        for column in zip(*(calibration.moments(block) for block in blocks), strict=True)
    )
    rate, _, margin_images = rates_of(total, pixels, calibration.shape, starts)
    left_out, deviations = [], []
    for block in blocks:
        rest = tuple(whole - own for whole, own in zip(total, calibration.moments(block), strict=True))
        rates, errors, _ = rates_of(rest, pixels, calibration.shape, starts)
        left_out.append(rates)
        deviations.append(_deviations(calibration, block, errors, starts))
    variance = _jackknife(np.concatenate(left_out)) + _spread_of_target(
        np.concatenate(deviations), calibration.known_sizes(starts), target.sizes(starts)
    )
    images_of = np.minimum(_effective(calibration.known_sizes(starts)), _effective(target.sizes(starts)))
    intervals = tuple(
        tuple(
            _interval(rate[0, row, column], variance[:, row, column], images_of[row, column], level)
            for column in range(rate.shape[2])
        )
        for row in range(len(starts))
    )
    return PostStratified(rate[0], intervals, float(margin_images[0]))


def _interval(rate: float, variance: np.ndarray, images: float, level: float) -> Interval:
    """The interval of a rate; [0, 1] for a class of which no image of the calibration has a pixel there."""
    if np.isfinite(rate) and not np.isfinite(variance).all():
        return Interval(0.0, 1.0, level)
    return jackknife_interval(rate, variance, images, level)


def with_total(classes: np.ndarray) -> np.ndarray:
    """(..., K) to (..., 1 + K): the sum over classes before them."""
    return np.concatenate((classes.sum(-1, keepdims=True), classes), -1)


def _moments(whole: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(i, 5, C) float64: whole, part, whole², whole·part and part²."""
    whole, part = whole.astype(np.float64), part.astype(np.float64)
    return np.stack((whole, part, whole**2, whole * part, part**2), 1)


def _shrunk(moments: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rates (R, K, B·Z) of pooled moments (R, 5, C), shrunk to their margins, and κ (R,)."""
    whole, part, squares, products, parts = np.moveaxis(moments.reshape(len(moments), 5, shape[0], -1), 1, 0)
    margin = quotients(part.sum(1, keepdims=True), whole.sum(1, keepdims=True))
    overall = quotients(part.sum((1, 2), keepdims=True), whole.sum((1, 2), keepdims=True))
    margin = np.where(np.isnan(margin), overall, margin)
    rate = np.where(whole > 0, quotients(part, whole), margin)
    images = np.nan_to_num(quotients(whole**2, squares))
    scale = images * margin * (1 - margin) * (images >= 2)
    residual = np.maximum(parts - 2 * rate * products + rate**2 * squares, 0)
    within = np.nan_to_num(quotients(residual, whole**2)) * np.where(images >= 2, quotients(images, images - 1), 0)
    between = (rate - margin) ** 2 * (images >= 2) - within
    image_variance = quotients((images**2 * within).sum((1, 2)), scale.sum((1, 2)))
    class_variance = quotients((images * between).sum((1, 2)), scale.sum((1, 2)))
    ratio = quotients(image_variance, np.maximum(class_variance, image_variance / _MOST))
    prior = np.clip(np.nan_to_num(ratio, nan=_LEAST), _LEAST, _MOST)
    weight = quotients(images, images + prior[:, None, None])
    return weight * rate + (1 - weight) * margin, prior


def rates_of(
    moments: Sequence[np.ndarray], pixels: np.ndarray, shape: tuple[int, int, int], starts: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates of some pixels for each of R sets of calibration images.

    Args:
        moments: :meth:`Strata.moments` summed over the images of each set, two (R, 5, C).
        pixels: (C,), or (R, C) for other pixels in each set.
        shape: K, B and Z.
        starts: first bins.

    Returns:
        The rates (R, T, 1 + K), the error of each stratum (R, C) and κ (R,).
    """
    error, prior = _shrunk(moments[0], shape)
    share, _ = _shrunk(moments[1], shape)
    weights = pixels.reshape(-1, shape[0], shape[1] * shape[2]) * np.nan_to_num(share, nan=1.0)
    sums = [_from_bins(counts.reshape(-1, *shape), starts) for counts in (weights * error, weights)]
    return quotients(*sums), error.reshape(len(error), -1), prior


def _from_bins(counts: np.ndarray, starts: Sequence[int]) -> np.ndarray:
    """(R, K, B, Z) to (R, T, 1 + K): sums over zones and the bins from each of ``starts`` on."""
    cumulative = np.flip(np.flip(counts.sum(-1), -1).cumsum(-1), -1)
    return with_total(np.moveaxis(cumulative[..., list(starts)], -1, 1))


def _deviations(calibration: Strata, block: slice, errors: np.ndarray, starts: Sequence[int]) -> np.ndarray:
    """(i, T, 1 + K): wrong pixels of each image beyond those that the errors (i, C) of its strata give."""
    known, wrong = calibration.known[block].toarray(), calibration.wrong[block].toarray()
    return _from_bins((wrong - known * np.nan_to_num(errors)).reshape(-1, *calibration.shape), starts)


def _jackknife(left_out: np.ndarray) -> np.ndarray:
    """Part of each image (I, ...) in the jackknife variance of a rate (Efron and Tibshirani 1993, chapter 11)."""
    images = len(left_out)
    parts: np.ndarray = (images - 1) / images * (left_out - left_out.mean(0)) ** 2
    return parts


def _spread_of_target(deviations: np.ndarray, known: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Part of each calibration image (I, T, 1 + K) in the variance of the target's rate for given errors of strata.

    The variance of an image's deviation is taken as proportional to its squared pixels.
    """
    relative = quotients(deviations**2, (known**2).sum(0))
    parts: np.ndarray = relative * np.nan_to_num(quotients((target**2).sum(0), target.sum(0) ** 2))
    return parts


def _effective(sizes: np.ndarray) -> np.ndarray:
    """Effective number of images (I, ...) with these pixels, (Σn)² / Σn² (Kish 1965); 0 without a pixel."""
    numbers: np.ndarray = np.nan_to_num(quotients(sizes.sum(0) ** 2, (sizes**2).sum(0)))
    return numbers
