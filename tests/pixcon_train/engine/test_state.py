"""Which validation is the best one, by hand."""

import pytest

from pixcon_train.engine.state import TrainState
from pixcon_train.evaluation.iou_result import Absent

NAN = float("nan")


def scores(student: float, ema: float) -> dict[str, dict[str, float]]:
    return {name: {"miou": value, "miou_zero": value / 2} for name, value in (("student", student), ("ema", ema))}


def test_the_best_epoch_of_each_network() -> None:
    position = TrainState()
    better = []
    for epoch, (student, ema) in enumerate([(0.2, 0.1), (0.3, 0.1), (0.1, 0.4), (0.2, 0.4)], 1):
        position.epoch = epoch
        better.append(position.record(scores(student, ema), absent="skip"))
    assert better == [{"student", "ema"}, {"student"}, {"ema"}, set()]
    assert position.best["student"] == {"epoch": 2, "miou": 0.3, "score": 0.3}
    assert position.best["ema"] == {"epoch": 3, "miou": 0.4, "score": 0.4}
    assert position.stale == 1  # equal is not better


@pytest.mark.parametrize(("absent", "epoch"), [("skip", 1), ("zero", 2)])
def test_the_convention_chooses(absent: Absent, epoch: int) -> None:
    position = TrainState()
    for number, (skip, zero) in enumerate([(0.6, 0.3), (0.5, 0.4)], 1):
        position.epoch = number
        position.record({"ema": {"miou": skip, "miou_zero": zero}}, absent=absent)
    assert position.best["ema"]["epoch"] == epoch


def test_an_undefined_score_is_never_better() -> None:
    position = TrainState()
    assert position.record(scores(NAN, NAN), absent="skip") == {"student", "ema"}  # there is nothing yet
    assert position.record(scores(0.1, 0.1), absent="skip") == {"student", "ema"}
    assert position.record(scores(NAN, NAN), absent="skip") == set()
    assert position.best["ema"]["miou"] == 0.1
