"""Warnings with what to change, on runs that deserve them and on runs that do not."""

from typing import Any

import pytest

from pixcon_train.config.resolve import dotted_layer, preset_names, resolve_config
from pixcon_train.engine.training_warnings import TrainingWarnings


def advisor(iterations: int, **values: Any) -> TrainingWarnings:
    layer = dotted_layer("test", {key.replace("__", "."): value for key, value in values.items()})
    return TrainingWarnings(resolve_config([layer]), iterations)


def epoch(number: int, retention: float | None, student: float = 0.5, ema: float = 0.5) -> dict[str, Any]:
    return {
        "epoch": number,
        "retention": retention,
        "validation": {"student": {"miou": student}, "ema": {"miou": ema}},
    }


def test_a_warm_up_longer_than_a_fifth_of_the_run() -> None:
    (line,) = advisor(36, optimizer__warmup=50).at_start()
    assert "50 iterations" in line and "set optimizer.warmup to 7 or less" in line
    assert advisor(250, optimizer__warmup=50).at_start() == []
    assert len(advisor(249, optimizer__warmup=50).at_start()) == 1


@pytest.mark.parametrize("iterations", [1, 4, 20])
def test_advice_to_a_very_short_run_can_be_followed(iterations: int) -> None:
    (line,) = advisor(iterations, optimizer__warmup=50).at_start()
    assert ("to 0, or train longer" in line) == (iterations < 5) and "0 or less" not in line
    behind = advisor(iterations).at_epoch(epoch(8, 0.0, student=0.86, ema=0.56), last=True)
    assert len(behind) == 2 and not any("ema_decay" in line for line in behind)
    assert behind[0].endswith("lower the threshold (consistency.tau is 0.95), or train longer.")
    assert behind[1].endswith("iterations: train longer.")


@pytest.mark.parametrize(
    ("rule", "advice"),
    [
        ("quantile", "lower the threshold (consistency.threshold.quantile is 0.2), or train longer."),
        ("dynamic", "contribute nothing: train longer."),
        ("dynamic_floor", "lower the threshold (consistency.threshold.minimum is 0.5), or train longer."),
        ("per_class", "lower the threshold (consistency.tau is 0.95), or train longer."),
    ],
)
def test_the_threshold_to_lower_is_the_one_that_the_rule_reads(rule: str, advice: str) -> None:
    (line,) = advisor(5, consistency__threshold__rule=rule).at_epoch(epoch(2, 0.0), last=False)
    assert line.endswith(advice)


@pytest.mark.parametrize("preset", preset_names())
def test_the_cpu_recipes_warm_up_in_time(preset: str) -> None:
    config = resolve_config([], preset=preset)
    assert TrainingWarnings(config, 120 * config.schedule.epochs).at_start() == []


def test_nothing_retained_is_said_once_and_not_of_the_first_epoch() -> None:
    told = advisor(36)
    assert told.at_epoch(epoch(1, 0.0), last=False) == []
    (line,) = told.at_epoch(epoch(2, 0.0), last=False)
    assert "epoch 2" in line and "consistency.tau is 0.95" in line and "ema_decay 0.444 where it is 0.98" in line
    assert told.at_epoch(epoch(3, 0.0), last=False) == []
    assert advisor(36).at_epoch(epoch(2, 1e-6), last=False) == advisor(36).at_epoch(epoch(2, None), last=False) == []
    assert len(advisor(36).at_epoch(epoch(1, 0.0), last=True)) == 1


def test_a_teacher_far_behind_is_said_at_the_end() -> None:
    behind = epoch(8, 0.5, student=0.86, ema=0.56)
    (line,) = advisor(36).at_epoch(behind, last=True)
    assert "ends 30.0 points" in line and "ema_decay 0.444 where it is 0.98" in line
    assert "ema_decay" not in advisor(5000).at_epoch(behind, last=True)[0]
    assert advisor(36).at_epoch(behind, last=False) == []
    assert advisor(36).at_epoch(epoch(8, 0.5, student=0.55, ema=0.51), last=True) == []
    assert advisor(36).at_epoch(epoch(8, 0.5, student=0.5, ema=float("nan")), last=True) == []
