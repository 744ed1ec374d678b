"""The loosest threshold at which a pooled rate is promised to stay below a bound, with images as units.

Learn then Test (Angelopoulos et al., arXiv 2110.01052): thresholds are tested in a fixed sequence from strict to loose,
each at level δ, and the first that is not rejected ends the sequence, so that a threshold with too large a rate is
promised with probability at most δ. The test is by betting (Waudby-Smith and Ramdas, JRSS B 2024): the gain of an image
is α·whole − part, whose mean is positive if and only if the pooled rate is below α; a gambler who bets on it has a
capital that is a non-negative supermartingale where the rate is at least α, and so ever reaches 1/δ with probability at
most δ (Ville). A tenth of the images, at random, only choose where the sequence begins and how much is bet first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FRACTIONS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.98)
"""Shares of the capital that may be lost to one image; the one that grew most so far is bet on the next image."""

START = 0.1
"""Share of the images that choose the start of the sequence."""
LEAST_START = 5
"""Least number of these images."""


@dataclass(frozen=True)
class Promise:
    """Outcome of the tests."""

    index: int | None
    """The loosest threshold promised, as an index; None: none can be."""
    start: int
    """The strictest threshold tested."""
    images: int
    """Images of the tests, without those that chose the start."""


def promised_threshold(
    part: np.ndarray, whole: np.ndarray, *, alpha: float, delta: float, rng: np.random.Generator
) -> Promise:
    """The loosest threshold at which Σ part / Σ whole over all images of this kind is at most ``alpha``.

    With probability at least 1 − ``delta`` over the images and the random order, the rate of the population is at most
    ``alpha`` at the threshold that is returned.

    Args:
        part: (I, T) counts of each image at thresholds from loose to strict, for example wrong retained pixels.
        whole: (I, T) counts of which ``part`` is a part, at most the size of the largest image.
        alpha: bound of the rate, in (0, 1).
        delta: probability of a broken promise, in (0, 1).
        rng: orders the images.

    Raises:
        ValueError: ``alpha`` or ``delta`` outside (0, 1), or fewer than two images.
    """
    if not (0 < alpha < 1 and 0 < delta < 1) or len(part) < 2:
        raise ValueError(f"Expected 0 < α, δ < 1 and two images or more, got {alpha}, {delta} and {len(part)} images.")
    order = rng.permutation(len(part))
    scale = max(float(whole.max()), 1.0)
    gains = (alpha * whole[order] - part[order]) / scale  # (I, T), at least −(1 − α)
    bets = np.array(FRACTIONS) / (1 - alpha)
    begin = min(max(round(START * len(part)), LEAST_START), len(part) - 1)
    growth = np.max([np.log1p(bet * gains[:begin]).sum(0) for bet in bets], axis=0)  # (T,)
    start = len(growth) - 1 - int(growth[::-1].argmax())
    index = None
    for threshold in range(start, -1, -1):
        if log_capital(gains[:, threshold], bets, begin) < -np.log(delta):
            break
        index = threshold
    return Promise(index, start, len(part) - begin)


def log_capital(gains: np.ndarray, bets: Sequence[float] | np.ndarray, begin: int) -> float:
    """Logarithm of the largest capital reached on ``gains`` (n,) from ``begin`` on, having started from 1.

    Each bet is the one of ``bets`` that would have gained most on all gains before it, so it does not depend on the
    gain that it is made on.
    """
    growth = np.log1p(np.asarray(bets)[:, None] * gains)  # (bets, n)
    leader = growth.cumsum(1)[:, begin - 1 : -1].argmax(0)
    return float(growth[leader, np.arange(begin, len(gains))].cumsum().max())
