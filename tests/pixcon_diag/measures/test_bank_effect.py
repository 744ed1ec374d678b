"""Pairs of runs that differ in the admission rule, against values worked out by hand."""

import math
from typing import Any

import pytest
from scipy.stats import spearmanr

from pixcon_diag.logs.history import RunHistory
from pixcon_diag.measures.bank_effect import bank_effect
from pixcon_train.core.errors import ConfigError
from tests.training_logs import history, told


def run(rule: str, miou: float, contamination: float = 0.0, *, parent: int = 0, **config: Any) -> RunHistory:
    """A run of two epochs; the bank of the last one has ``contamination``."""
    values = {"bank.rule": rule, "fork.checkpoint": f"p{parent}", "seed": 0, "runtime.device": "cpu", "noise": 0.0}
    name = f"{rule} {parent} {config.get('noise', '')}"
    made = history([miou, miou - 0.1], name=name, config={**values, "data.root": f"/{rule}", **config})
    return told(made, bank_contamination=[math.nan, contamination], contamination=[math.nan, contamination / 2])


NOISY = [
    *(run("clean", 0.62, parent=0, noise=0.4), run("pseudo", 0.59, 0.7, parent=0, noise=0.4)),
    *(run("clean", 0.60, parent=1, noise=0.4), run("pseudo", 0.59, 0.5, parent=1, noise=0.4)),
]
PLAIN = [
    *(run("clean", 0.60, parent=0), run("pseudo", 0.61, 0.1, parent=0), run("none", 0.5, parent=0)),
    run("clean", 0.64, parent=1),
]


def test_pairs_share_everything_but_the_rule() -> None:
    found = bank_effect([*NOISY, *PLAIN])
    plain, noisy = found.settings
    assert (plain.values, noisy.values, plain.rule) == ({"noise": 0.0}, {"noise": 0.4}, "pseudo")
    (pair,) = plain.pairs
    assert (pair.reference, pair.other) == ("clean 0 ", "pseudo 0 ")
    assert (plain.contamination, plain.pseudo_labels, plain.better) == (0.1, 0.05, 0)
    assert plain.difference == pytest.approx(-0.01) and math.isnan(plain.std) and math.isnan(plain.interval.low)
    assert noisy.contamination == pytest.approx(0.6) and noisy.better == 2 and len(noisy.pairs) == 2
    # 3 and 1 points: mean 2, SD √2, t(1 degree of freedom) 12.7062, so 2 ± 12.7062 · √2/√2
    assert noisy.difference == pytest.approx(0.02) and noisy.std == pytest.approx(0.01 * math.sqrt(2))
    assert noisy.interval.high == pytest.approx(0.02 + 0.127062, abs=1e-6)
    assert found.rank_correlations == {"pseudo": pytest.approx(1.0)}  # 0.1, 0.5, 0.7 and −1, 1, 3 points
    assert found.unpaired == ()


def test_forks_of_one_parent_count_once_in_the_interval() -> None:
    more = [run("clean", 0.60, parent=0, noise=0.4, seed=1), run("pseudo", 0.59, 0.7, parent=0, noise=0.4, seed=1)]
    (found,) = bank_effect([*NOISY, *more]).settings
    # 3 and 1 points of the first parent have the mean 2, the second's is 1: mean 1.5, SD 1/√2, t 12.7062
    assert (len(found.pairs), found.starts, found.better) == (3, 2, 3)
    assert found.difference == pytest.approx(0.015) and found.std == pytest.approx(0.01 * math.sqrt(4 / 3))
    assert found.interval.low == pytest.approx(0.015 - 0.0635310, abs=1e-6)


def test_the_rank_correlation_is_scipys_with_ties() -> None:
    points = [(0.1, 1), (0.1, 3), (0.3, 2), (0.6, 2), (0.2, 5)]
    runs = [run("clean", 0.5, parent=index) for index in range(5)]
    runs += [run("pseudo", 0.5 - y / 100, x, parent=index) for index, (x, y) in enumerate(points)]
    expected = spearmanr(*zip(*points, strict=True)).statistic
    other = [run("confidence", 0.5, 0.01, parent=0), run("confidence", 0.4, 0.01, parent=1)]
    assert bank_effect([*runs, *other]).rank_correlations == {"pseudo": pytest.approx(expected)}  # rules are not pooled


def test_the_kind_of_noise_at_a_rate_of_zero_is_no_setting() -> None:
    def noisy(rule: str, miou: float, rho_f: float, rate: float, kind: str) -> RunHistory:
        noise = {"consistency.noise.rate": rate, "consistency.noise.kind": kind}
        return run(rule, miou, rho_f, parent=int(100 * rate), **noise)

    runs = [noisy("clean", 0.6, 0.0, 0.0, "uniform"), noisy("pseudo", 0.5, 0.1, 0.0, "regions")]
    runs += [noisy("clean", 0.6, 0.0, 0.4, "regions"), noisy("pseudo", 0.5, 0.6, 0.4, "regions")]
    without, with_noise = bank_effect(runs).settings
    assert without.values == {"consistency.noise.rate": 0.0}
    assert with_noise.values == {"consistency.noise.rate": 0.4, "consistency.noise.kind": "regions"}


def test_another_reference_and_runs_without_a_partner() -> None:
    runs = [run("pseudo", 0.6, 0.3), run("confidence", 0.5, 0.01), run("confidence", 0.5, 0.02, parent=1)]
    found = bank_effect(runs, reference="pseudo")
    (setting,) = found.settings
    assert (setting.rule, setting.contamination) == ("confidence", 0.01) and found.unpaired == ("confidence 1 ",)
    assert found.rank_correlations == {}


def test_unfinished_runs_and_unknown_banks_are_left_out_by_name() -> None:
    """A run that still trains has neither its best epoch nor its last bank."""
    asked = {"schedule.epochs": 3}  # of which the runs have done two
    soft, partner = run("soft", 0.6, 0.2, parent=1, **asked), run("clean", 0.64, parent=1, **asked)
    found = bank_effect([*NOISY, *PLAIN, soft, partner, run("confidence", 0.6, math.nan)])
    assert (found.unfinished, found.unknown, len(found.settings)) == (("soft 1 ",), ("confidence 0 ",), 2)


@pytest.mark.parametrize(("patience", "ended"), [(None, False), (1, True), (2, False)])
def test_a_run_that_stopped_early_has_ended(patience: int | None, ended: bool) -> None:
    """The best of its two epochs is the first, so that one evaluation brought no better mIoU."""
    asked = {"schedule.epochs": 8, "schedule.patience": patience}
    runs = [run("soft", 0.6, 0.2, **asked), run("clean", 0.64, **asked), *NOISY]
    assert bank_effect(runs).unfinished == (() if ended else ("soft 0 ",))


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (
            [run("clean", 0.6), run("none", 0.5)],
            "of these 1 runs with a bank differ in bank.rule alone",
        ),
        ([run("clean", 0.6), run("pseudo", 0.5, math.nan)], "with a known contamination"),
        ([run("clean", 0.6), run("pseudo", 0.5, 0.1, parent=1)], "No two finished ones of these 2 runs"),
        ([run("clean", 0.6), run("clean", 0.5)], "have one configuration"),
    ],
)
def test_what_is_no_pair_is_told(runs: list[RunHistory], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bank_effect(runs)
