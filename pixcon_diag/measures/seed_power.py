"""Seed noise of training runs, the power it leaves to a comparison, and the optimism of best epochs."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pixcon_diag.logs.history import Weights
from pixcon_diag.measures.dynamics import DynamicsResult, GroupDynamics, RunDynamics
from pixcon_diag.measures.power_sources import Plan, Score, Source
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.intervals import Interval
from pixcon_diag.statistics.late_noise import LateNoise, late_noise
from pixcon_diag.statistics.power import correlation_interval, pooled_sd, sd_interval
from pixcon_diag.statistics.run_seeds import paired
from pixcon_diag.statistics.spread import NAN, mean

FEWEST_RUNS = 3
"""Fewest runs of a group for a standard deviation."""

SCORES: tuple[Score, ...] = ("best", "last", "last five")
LEAST_SD = 1e-6
"""Smaller standard deviations are rounding: logs give mIoU in hundredths of a point."""


@dataclass(frozen=True)
class RunScores:
    """The scores of one run, fractions."""

    group: str
    name: str
    evaluations: int
    best: float
    best_epoch: int
    """As the log counts."""
    last: float
    last_five: float
    """Mean of the last five evaluations; NaN if there are fewer."""
    noise: LateNoise

    def score(self, score: Score) -> float:
        """The value of one score."""
        return {"best": self.best, "last": self.last, "last five": self.last_five}[score]


@dataclass(frozen=True)
class GroupNoise:
    """Seed noise of one group of at least three runs."""

    group: str
    score: Score
    runs: int
    mean: float
    sd: float
    """Sample standard deviation over the runs."""
    interval: Interval
    """χ² interval of ``sd``."""


@dataclass(frozen=True)
class PairNoise:
    """Paired runs of two groups, at least three pairs."""

    baseline: str
    other: str
    score: Score
    pairs: int
    delta: float
    """Mean of other − baseline."""
    sd: float
    """Sample standard deviation of the paired differences."""
    interval: Interval
    correlation: float
    """Of the pairs; NaN where a group does not vary."""
    correlation_interval: Interval
    """NaN for three pairs, which bound no correlation."""


@dataclass(frozen=True)
class SeedPower(Serializable):
    """Seed noise and power."""

    weights: Weights | None
    """Network whose mIoU is taken; None without logs."""
    runs: tuple[RunScores, ...]
    groups: tuple[GroupNoise, ...]
    pairs: tuple[PairNoise, ...]
    sources: tuple[Source, ...]


def seed_power(result: DynamicsResult, plan: Plan, rng: np.random.Generator) -> SeedPower:
    """Seed noise of each group of at least three runs, of the pairs with the first group, and the power they leave.

    Args:
        result: the runs by group, the baseline first; see :func:`pixcon_diag.statistics.run_seeds.paired`. Runs
            without an evaluation of the selected network are left out.
        plan: effects and numbers of seeds.
        rng: generator of :func:`pixcon_diag.statistics.late_noise.late_noise`.
    """
    runs = {group.name: _scores(group, result.weights, rng) for group in result.groups}
    baseline, *others = result.groups
    same_classes = {lead.other for lead in result.leads if lead.same_classes}
    # A run that is left out would move the pairs after it.
    whole = {group.name for group in result.groups if len(runs[group.name]) == len(group.runs)}
    told = _told(itertools.chain(*runs.values()))
    groups = tuple(
        _group_noise(name, scores, score) for name, scores in runs.items() for score in told if _enough(scores, score)
    )
    pairs = tuple(
        _pair_noise(runs[baseline.name], runs[other.name], score)
        for other in others
        if other.name in same_classes and {baseline.name, other.name} <= whole
        if paired([run.seed for run in baseline.runs], [run.seed for run in other.runs])
        for score in told
        if _enough(runs[baseline.name], score) and _enough(runs[other.name], score)
    )
    scores = tuple(itertools.chain(*runs.values()))
    return SeedPower(result.weights, scores, groups, pairs, tuple(_sources(plan, runs, pairs)))


def _told(scores: Iterable[RunScores]) -> tuple[Score, ...]:
    """The scores without the last epoch's where it is every run's only evaluation, and so its best."""
    single = all(run.evaluations == 1 for run in scores)
    return tuple(score for score in SCORES if not (single and score == "last"))


def _enough(scores: Sequence[RunScores], score: Score) -> bool:
    return len(scores) >= FEWEST_RUNS and not any(math.isnan(run.score(score)) for run in scores)


def _scores(group: GroupDynamics, weights: Weights, rng: np.random.Generator) -> list[RunScores]:
    scored = []
    for run in group.runs:
        best = run.best_ema if weights == "ema" else run.best_student
        if best is None:
            continue
        curve = _curve(run, weights)
        scored.append(
            RunScores(
                group=group.name,
                name=run.name,
                evaluations=len(curve),
                best=best.miou,
                best_epoch=best.epoch,
                last=float(curve[-1]),
                last_five=float(curve[-5:].mean()) if len(curve) >= 5 else NAN,
                noise=late_noise(curve, rng),
            )
        )
    return scored


def _curve(run: RunDynamics, weights: Weights) -> np.ndarray:
    """The evaluations of a run in order."""
    values = np.array(run.ema_miou if weights == "ema" else run.student_miou)
    evaluated: np.ndarray = values[~np.isnan(values)]
    return evaluated


def _group_noise(group: str, scores: Sequence[RunScores], score: Score) -> GroupNoise:
    values = [run.score(score) for run in scores]
    sd, freedom = pooled_sd([values])
    return GroupNoise(group, score, len(values), mean(values), sd, sd_interval(sd, freedom))


def _pair_noise(baseline: Sequence[RunScores], other: Sequence[RunScores], score: Score) -> PairNoise:
    first, second = (np.array([run.score(score) for run in runs]) for runs in (baseline, other))
    sd, freedom = pooled_sd([second - first])
    varies = min(first.std(), second.std()) >= LEAST_SD
    correlation = float(np.corrcoef(first, second)[0, 1]) if varies else NAN
    return PairNoise(
        baseline=baseline[0].group,
        other=other[0].group,
        score=score,
        pairs=len(first),
        delta=float((second - first).mean()),
        sd=sd,
        interval=sd_interval(sd, freedom),
        correlation=correlation,
        correlation_interval=correlation_interval(correlation, len(first)),
    )


def _sources(plan: Plan, runs: dict[str, list[RunScores]], pairs: Sequence[PairNoise]) -> list[Source]:
    """Each pair of groups, then all groups with enough runs pooled, as if the methods' runs were independent.

    Runs that do not differ give none: a standard deviation of 0 is no estimate.
    """
    sources = [
        plan.source("pairs", f"{pair.baseline} → {pair.other}", pair.score, pair.sd, pair.pairs - 1, pair.pairs)
        for pair in pairs
        if pair.sd >= LEAST_SD
    ]
    for score in _told(itertools.chain(*runs.values())):
        enough = {name: scores for name, scores in runs.items() if _enough(scores, score)}
        if not enough:
            continue
        name = next(iter(enough)) if len(enough) == 1 else f"{len(enough)} groups pooled"
        sd, freedom = pooled_sd([[run.score(score) for run in scores] for scores in enough.values()])
        own = min(len(scores) for scores in enough.values())
        if sd >= LEAST_SD:
            sources.append(plan.source("runs", name, score, math.sqrt(2) * sd, freedom, own))
    return sources
