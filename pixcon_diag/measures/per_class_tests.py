"""Tests of each class's IoU difference, adjusted for their number: over images and over seeds, never mixed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.intervals import Interval, effective_number
from pixcon_diag.statistics.multiplicity import benjamini_hochberg, holm
from pixcon_diag.statistics.spread import NAN, quotients
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Progress, silent

ALPHA = 0.05
FEWEST_SEEDS = 3
"""Fewest pairs of seeds for a t-test."""
DRAWS = 9999
_CHUNK = 256
"""Exchanges at once, which bounds memory."""


@dataclass(frozen=True)
class ClassTests(Serializable):
    """Two-sided p-values of one kind of noise, in class order; NaN for a class without a test."""

    noise: Literal["images", "seeds"]
    p: tuple[float, ...]
    holm: tuple[float, ...]
    """Adjusted by Holm: below α for any class without a difference with a probability of at most α."""
    bh: tuple[float, ...]
    """Adjusted by Benjamini and Hochberg."""
    least: float
    """Smallest p that a test without assumptions attains: 1 / (draws + 1) over images, 2^(1 − n) over n seeds."""

    @property
    def tested(self) -> int:
        """Number of classes with a test."""
        return int((~np.isnan(self.p)).sum())

    def surviving(self, adjusted: Literal["holm", "bh"]) -> list[int]:
        """Classes whose adjusted p is at most 0.05."""
        return np.flatnonzero(np.array(getattr(self, adjusted)) <= ALPHA).tolist()


def seed_tests(seed_deltas: Sequence[Sequence[float]]) -> ClassTests | None:
    """A paired t-test of each class over seeds, which assumes normal differences; None for fewer than three pairs.

    Args:
        seed_deltas: of each class the paired differences; empty or constant ones have no test.
    """
    pairs = max(map(len, seed_deltas), default=0)
    if pairs < FEWEST_SEEDS:
        return None
    return _tests("seeds", np.array([_t_test(np.asarray(deltas)) for deltas in seed_deltas]), 2.0 ** (1 - pairs))


def _t_test(deltas: np.ndarray) -> float:
    if len(deltas) < FEWEST_SEEDS or np.ptp(deltas) < 1e-12:
        return NAN
    statistic = deltas.mean() / (deltas.std(ddof=1) / np.sqrt(len(deltas)))
    return float(2 * scipy.special.stdtr(len(deltas) - 1, -abs(statistic)))


def image_tests(
    baseline: Sequence[np.ndarray],
    other: Sequence[np.ndarray],
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
    progress: Progress = silent,
) -> ClassTests | None:
    """An exchange test of each class over images; None if the methods differ in their number of seeds.

    If the methods do not differ, the two predictions of an image are as likely the other way round. Each draw
    exchanges those of a random half of the images, all seeds and classes together, and pools again; p is the share of
    draws, with the observed one among them, whose difference is at least as far from 0 (approximate randomization,
    Noreen 1989). The difference is the mean over seeds of IoU(other) − IoU(baseline).

    Args:
        baseline: of each seed (I, 3, K): true positives, predicted and true pixels of each image and class.
        other: the same for the other method, on the same images; the i-th is exchanged with the i-th.
        rng: generator of the exchanges.
        draws: number of exchanges.
        progress: called with the draws done and their number.

    Raises:
        ConfigError: the methods are not on the same images.
    """
    if len(baseline) != len(other):
        return None
    if len({array.shape for array in (*baseline, *other)}) != 1:
        raise ConfigError("Tests over images need predictions of the same images for every seed of both methods.")
    first, second = (np.stack([_hits_and_unions(array) for array in seeds], axis=1) for seeds in (baseline, other))
    middle, half = (second.sum(0) + first.sum(0)) / 2, (second - first) / 2
    images = len(half)
    observed = _differences(np.ones((1, images)), middle, half)[0]
    reached = np.ones(observed.shape)
    for start in range(0, draws, _CHUNK):
        progress(start, draws)
        signs = rng.choice((-1.0, 1.0), size=(min(_CHUNK, draws - start), images))
        # An exchange that leaves the difference as it is may round it otherwise.
        reached += (np.abs(_differences(signs, middle, half)) >= np.abs(observed) - 1e-12).sum(0)
    progress(draws, draws)
    defined = (np.stack([array.sum(0) for array in (*baseline, *other)])[:, 1:].sum(1) > 0).all(0)
    return _tests("images", np.where(defined, reached / (draws + 1), NAN), 1 / (draws + 1))


def image_intervals(
    baseline: Sequence[np.ndarray], other: Sequence[np.ndarray], level: float = 0.95
) -> tuple[Interval, ...]:
    """The interval of each class's difference in IoU over images, paired: the jackknife (Efron and Tibshirani 1993,
    chapter 11), with Student's t of as many degrees of freedom as images contribute to the variance.

    Args:
        baseline: as of :func:`image_tests`; the difference is mean IoU(other) − mean IoU(baseline) over seeds, which
            need not be equally many.
        other: the same for the other method, on the same images.
        level: coverage.

    Returns:
        An interval for each class; NaN bounds for a class without an IoU in some seed, or that fewer than two images
        have.

    Raises:
        ConfigError: the methods are not on the same images.
    """
    if len({array.shape for array in (*baseline, *other)}) != 1:
        raise ConfigError("Intervals over images need predictions of the same images for every seed of both methods.")
    first, second = (_leave_one_out(seeds) for seeds in (baseline, other))
    whole, without = (b - a for a, b in zip(first, second, strict=True))
    images = len(without)
    counted = ~np.isnan(without)
    mean = np.where(counted, without, 0).sum(0) / np.maximum(counted.sum(0), 1)
    parts = (images - 1) / images * np.where(counted, without - mean, 0) ** 2
    present = (np.stack([array[:, 1:].sum(1) for array in (*baseline, *other)]) > 0).any(0).sum(0)
    return tuple(
        _interval(float(whole[k]), parts[:, k], level) if present[k] > 1 else Interval(NAN, NAN, level)
        for k in range(len(whole))
    )


def _leave_one_out(seeds: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean IoU over seeds of each class, (K,), and without each image, (I, K); NaN where a seed has none."""
    counts = np.stack([_hits_and_unions(array) for array in seeds], axis=1)
    pooled = counts.sum(0)
    return quotients(pooled[:, 0], pooled[:, 1]).mean(0), quotients(*np.moveaxis(pooled - counts, 2, 0)).mean(1)


def _interval(difference: float, parts: np.ndarray, level: float) -> Interval:
    if np.isnan(difference):
        return Interval(NAN, NAN, level)
    if not parts.any():  # every image gives the same difference
        return Interval(difference, difference, level)
    reach = float(scipy.special.stdtrit(effective_number(parts), 0.5 + level / 2) * np.sqrt(parts.sum()))
    return Interval(difference - reach, difference + reach, level)


def _hits_and_unions(counts: np.ndarray) -> np.ndarray:
    """(I, 2, K) true positives and pixels in prediction or target, exact in float64."""
    hit, predicted, target = np.moveaxis(counts.astype(np.float64), 1, 0)
    return np.stack((hit, predicted + target - hit), axis=1)


def _differences(signs: np.ndarray, middle: np.ndarray, half: np.ndarray) -> np.ndarray:
    """(R, K) mean over seeds of the difference in IoU, where images with a negative sign are exchanged."""
    moved = (signs @ half.reshape(len(half), -1)).reshape(len(signs), *middle.shape)
    ious = [
        np.divide(pool[..., 0, :], pool[..., 1, :], out=np.zeros_like(pool[..., 0, :]), where=pool[..., 1, :] > 0)
        for pool in (middle - moved, middle + moved)
    ]
    difference: np.ndarray = (ious[1] - ious[0]).mean(1)
    return difference


def _tests(noise: Literal["images", "seeds"], p: np.ndarray, least: float) -> ClassTests:
    adjusted = tuple(holm(p).tolist()), tuple(benjamini_hochberg(p).tolist())
    return ClassTests(noise, tuple(p.tolist()), *adjusted, least)
