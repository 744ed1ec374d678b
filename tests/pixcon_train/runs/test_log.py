"""The log: what is written can be read, and what a crash left is repaired."""

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pixcon_train.core.errors import DataError, PixConError
from pixcon_train.runs.log import LOG, RunLog, read_log


def filled(folder: Path) -> Path:
    log = RunLog(folder, iteration=0, epoch=0)
    log.write("start", {"iteration": 0, "config": {"seed": 1}})
    for iteration in (2, 4):
        log.write("step", {"iteration": iteration, "losses": {"loss": 1 / iteration}})
    log.write("epoch", {"iteration": 4, "epoch": 1, "validation": {"ema": {"iou": {"sky": float("nan")}}}})
    log.close()
    return folder / LOG


def test_records_come_back_and_undefined_is_null(tmp_path: Path) -> None:
    records = read_log(filled(tmp_path))
    assert [record["event"] for record in records] == ["start", "step", "step", "epoch"]
    assert records[1]["losses"]["loss"] == 0.5
    assert records[3]["validation"]["ema"]["iou"]["sky"] is None


def test_tensorboard_has_the_same_numbers(tmp_path: Path) -> None:
    filled(tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("step/losses/loss")] == [(2, 0.5), (4, 0.25)]
    assert "epoch/validation/ema/iou/sky" in events.Tags()["scalars"]
    assert not any(tag.startswith("start/") for tag in events.Tags()["scalars"])  # constants, which hide the curves


@pytest.mark.parametrize(
    ("iteration", "epoch", "kept"),
    [
        (0, 0, ["start"]),
        (2, 0, ["start", "step"]),
        (4, 0, ["start", "step", "step"]),
        (4, 1, ["start", "step", "step", "epoch"]),
    ],
)
def test_records_beyond_the_checkpoint_are_dropped(tmp_path: Path, iteration: int, epoch: int, kept: list[str]) -> None:
    path = filled(tmp_path)
    RunLog(tmp_path, iteration=iteration, epoch=epoch).close()
    assert [record["event"] for record in read_log(path)] == kept


def test_a_line_cut_off_by_a_crash_is_dropped(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_text(path.read_text() + '{"event": "st')
    assert len(read_log(path)) == 4
    RunLog(tmp_path, iteration=4, epoch=1).close()
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_damaged_line_elsewhere_is_no_reason_to_drop_what_follows(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_text(path.read_text().replace('"losses"', "losses", 1))
    before = path.read_bytes()
    with pytest.raises(DataError, match="line 2 is no record of a run"):
        RunLog(tmp_path, iteration=4, epoch=1)
    assert path.read_bytes() == before


def test_no_log_has_no_records(tmp_path: Path) -> None:
    assert read_log(tmp_path / LOG) == []


def test_a_log_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    log = RunLog(tmp_path, iteration=0, epoch=0)
    (tmp_path / LOG).unlink()
    (tmp_path / LOG).mkdir()
    with pytest.raises(PixConError, match=r"Could not write .*log\.jsonl"):
        log.write("step", {"iteration": 1})
