"""The section on training."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from pixcon_diag.analyses.dynamics import dynamics_result
from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory
from pixcon_diag.measures.dynamics import dynamics
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.reporting.page.training import MOST_ROWS, section
from pixcon_diag.tables.result import Result
from tests.pixcon_diag.analyses.made import predictions
from tests.pixcon_diag.reporting.page.drawn import chart, paths, places, series, texts, titles
from tests.pixcon_diag.reporting.page.made import context

NAN = math.nan


def run(
    name: str,
    teacher: Sequence[float],
    student: Sequence[float] = (),
    *,
    retention: float = NAN,
    losses: Sequence[float] = (),
    warmup: int | None = None,
    thresholds: Sequence[dict[str, float]] = (),
    threshold: Sequence[float] = (),
) -> RunHistory:
    epochs = tuple(
        EpochRecord(
            epoch,
            Evaluation(student[k] if student else NAN),
            Evaluation(miou),
            retention,
            {"loss_u": losses[k]} if losses else {},
            threshold=threshold[k] if threshold else NAN,
            thresholds=thresholds[k] if thresholds else {},
        )
        for k, (epoch, miou) in enumerate(enumerate(teacher, 1))
    )
    config: dict[str, Any] = {} if warmup is None else {"optimizer.warmup": warmup}
    return RunHistory(name, f"runs/{name}", "pixcon", (), 1, epochs, config, iterations=10 * len(epochs))


def made(
    histories: dict[str, list[RunHistory]], by_baseline: Sequence[str] = (), measured: Sequence[str] = ()
) -> Context:
    groups = {name: [predictions(name, ((70, 0, 0), (70, 15, 15), (100, 0, 0)))] for name in measured}
    variants: dict[str, list[Result]] = {name: [] for name in by_baseline}
    return context([dynamics_result(dynamics(histories))], groups, variants, histories=histories)


def body(made_context: Context) -> str:
    found = section(made_context)
    assert found is not None
    return found.body


ONE = {"none": [run("none", (0.5, 0.6, 0.55), (0.4, NAN, 0.6), retention=0.25, losses=(0.0, 0.1, 0.01), warmup=15)]}
TWO = ONE | {
    "clean": [run("clean", (0.6, 0.5, 0.65), (0.5, 0.5, 0.6), retention=0.5, losses=(1.0, 0.1, 0.01), warmup=15)]
}


def test_the_curves_are_the_mious_of_the_log() -> None:
    shown = body(made(ONE))
    assert titles(series(chart(shown, "EMA teacher"))["none"]) == ["none: 1, 50", "none: 2, 60", "none: 3, 55"]
    student = series(chart(shown, "Student"))["none"]
    assert titles(student) == ["none: 1, 40", "none: 3, 60"]
    (path,) = paths(student, "line")
    assert path.count("M") == 1  # an epoch that was not validated does not break the line
    assert "legend" not in shown and "Lead" not in shown


def test_both_networks_have_one_scale() -> None:
    shown = body(made(ONE))
    heights = [
        dict(zip(titles(svg), (top for _, top in places(svg)), strict=True))
        for svg in (chart(shown, "EMA teacher"), chart(shown, "Student"))
    ]
    assert heights[0]["none: 2, 60"] == heights[1]["none: 3, 60"]


def test_the_warm_up_is_marked_where_it_ends() -> None:
    svg = chart(body(made(ONE)), "EMA teacher")
    (rule,) = paths(svg, "rule")
    at = [left for left, _ in places(series(svg)["none"])]
    assert float(rule[1:].split(" ")[0]) == pytest.approx((at[0] + at[1]) / 2, abs=0.1)
    assert "warm-up ends" in texts(svg)


def test_warm_ups_that_differ_have_names() -> None:
    histories = {"none": [run("none", (0.5, 0.6), warmup=5)], "clean": [run("clean", (0.5, 0.6), warmup=15)]}
    assert {"warm-up ends: none", "warm-up ends: clean"} <= {*texts(chart(body(made(histories)), "EMA teacher"))}


def test_retention_and_losses_are_drawn_where_the_log_has_them() -> None:
    shown = body(made(TWO))
    assert titles(series(chart(shown, "Unlabeled pixels retained"))["clean"])[0] == "clean: 1, 50"
    losses = series(chart(shown, "loss_u"))
    assert titles(losses["none"])[0] == "none: 1, 0"
    assert paths(losses["none"], "line")[0].count("L") == 1  # 0 stands apart on the logarithmic axis
    assert "Mean threshold" not in shown and "ρ_F of the bank" not in shown


def test_a_loss_below_zero_is_on_a_linear_axis() -> None:
    svg = chart(body(made({"none": [run("none", (0.5, 0.6, 0.7), losses=(-1.0, 0.0, 1.0))]})), "loss_u")
    first, second, third = (top for _, top in places(svg))
    assert first - second == pytest.approx(second - third, abs=0.11)


def test_thresholds_are_drawn_where_they_vary() -> None:
    by_class = [{"road": 0.9, "tree": 0.5, "boat": 0.6}, {"road": 0.9, "tree": 0.7, "boat": NAN}]
    shown = body(made({"none": [run("none", (0.5, 0.6), thresholds=by_class, threshold=(0.9, 0.8))]}))
    assert titles(chart(shown, "Mean threshold")) == ["none: 1, 0.9", "none: 2, 0.8"]
    svg = chart(shown, "Thresholds of the classes: median and range")
    assert titles(svg) == ["none: 1, 0.6 (0.5 to 0.9)", "none: 2, 0.8 (0.7 to 0.9)"]
    constant = body(made({"none": [run("none", (0.5, 0.6), threshold=(0.95, 0.95))]}))
    assert "Mean threshold" not in constant


def test_seeds_are_a_mean_within_their_range() -> None:
    seeds = [run("a", (0.5, 0.6, 0.7)), run("b", (0.6, 0.7))]
    shown = body(made({"none": seeds}))
    drawn = series(chart(shown, "EMA teacher"))["none"]
    assert titles(drawn) == ["none: 1, 55 (50 to 60)", "none: 2, 65 (60 to 70)"]
    assert len(paths(drawn, "band")) == 1
    assert "mean over seeds" in shown and "mean over seeds" not in body(made(ONE))


def test_seeds_without_a_common_epoch_are_drawn_apart() -> None:
    seeds = [run("a", (0.5, NAN)), run("b", (NAN, 0.7))]
    assert list(series(chart(body(made({"none": seeds})), "EMA teacher"))) == ["a", "b"]


def test_the_second_half_of_a_long_training_is_shown_apart() -> None:
    miou = [0.5 + epoch / 100 for epoch in range(20)]
    shown = body(made({"none": [run("none", miou, miou)]}))
    assert titles(chart(shown, "EMA teacher from epoch 10 on"))[0] == "none: 10, 59"
    assert "Student from epoch" not in shown
    assert "from epoch" not in body(made(ONE))


def test_the_lead_is_drawn_over_each_baseline() -> None:
    shown = body(made(TWO, ["none", "clean"], ["none", "clean"]))
    over_none, over_clean = shown.split("data-baseline=")[1:]
    assert titles(chart(over_none, "Lead over none, EMA teacher")) == ["clean: 1, 10", "clean: 2, −10", "clean: 3, 10"]
    assert titles(chart(over_clean, "Lead over clean, EMA teacher")) == ["none: 1, −10", "none: 2, 10", "none: 3, −10"]


def test_logs_alone_have_a_lead_over_the_first() -> None:
    shown = body(made(TWO))
    assert titles(chart(shown, "Lead over none, EMA teacher"))[0] == "clean: 1, 10"
    assert "variant" not in shown


def test_a_method_without_a_log_keeps_the_looks_of_the_others() -> None:
    shown = body(made({"clean": TWO["clean"]}, ["none", "clean"], ["none", "clean"]))
    assert series(chart(shown, "EMA teacher"))["clean"].attrib["class"] == "series-2"


def test_curves_have_their_table_if_it_is_short() -> None:
    assert 'data-table="dynamics_curves"' in body(made(ONE))
    long = body(made({"none": [run("none", [0.5] * (MOST_ROWS + 1))]}))
    assert 'data-table="dynamics_curves"' not in long and "dynamics_curves among the downloads" in long


def test_hostile_names_are_text() -> None:
    name = "</svg><script>alert(1)</script>"
    shown = body(made({name: ONE["none"], "x": TWO["clean"]}))
    assert "<script" not in shown and name in series(chart(shown, "EMA teacher"))


def test_absent_without_a_log() -> None:
    assert section(context([])) is None
