"""How far a run is by its log, while it is written."""

import json
import math
from pathlib import Path

import pytest

from pixcon_train.runs.log_file import LOG, last_records, log_line
from pixcon_train.sweeps.jobs import RunProgress, run_progress


def epoch(number: int, miou: float | None, seconds: float = 10.0) -> str:
    validation = {} if miou is None else {"student": {"miou": 0.0}, "ema": {"miou": miou}}
    record = {"epoch": number, "epochs": 5, "iteration": 4 * number, "validation": validation, "seconds": seconds}
    return log_line({"event": "epoch", **record})


def test_a_run_without_an_epoch_is_at_its_start(tmp_path: Path) -> None:
    assert str(run_progress(tmp_path)) == str(RunProgress())
    (tmp_path / LOG).write_text(log_line({"event": "start", "iteration": 0}))
    assert str(run_progress(tmp_path)) == str(RunProgress())


def test_the_last_epoch_validation_and_speed_count(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text(epoch(1, 0.25, 99.0) + epoch(2, None) + log_line({"event": "step", "iteration": 10}))
    assert run_progress(tmp_path) == RunProgress(2, 0.25, 25.0)  # 10 of 20 iterations, 2.5 s each
    (tmp_path / LOG).write_text(epoch(5, 0.5))
    assert run_progress(tmp_path) == RunProgress(5, 0.5, 0.0)


def test_a_line_that_is_being_written_and_a_log_of_something_else_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text(epoch(1, 0.25) + epoch(2, 0.5)[:40])
    assert run_progress(tmp_path).epoch == 1
    (tmp_path / LOG).write_text("nothing\n" + log_line({"event": "epoch", "epoch": 3}))
    found = run_progress(tmp_path)
    assert found.epoch == 3 and math.isnan(found.miou)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "1" + 400 * "0"])
@pytest.mark.parametrize("name", ["epochs", "seconds", "miou"])
def test_a_number_without_bounds_is_unknown(tmp_path: Path, name: str, number: str) -> None:
    record = json.loads(epoch(3, 0.5))
    (record["validation"]["ema"] if name == "miou" else record)[name] = "HERE"
    (tmp_path / LOG).write_text(json.dumps(record).replace('"HERE"', number) + "\n")
    found = run_progress(tmp_path)
    assert found.epoch == 3
    assert not math.isinf(found.miou) and (math.isnan(found.seconds_left) or 0 <= found.seconds_left < 100)


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixcon_train.runs.log_file._END", 100)
    (tmp_path / LOG).write_text("".join(log_line({"event": "step", "iteration": number}) for number in range(1000)))
    assert [record["iteration"] for record in last_records(tmp_path / LOG)] == [998, 999]
