"""Seed noise in a difference between two groups of runs: means, deviations, and tests of paired seeds.

Seed noise is the variation over training seeds on fixed images. Image noise, the variation over images for fixed
weights, is in :mod:`pixcon_diag.measures.uncertainty`; the two are never mixed. A difference is second − first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import NAN, by_start

MOST_SEEDS = 20
"""Most pairs for which the permutation test enumerates all 2^n patterns of signs."""
DRAWS = 99_999
"""Random patterns of signs above that."""
FEWEST_PAIRS = 3
"""Fewest pairs for what pairing gains."""


@dataclass(frozen=True)
class SeedSummary:
    """One group's values over seeds."""

    values: tuple[float, ...]
    mean: float
    std: float
    """Sample standard deviation (ddof 1), NaN for one seed."""

    @classmethod
    def of(cls, values: Sequence[float]) -> "SeedSummary":
        """The summary of some values, at least one."""
        array = np.asarray(values, dtype=np.float64)
        std = float(array.std(ddof=1)) if len(array) > 1 else float("nan")
        return cls(tuple(array.tolist()), float(array.mean()), std)


@dataclass(frozen=True)
class PairedTest:
    """A test of the pairs' improvements by their signs."""

    one_sided: float
    """p against "no improvement"."""
    two_sided: float
    smallest_one_sided: float
    """The smallest p that this number of pairs allows, 2^−n: 0.125 for three seeds, however large the improvement."""
    smallest_two_sided: float
    draws: int | None = None
    """Random patterns of signs of a Monte Carlo test; None for an exact test."""


@dataclass(frozen=True)
class PairedSeeds:
    """Seed by seed, first against second; the means of each start's pairs where several starts are forked."""

    runs: int
    """Pairs of runs."""
    starts: int | None
    """Checkpoints that the pairs fork; None where they are no forks."""
    deltas: SeedSummary
    """second − first of each seed, or the mean of each start."""
    wins: int
    """Seeds, or starts, on which the second is better."""
    ties: int
    sign_test: PairedTest
    permutation_test: PairedTest
    correlation: float
    """Of first and second over the seeds; NaN below :data:`FEWEST_PAIRS` pairs, or where one of them does not vary."""
    fewer_seeds: float
    """(s_1² + s_2²) / s_Δ²: how many times fewer seeds a difference needs than with independent seeds. Above 1 where
    pairing helps; NaN below :data:`FEWEST_PAIRS` pairs, or where no difference varies."""


@dataclass(frozen=True)
class SeedNoise(Serializable):
    """Two groups of seeds."""

    first: SeedSummary
    second: SeedSummary
    difference: float
    higher_is_better: bool
    paired: PairedSeeds | None
    """None where the runs are not paired or the groups differ in size, or a value is undefined."""


def seed_noise(
    first: Sequence[float],
    second: Sequence[float],
    *,
    higher_is_better: bool = True,
    paired: bool = True,
    starts: Sequence[str] | None = None,
    rng: np.random.Generator | None = None,
) -> SeedNoise:
    """Mean ± std of two groups of seeds and, where they are paired, tests of the improvement.

    Args:
        first: one value a seed.
        second: the same, in the same order of seeds if paired.
        higher_is_better: which direction improves.
        paired: whether the i-th of both are a pair, if the groups have one size.
        starts: of each pair, the checkpoint that both runs fork. Pairs of one start share its first epochs, so they
            are not independent, and their mean counts once; if all have one start, every pair counts, for
            continuations of it. None: every pair counts.
        rng: of the permutation test of more than :data:`MOST_SEEDS` pairs; None: seeded with 0.

    Raises:
        ValueError: a group is empty.

    Example:
        >>> noise = seed_noise([87.40, 86.19, 87.44], [87.60, 88.10, 88.00])
        >>> noise.paired.wins, noise.paired.sign_test.one_sided, noise.paired.permutation_test.one_sided
        (3, 0.125, 0.125)
    """
    if not len(first) or not len(second):
        raise ValueError("Expected at least one value in each group.")
    one, two = SeedSummary.of(first), SeedSummary.of(second)
    pairs = paired and len(first) == len(second) and all(map(math.isfinite, (*first, *second)))
    return SeedNoise(
        first=one,
        second=two,
        difference=two.mean - one.mean,
        higher_is_better=higher_is_better,
        paired=_pair(first, second, starts, higher_is_better, rng or np.random.default_rng(0)) if pairs else None,
    )


def sign_test(gains: np.ndarray) -> PairedTest:
    """Exact sign test: the number of gains above 0 against Binomial(n, 1/2) over the n that are not 0."""
    wins, count = int((gains > 0).sum()), int((gains != 0).sum())
    at_least, at_most = _binomial_tail(wins, count), _binomial_tail(count - wins, count)
    return _test(at_least, min(1.0, 2 * min(at_least, at_most)), len(gains))


def permutation_test(gains: np.ndarray, rng: np.random.Generator) -> PairedTest:
    """Sign-flip test: the mean gain among those of all 2^n patterns of signs.

    Above :data:`MOST_SEEDS` gains among :data:`DRAWS` random patterns, with the observed one among them, so that p is
    at least 1 / 100,000.
    """
    if len(gains) > MOST_SEEDS:
        signs = rng.choice((-1.0, 1.0), size=(DRAWS, len(gains)))
        sums, draws = np.append(signs @ np.abs(gains), gains.sum()), DRAWS
    else:
        sums, draws = np.zeros(1), None
        for gain in np.abs(gains):
            sums = np.concatenate((sums - gain, sums + gain))
    # The observed pattern is among them, but its sum is rounded in another order.
    observed, slack = gains.sum(), 1e-12 * np.abs(gains).sum()
    one_sided = float((sums >= observed - slack).mean())
    two_sided = float((np.abs(sums) >= abs(observed) - slack).mean())
    return _test(one_sided, two_sided, len(gains), draws)


def _pair(
    before: Sequence[float],
    after: Sequence[float],
    starts: Sequence[str] | None,
    higher_is_better: bool,
    rng: np.random.Generator,
) -> PairedSeeds:
    labels = starts or range(len(before))
    first, second = (SeedSummary.of(by_start(values, labels)) for values in (before, after))
    deltas = np.subtract(second.values, first.values)
    gains, summary = deltas if higher_is_better else -deltas, SeedSummary.of(deltas.tolist())
    enough = len(deltas) >= FEWEST_PAIRS
    varies = enough and first.std > 0 and second.std > 0
    return PairedSeeds(
        runs=len(before),
        starts=None if starts is None else len(set(starts)),
        deltas=summary,
        wins=int((gains > 0).sum()),
        ties=int((gains == 0).sum()),
        sign_test=sign_test(gains),
        permutation_test=permutation_test(gains, rng),
        correlation=float(np.corrcoef(first.values, second.values)[0, 1]) if varies else NAN,
        fewer_seeds=(first.std**2 + second.std**2) / summary.std**2 if enough and summary.std > 0 else NAN,
    )


def _test(one_sided: float, two_sided: float, pairs: int, draws: int | None = None) -> PairedTest:
    smallest = 1 / (draws + 1) if draws else 0.0
    return PairedTest(
        one_sided, two_sided, max(2.0**-pairs, smallest), min(1.0, max(2.0 ** (1 - pairs), smallest)), draws
    )


def _binomial_tail(least: int, count: int) -> float:
    """P(X >= least) for X ~ Binomial(count, 1/2)."""
    patterns = sum(math.comb(count, k) for k in range(least, count + 1))
    return patterns / (1 << count)  # of integers: 2.0**count overflows
