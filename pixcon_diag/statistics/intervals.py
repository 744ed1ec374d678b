"""Confidence intervals of rates pooled over images; the images are the independent units, not their pixels.

Pixels of an image depend on each other, so an interval that takes them as independent is far too narrow. The variance
is that of the pooled rate when one image is left out (Efron and Tibshirani 1993, chapter 11), on the logit scale, which
keeps a small rate's interval inside [0, 1]; the quantile is Student's t with the effective number of images as degrees
of freedom, as a few images often hold most of the errors. ``benchmarks/interval_coverage.py`` measures the coverage.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # imports its special functions on first use, which takes as long as NumPy

from pixcon_diag.statistics.spread import NAN, quotient, quotients, sample_std

Statistic = Callable[[np.ndarray], np.ndarray]
"""From counts pooled over images, (R, ...) float64, to a value in [0, 1] for each of the R rows, NaN where it is
undefined."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval; NaN bounds where the quantity is undefined."""

    low: float
    high: float
    level: float
    """Coverage aimed at, in (0, 1)."""

    def contains(self, value: float) -> bool:
        """Whether ``value`` is in the interval, the bounds included."""
        return self.low <= value <= self.high

    def complement(self) -> "Interval":
        """The interval of 1 − the quantity."""
        return Interval(1 - self.high, 1 - self.low, self.level)


def half_width(values: Sequence[float], level: float = 0.95) -> float:
    """Half the width of Student's t interval of a mean of independent values; NaN for fewer than two."""
    if len(values) < 2:
        return NAN
    quantile = float(scipy.special.stdtrit(len(values) - 1, 0.5 + level / 2))
    return quantile * sample_std(values) / math.sqrt(len(values))


def ratio_interval(part: np.ndarray, whole: np.ndarray, level: float = 0.95) -> Interval:
    """Interval of Σ part / Σ whole over images, for example of ρ_F from the wrong and all retained pixels.

    Args:
        part: (I,) counts of each image, 0 <= part <= whole.
        whole: (I,) counts of each image; an image with 0 adds nothing.
        level: coverage.

    Returns:
        NaN bounds where ``whole`` sums to 0. A rate of 0 or 1 has the exact binomial bound of as many images as are
        effective by size, (Σ whole)² / Σ whole², as no image shows how the rate varies; [0, 1] where a single image
        has a count.

    Raises:
        ValueError: a level outside (0, 1), or arrays of different shapes.

    Example:
        >>> interval = ratio_interval(np.array([3, 0, 1, 2]), np.array([100, 80, 90, 100]))
        >>> round(interval.low, 3), round(interval.high, 3)
        (0.004, 0.064)
    """
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    if part.shape != whole.shape or part.ndim != 1:
        raise ValueError(f"Expected two arrays of one count per image, got shapes {part.shape} and {whole.shape}.")
    counts = np.stack((part, whole), 1)
    return pooled_interval(counts, lambda sums: quotients(sums[..., 0], sums[..., 1]), level, whole)


def pooled_interval(
    per_image: np.ndarray, statistic: Statistic, level: float = 0.95, sizes: np.ndarray | None = None
) -> Interval:
    """Interval of a smooth function, a fraction, of counts that add up over images.

    Args:
        per_image: (I, ...) counts of each image.
        statistic: the fraction of the pooled counts.
        level: coverage.
        sizes: (I,) weight of each image in the statistic, used where it is 0 or 1; None: equal weights for the images
            with any count.

    Returns:
        As :func:`ratio_interval`; NaN bounds where the statistic of all images is undefined.

    Raises:
        ValueError: a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"Expected a level between 0 and 1, got {level}.")
    counts = np.asarray(per_image, dtype=np.float64)
    total = counts.sum(0)
    estimate = float(statistic(total[None])[0])
    if np.isnan(estimate):
        return Interval(NAN, NAN, level)
    if not 0 < estimate < 1:
        present = np.asarray(counts.reshape(len(counts), -1).any(1)) if sizes is None else sizes
        return _at_boundary(estimate, effective_number(present), level)
    left_out = statistic(total - counts)  # (I,): each image left out once
    if np.isnan(left_out).any():
        return Interval(0.0, 1.0, level)
    parts = (len(counts) - 1) / len(counts) * (left_out - left_out.mean()) ** 2
    return jackknife_interval(estimate, parts, len(counts), level)


def jackknife_interval(estimate: float, parts: np.ndarray, images: float, level: float = 0.95) -> Interval:
    """Interval of a rate from the variance that each image contributes.

    Args:
        estimate: the rate.
        parts: (I,) non-negative contributions of the images to its variance.
        images: effective number of images, which bounds a rate of 0 or 1 as in :func:`ratio_interval`.
        level: coverage.

    Returns:
        NaN bounds where the rate is NaN.
    """
    if np.isnan(estimate):
        return Interval(NAN, NAN, level)
    if not 0 < estimate < 1:
        return _at_boundary(estimate, images, level)
    if not parts.any():  # all images give the same rate
        return Interval(estimate, estimate, level) if images > 1 else Interval(0.0, 1.0, level)
    error = np.sqrt(parts.sum()) / (estimate * (1 - estimate))
    reach = scipy.special.stdtrit(effective_number(parts), 0.5 + level / 2) * error
    center = scipy.special.logit(estimate)
    return Interval(float(scipy.special.expit(center - reach)), float(scipy.special.expit(center + reach)), level)


def effective_number(weights: np.ndarray) -> float:
    """(Σw)² / Σw² of non-negative weights (Kish 1965): their number if all are equal, 1 if a single one is not 0; NaN
    where all are 0."""
    weights = np.asarray(weights, dtype=np.float64)
    return quotient(float(weights.sum()) ** 2, float((weights**2).sum()))


def _at_boundary(estimate: float, images: float, level: float) -> Interval:
    """Clopper and Pearson's interval of a rate of 0 or 1 in ``images`` independent trials."""
    reach = float(-np.expm1(np.log1p(-0.5 - level / 2) / images))
    return Interval(0.0, reach, level) if estimate <= 0 else Interval(1 - reach, 1.0, level)


@dataclass(frozen=True)
class Clustering:
    """How strongly the outcomes of pixels in an image depend on each other."""

    images: int
    """Images with a pixel."""
    pixels: int
    icc: float
    """Intraclass correlation of a pixel's outcome within images, in [0, 1]; 1 where every image has one outcome."""
    design_effect: float
    """1 + (m − 1)·ICC: factor of the variance of the rate against independent pixels; m = Σn² / Σn."""
    effective_pixels: float
    """Independent pixels that would give as much information: pixels / design effect."""


def clustering(part: np.ndarray, whole: np.ndarray) -> Clustering:
    """Design effect of a rate Σ part / Σ whole over images (Kish 1965), with the ICC by analysis of variance.

    The ICC is (MSB − MSW) / (MSB + (n₀ − 1)·MSW) with n₀ = (Σn − Σn²/Σn) / (I − 1) (Donner and Koval 1980), and a
    negative estimate counts as 0.

    Args:
        part: (I,) counts of each image, 0 <= part <= whole.
        whole: (I,) pixels of each image.

    Returns:
        NaN where fewer than two images have a pixel, or all pixels have one outcome.
    """
    n = np.asarray(whole, dtype=np.float64)
    hits = np.asarray(part, dtype=np.float64)[n > 0]
    n = n[n > 0]
    total, images = float(n.sum()), len(n)
    if images < 2 or total <= images or not 0 < hits.sum() < total:
        return Clustering(images, int(total), NAN, NAN, NAN)
    rate, rates = hits.sum() / total, hits / n
    between = float((n * (rates - rate) ** 2).sum()) / (images - 1)
    within = float((n * rates * (1 - rates)).sum()) / (total - images)
    weighted = float((n**2).sum()) / total
    size = (total - weighted) / (images - 1)
    icc = max(0.0, (between - within) / (between + (size - 1) * within))
    effect = 1 + (weighted - 1) * icc
    return Clustering(images, int(total), icc, effect, quotient(total, effect))
