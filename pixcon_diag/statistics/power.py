"""Power of t-tests on a difference between two groups of runs, and the uncertainty of a standard deviation.

The runs of a group are independent and normal. Effects and standard deviations have one unit, which may be any. The
tests are two-sided. Noncentral t: Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), chapter 2.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy.special import gammaincinv, nctdtr, ndtri, stdtrit

from pixcon_diag.statistics.intervals import Interval
from pixcon_diag.statistics.spread import NAN
from pixcon_train.core.errors import ConfigError

ALPHA = 0.05
POWER = 0.8
MOST_SEEDS = 100_000
"""Above this number an effect counts as out of reach."""


def paired_power(effect: float, sd: float, seeds: int, alpha: float = ALPHA) -> float:
    """Probability that a paired t-test finds a mean difference of ``effect``; NaN below two pairs.

    Args:
        effect: true mean of the paired differences.
        sd: their standard deviation; √2 times that of a run for independent runs, less for correlated pairs.
        seeds: number of pairs.
        alpha: level of the two-sided test.

    Example:
        >>> round(paired_power(1.0, 0.5, 5), 2)
        0.91
    """
    _require_positive(sd)
    return _power(math.sqrt(seeds) * effect / sd, seeds - 1, alpha)


def welch_power(effect: float, sds: tuple[float, float], seeds: int, alpha: float = ALPHA) -> float:
    """As :func:`paired_power` for Welch's test of two independent groups of ``seeds`` runs each.

    The degrees of freedom follow from the true standard deviations ``sds`` (Satterthwaite); those that a test estimates
    from few runs vary around them.
    """
    first, second = (sd**2 / seeds for sd in sds)
    _require_positive(first + second)
    freedom = (first + second) ** 2 * (seeds - 1) / (first**2 + second**2)
    return _power(effect / math.sqrt(first + second), freedom, alpha)


def _power(noncentrality: float, freedom: float, alpha: float) -> float:
    if freedom <= 0:
        return NAN
    critical, shift = stdtrit(freedom, 1 - alpha / 2), abs(noncentrality)
    # SciPy may give NaN where the probability of the wrong sign underflows.
    return float(min(1.0, 1 - nctdtr(freedom, shift, critical) + np.nan_to_num(nctdtr(freedom, shift, -critical))))


def seeds_needed(effect: float, sd: float, *, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """Pairs of seeds with which a paired t-test finds ``effect`` with probability ``power``; None above 100,000.

    Example:
        >>> [seeds_needed(effect, 0.5) for effect in (0.2, 0.5, 1.0)]
        [52, 10, 5]
    """
    return _smallest(lambda seeds: paired_power(effect, sd, seeds, alpha) >= power)


def welch_seeds_needed(
    effect: float, sds: tuple[float, float], *, alpha: float = ALPHA, power: float = POWER
) -> int | None:
    """As :func:`seeds_needed` for Welch's test of independent groups: runs of each.

    Example:
        >>> welch_seeds_needed(0.89, (0.73, 0.26))
        8
    """
    return _smallest(lambda seeds: welch_power(effect, sds, seeds, alpha) >= power)


def _smallest(enough: Callable[[int], bool]) -> int | None:
    """The smallest number of seeds, at least 2, from which on there are enough."""
    high = 2
    while not enough(high):
        if high > MOST_SEEDS:
            return None
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return max(high, 2)


def detectable(sd: float, seeds: int, *, alpha: float = ALPHA, power: float = POWER) -> float:
    """Difference that a paired t-test of ``seeds`` pairs finds with probability ``power``; NaN below two pairs.

    Example:
        >>> [round(detectable(0.5, seeds), 2) for seeds in (3, 5, 6, 10)]
        [1.63, 0.84, 0.72, 0.5]
    """
    if seeds < 2 or math.isnan(sd):
        return NAN
    return _noncentrality(seeds, alpha, power) * sd / math.sqrt(seeds)


@cache
def _noncentrality(seeds: int, alpha: float, power: float) -> float:
    """Difference in standard errors that a paired t-test of ``seeds`` pairs finds with probability ``power``.

    By bisection to the last digits.
    """
    # Above `high` the estimated error is too large with a probability of less than 1 − power.
    low, high = 0.0, stdtrit(seeds - 1, 1 - alpha / 2) * _error_ratio((1 + power) / 2, seeds - 1) + 10
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _power(middle, seeds - 1, alpha) >= power else (middle, high)
    return float(high)


def detectable_with_images(
    half_width: float, *, level: float = 0.95, alpha: float = ALPHA, power: float = POWER
) -> float:
    """Difference that the images of an interval find with probability ``power``.

    Args:
        half_width: half the width of the paired difference's interval over images, taken as normal.
        level: coverage of that interval.

    Example:
        >>> round(detectable_with_images(1.0), 2)
        1.43
    """
    error = half_width / ndtri(0.5 + level / 2)
    return float(error * (ndtri(1 - alpha / 2) + ndtri(power)))


def images_needed(effect: float, images: int, half_width: float) -> int | None:
    """Images that find ``effect`` with a probability of 0.8, as an interval's width falls with their square root.

    Args:
        effect: true difference.
        images: number of images of the interval.
        half_width: half the width of its 95 % interval; NaN and 0 give None, as nothing is known about the variation.
    """
    if not half_width > 0:
        return None
    return math.ceil(images * (detectable_with_images(half_width) / effect) ** 2)


def pooled_sd(groups: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Standard deviation within groups, and its degrees of freedom; NaN and 0 if no group has two values."""
    used = [np.asarray(group, dtype=np.float64) for group in groups if len(group) > 1]
    freedom = sum(len(group) - 1 for group in used)
    if not freedom:
        return NAN, 0
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in used)
    return math.sqrt(squares / freedom), freedom


def sd_interval(sd: float, freedom: float, level: float = 0.95) -> Interval:
    """χ² interval of a standard deviation estimated with ``freedom`` degrees of freedom; NaN without any.

    Example:
        >>> interval = sd_interval(0.35, 26)
        >>> round(interval.low, 2), round(interval.high, 2)
        (0.28, 0.48)
    """
    if freedom <= 0 or math.isnan(sd):
        return Interval(NAN, NAN, level)
    low, high = (sd / _error_ratio(0.5 + sign * level / 2, freedom) for sign in (1, -1))
    return Interval(low, high, level)


def _error_ratio(probability: float, freedom: float) -> float:
    """Quantile of the estimated divided by the true standard deviation, from the χ² distribution."""
    return math.sqrt(2 * gammaincinv(freedom / 2, probability) / freedom)


def correlation_interval(correlation: float, pairs: int, level: float = 0.95) -> Interval:
    """Fisher's interval of a correlation of ``pairs`` normal pairs; NaN for fewer than four, which bound nothing."""
    if pairs < 4 or not abs(correlation) < 1:
        return Interval(NAN, NAN, level)
    half = ndtri(0.5 + level / 2) / math.sqrt(pairs - 3)
    center = math.atanh(correlation)
    return Interval(math.tanh(center - half), math.tanh(center + half), level)


def _require_positive(sd: float) -> None:
    if not sd > 0:
        raise ConfigError(f"Power needs a standard deviation above 0, got {sd:g}. Give --sd, or runs that differ.")
