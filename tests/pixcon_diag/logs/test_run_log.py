import math
from pathlib import Path

import pytest

from pixcon_diag.logs.run_log import read_run_log
from pixcon_train.errors import DataError
from pixcon_train.files import to_json
from pixcon_train.runlog import LOG, RunLog
from tests.training_logs import CLASSES, run_record, start_record


def write_run(folder: Path) -> Path:
    """A run of three epochs, the second not validated, through the trainer's own log."""
    log = RunLog(folder, iteration=0, epoch=0)
    log.write("start", start_record(tau=0.9))
    log.write("step", {"iteration": 5, "losses": {"loss": 9.0}, "mask_ratio": None})
    log.write("epoch", run_record(1, (0.9, 0.5, None)))
    log.write("epoch", run_record(2, (0.9, 0.5, 0.7), validated=False))
    log.write("epoch", run_record(3, (0.8, 0.4, 0.9)))
    log.close()
    return folder / LOG


def test_a_log_of_the_trainer(tmp_path: Path) -> None:
    run = read_run_log(write_run(tmp_path / "digits-clean-0"))
    assert run.name == "digits-clean-0" and run.classes == CLASSES and run.note is None
    assert run.config["consistency.tau"] == 0.9 and run.config["bank.rule"] == "clean"
    first, second, third = run.epochs
    assert first.ema.miou == 0.7 and first.ema.iou[:2] == (0.9, 0.5) and math.isnan(first.ema.iou[2])
    assert first.losses["loss"] == 0.5 and math.isnan(first.losses["loss_pix"])
    assert math.isnan(second.ema.miou) and second.ema.iou == () and second.mask_ratio == 0.6
    assert (third.epoch, run.first_epoch) == (3, 1)
    assert run.curve("ema") == {1: 0.7, 3: pytest.approx(0.7)}


def test_a_line_cut_off_by_a_crash_is_left_out_and_noted(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    path.write_text(path.read_text()[:-40], encoding="utf-8")
    run = read_run_log(path)
    assert len(run.epochs) == 2 and run.note is not None and "cut off" in run.note


def test_a_bad_line_elsewhere_is_an_error(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2][:50] + "\n"
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match="line 3 is no record of a run"):
        read_run_log(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no finished epoch"),
        ('{"event": "start", "config": {}}\n', "no finished epoch"),
        ("[1, 2]\n", "has no `event`"),
        ('{"event": "epoch", "epoch": 1}\n', "lacks 'validation'"),
    ],
)
def test_what_is_no_log_is_an_error(tmp_path: Path, content: str, says: str) -> None:
    (path := tmp_path / LOG).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_run_log(path)


def test_a_missing_log_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No log at"):
        read_run_log(tmp_path / LOG)


def test_the_history_is_strict_json(tmp_path: Path) -> None:
    assert "NaN" not in to_json(read_run_log(write_run(tmp_path)).to_dict())
