"""Confidence sequences: intervals for a mean that hold at every number of draws at once.

Testing by betting (Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024): if
the mean is m, the capital of a gambler who bets on X above or below m is a non-negative martingale that starts at 1, so
by Ville's inequality it ever reaches 1/α with probability at most α. The confidence sequence consists of the m at
which it has not.
"""

from dataclasses import dataclass

import numpy as np
import scipy

FRACTIONS = np.geomspace(0.02, 0.95, 12)
"""Shares of the capital that are bet each time. The capital is the mean over them, up and down: a mixture of
martingales, which needs no guess of the variance and does not depend on the order of the draws."""

_STEPS = 40
"""Bisections of an interval's end, to 1e-12 of the range."""


@dataclass(frozen=True)
class MeanSequence:
    """An interval for the mean after each draw, each contained in the one before."""

    low: np.ndarray
    """(n,) float64."""
    high: np.ndarray
    """(n,) float64."""
    level: float


def mean_sequence(values: np.ndarray, bounds: tuple[float, float] = (0.0, 1.0), level: float = 0.95) -> MeanSequence:
    """Confidence sequence for the mean of independent draws of one distribution on ``bounds``.

    All intervals together contain the mean with probability at least ``level``, whenever one stops, and whatever the
    decision to stop depends on.

    Args:
        values: (n,) draws in their order.
        bounds: smallest and largest possible value.
        level: in (0, 1).

    Returns:
        n intervals; none without a draw.

    Raises:
        ValueError: a value outside of ``bounds``, or a level outside of (0, 1).

    Example:
        >>> answers = np.array([1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
        >>> sequence = mean_sequence(answers)
        >>> bool(sequence.low[-1] > 0.5)
        True
    """
    scaled = _scaled(values, bounds, level)
    kinds, kind = np.unique(scaled, return_inverse=True)
    counts = np.cumsum(kind[:, None] == np.arange(len(kinds)), axis=0)  # (n, U): draws of each value so far
    # Ends of 1 − X mirrored are those of X: both ends are found as lower ones.
    low = np.maximum.accumulate(_lowest(kinds, counts, level))
    high = np.minimum.accumulate(1 - _lowest(1 - kinds, counts, level))
    low, high = _frozen(low, high)
    span = bounds[1] - bounds[0]
    return MeanSequence(bounds[0] + span * low, bounds[0] + span * high, level)


def log_capital(
    values: np.ndarray, mean: float, bounds: tuple[float, float] = (0.0, 1.0), level: float = 0.95
) -> np.ndarray:
    """Logarithm of the capital against ``mean`` after each draw; ``mean`` is rejected where it reaches log 1/(1−level).

    Args:
        values: (..., n) draws in their order, any number of runs at once.
        mean: strictly inside of ``bounds``.

    Returns:
        (..., n) float64.

    Raises:
        ValueError: as :func:`mean_sequence`, or a mean that is not inside of ``bounds``.
    """
    scaled = _scaled(values, bounds, level)
    at = (mean - bounds[0]) / (bounds[1] - bounds[0])
    if not 0 < at < 1:
        raise ValueError(f"Expected a mean inside of {bounds}, got {mean}.")
    capital = np.full(scaled.shape, -np.inf)
    for gain in (scaled / at - 1, (1 - scaled) / (1 - at) - 1):
        for fraction in FRACTIONS:  # added one by one: many long runs fit in memory
            np.logaddexp(capital, np.cumsum(np.log1p(fraction * gain), axis=-1), out=capital)
    capital -= np.log(2 * len(FRACTIONS))
    return capital


def _scaled(values: np.ndarray, bounds: tuple[float, float], level: float) -> np.ndarray:
    low, high = bounds
    if not 0 < level < 1:
        raise ValueError(f"Expected a level in (0, 1), got {level}.")
    scaled = (np.asarray(values, dtype=np.float64) - low) / (high - low)
    if scaled.size and not (scaled.min() >= 0 and scaled.max() <= 1):
        raise ValueError(f"Expected values in [{low}, {high}], got {np.min(values)} to {np.max(values)}.")
    return scaled


def _lowest(kinds: np.ndarray, counts: np.ndarray, level: float) -> np.ndarray:
    """The smallest mean not rejected after each draw, (n,), of values ``kinds`` (U,) drawn ``counts`` (n, U) times.

    The capital at m is a sum of products of a + b/m and a + b/(1 − m), so it is log-convex in m, and at the mean of the
    draws at most 1: the means that are not rejected form an interval around it, whose end bisection finds.
    """
    inside = counts @ kinds / counts.sum(1) if len(counts) else np.empty(0)
    outside = np.zeros_like(inside)
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        rejected = _capital_at(middle, kinds, counts) >= -np.log1p(-level)
        outside, inside = np.where(rejected, middle, outside), np.where(rejected, inside, middle)
    return outside


def _capital_at(mean: np.ndarray, kinds: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Logarithm of the capital against a mean for each number of draws, (n,)."""
    m = np.clip(mean, 1e-300, 1 - 1e-16)[:, None]
    totals = [
        (counts * np.log1p(fraction * (x / at - 1))).sum(1)
        for x, at in ((kinds, m), (1 - kinds, 1 - m))
        for fraction in FRACTIONS
    ]
    capital: np.ndarray = scipy.special.logsumexp(totals, axis=0) - np.log(len(totals))
    return capital


def _frozen(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The intervals up to the first empty one, which has probability below 1 − level; then the last that is not."""
    empty = np.flatnonzero(low > high)
    if not len(empty):
        return low, high
    last = np.minimum(np.arange(len(low)), empty[0] - 1)
    return low[last], high[last]
