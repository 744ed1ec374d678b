"""Seed noise and power from runs made by hand, and from the published logs of three runs each."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.logs.histories import read_history
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.measures.dynamics import dynamics
from pixcon_diag.measures.power_sources import Plan, given_source, prior_sources
from pixcon_diag.measures.seed_power import SCORES, SeedPower, seed_power
from pixcon_diag.statistics.power import detectable, seeds_needed
from tests.training_logs import history

PLAN = Plan((0.002, 0.005, 0.01), (3, 5, 6, 10))
NONE = (0.700, 0.706, 0.709)
CLEAN = (0.712, 0.705, 0.716)


def made(**groups: Sequence[RunHistory]) -> SeedPower:
    return seed_power(dynamics(groups), PLAN, np.random.default_rng(0))


def runs(values: Sequence[float], name: str = "run") -> list[RunHistory]:
    """Runs with these best mIoUs; the last is 0.01 lower, and the mean of the last five 0.005."""
    return [
        history([0.5, *(value - 0.005,) * 3, value, value - 0.01], name=f"{name} {i}") for i, value in enumerate(values)
    ]


def test_two_groups_of_three_by_hand() -> None:
    found = made(none=runs(NONE, "none"), clean=runs(CLEAN, "clean"))
    assert [(row.group, row.score, row.runs) for row in found.groups[:4]] == [
        ("none", "best", 3), ("none", "last", 3), ("none", "last five", 3), ("clean", "best", 3),
    ]  # fmt: skip
    assert found.groups[0].mean == pytest.approx(0.705) and found.groups[0].sd == pytest.approx(np.std(NONE, ddof=1))
    assert found.groups[2].mean == pytest.approx(0.705 - 0.005)
    (pair, *_) = found.pairs
    deltas = np.subtract(CLEAN, NONE)
    assert (pair.baseline, pair.other, pair.pairs) == ("none", "clean", 3)
    assert pair.delta == pytest.approx(deltas.mean()) and pair.sd == pytest.approx(deltas.std(ddof=1))
    assert pair.correlation == pytest.approx(np.corrcoef(NONE, CLEAN)[0, 1])
    assert math.isnan(pair.correlation_interval.low)
    assert [(source.kind, source.score) for source in found.sources] == [
        (kind, score) for kind in ("pairs", "runs") for score in SCORES
    ]
    paired, pooled = found.sources[0], found.sources[3]
    assert paired.sd == pair.sd and paired.freedom == 2 and paired.own is not None
    assert paired.own.difference == detectable(pair.sd, 3)
    assert paired.own.low < paired.own.difference < paired.own.high
    within = math.sqrt((np.var(NONE, ddof=1) + np.var(CLEAN, ddof=1)) / 2)
    assert pooled.sd == pytest.approx(math.sqrt(2) * within) and pooled.freedom == 4


def test_pairs_that_move_together_need_fewer_seeds() -> None:
    together = made(none=runs(NONE), clean=runs([value + 0.002 + 0.1 * (value - 0.7) for value in NONE], "clean"))
    paired, pooled = together.sources[0], together.sources[3]
    assert together.pairs[0].correlation == pytest.approx(1)
    assert (paired.needed[0].seeds or 0) < (pooled.needed[0].seeds or 0)


def test_too_few_runs_have_no_noise() -> None:
    found = made(none=runs(NONE[:2]), clean=runs(CLEAN[:2], "clean"))
    assert found.groups == found.pairs == found.sources == () and len(found.runs) == 4
    assert made(none=runs(NONE), clean=runs(CLEAN[:2], "clean")).pairs == ()
    assert made(none=runs([0.7, 0.7, 0.7])).sources == ()


def test_runs_of_fewer_than_five_evaluations_have_no_mean_of_five() -> None:
    found = made(none=[history([0.5, value], name=f"run {value}") for value in NONE])
    assert [source.score for source in found.sources] == ["best", "last"] and math.isnan(found.runs[0].last_five)


def test_a_mean_of_five_needs_five_evaluations_of_every_run_of_both_groups() -> None:
    five = [history([0.1, 0.2, 0.3, 0.4, value], name=f"run {value}") for value in NONE]
    four = [history([0.2, 0.3, 0.4, value], name=f"clean {value}") for value in CLEAN]
    found = made(none=five, clean=four)
    assert [run.last_five for run in found.runs[:3]] == pytest.approx([(1 + value) / 5 for value in NONE])
    assert [pair.score for pair in found.pairs] == ["best", "last"]
    assert [pair.score for pair in made(clean=four, none=five).pairs] == ["best", "last"]


def test_a_source_names_its_only_group_or_counts_them() -> None:
    assert {source.name for source in made(none=runs(NONE)).sources} == {"none"}
    two = made(none=runs(NONE), clean=runs(CLEAN, "clean"))
    assert [source.name for source in two.sources[2:4]] == ["none → clean", "2 groups pooled"]


def test_a_group_that_varies_by_rounding_alone_has_no_correlation() -> None:
    found = made(none=runs([0.7, 0.7, 0.7000000000000001]), clean=runs(CLEAN, "clean"))
    assert all(math.isnan(pair.correlation) for pair in found.pairs) and found.pairs[0].sd > 0


def test_a_run_without_an_evaluation_leaves_the_rest_unpaired() -> None:
    """Of four runs each, the first of one group and the last of the other were never evaluated."""
    lacking = history([float("nan")] * 3, name="lacking")
    found = made(none=[*runs(NONE), lacking], clean=[lacking, *runs(CLEAN, "clean")])
    assert found.pairs == () and len(found.groups) == 2 * len(SCORES)


def test_the_scores_of_a_run() -> None:
    (run,) = made(one=[history([0.1, 0.5, 0.7, 0.6, 0.5, 0.4, 0.3], first=1)]).runs
    assert (run.best, run.best_epoch, run.last, run.evaluations) == (0.7, 3, 0.3, 7)
    assert run.last_five == pytest.approx(0.5) and math.isnan(run.noise.optimism)


def test_the_priors() -> None:
    best, last, dinov2 = prior_sources(PLAN)
    for source, sd, low, high in ((best, 0.35, 0.28, 0.48), (dinov2, 0.48, 0.32, 0.91)):
        single = [100 * value / math.sqrt(2) for value in (source.sd, source.interval.low, source.interval.high)]
        assert [round(value, 2) for value in single] == [sd, low, high]
    assert 100 * last.sd / math.sqrt(2) == pytest.approx(0.5) and best.own is None
    assert [needed.seeds for needed in best.needed] == [seeds_needed(effect, best.sd) for effect in PLAN.effects]


def test_a_given_standard_deviation_has_no_interval() -> None:
    source = given_source(PLAN, 0.005)
    assert [needed.seeds for needed in source.needed] == [52, 10, 5]
    assert [round(100 * value.difference, 2) for value in source.detectable] == [1.63, 0.84, 0.72, 0.50]
    assert source.freedom is source.needed[0].low is None and math.isnan(source.detectable[0].low)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("labels", "best", "epochs", "last"),
    [
        (92, (73.45, 73.68, 72.98), (68, 55, 75), (72.51, 72.91, 72.53)),
        (183, (75.93, 75.06, 75.09), (75, 66, 67), (75.68, 74.72, 74.36)),
    ],
)
def test_published_runs(
    labels: int, best: tuple[float, ...], epochs: tuple[int, ...], last: tuple[float, ...], reference: Path
) -> None:
    folder = reference / "other_logs"
    logs = [read_history(folder / f"prevmatch_pascal_r50_{labels}labels_run{run}.log") for run in (1, 2, 3)]
    found = seed_power(dynamics({"prevmatch": logs}, "student"), PLAN, np.random.default_rng(0))
    assert [100 * run.best for run in found.runs] == pytest.approx(best)
    assert tuple(run.best_epoch for run in found.runs) == epochs
    assert [100 * run.last for run in found.runs] == pytest.approx(last)
    sds = {row.score: 100 * row.sd for row in found.groups}
    assert sds["best"] == pytest.approx(np.std(best, ddof=1)) and sds["last"] == pytest.approx(np.std(last, ddof=1))
    (source, *_) = found.sources
    assert source.own is not None and 100 * source.own.difference > 1  # three seeds find no published gain
    for run in found.runs:
        assert 0.002 < run.noise.sd < 0.005 and run.noise.sd < run.noise.optimism < 3 * run.noise.sd
        assert run.best - 1.5 * run.noise.optimism < run.last_five < run.best
