import math
import re
from pathlib import Path

import pytest

from pixcon_diag.logs.run_log import read_run_log
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import to_json
from pixcon_train.runs.log import LOG, RunLog
from tests.training_logs import CLASSES, run_record, start_record


def write_run(folder: Path) -> Path:
    """A run of three epochs, the second not validated, through the trainer's own log."""
    log = RunLog(folder, iteration=0, epoch=0)
    log.write("start", start_record(tau=0.9))
    log.write("step", {"iteration": 5, "losses": {"loss": 9.0}, "retention": None})
    log.write("epoch", run_record(1, (0.9, 0.5, None)))
    log.write("epoch", run_record(2, (0.9, 0.5, 0.7), validated=False))
    log.write("epoch", run_record(3, (0.8, 0.4, 0.9)))
    log.close()
    return folder / LOG


def write_telling(folder: Path) -> Path:
    """A run of two epochs that tells of pseudo-labels and bank, in the second of τ alone."""
    log = RunLog(folder, iteration=0, epoch=0)
    log.write("start", start_record())
    thresholds = dict(zip(CLASSES, (0.95, 0.5, 0.75), strict=True))
    bank = {"fill": 0.5, "entries": [2, 2, 2], "contamination": 0.5}
    told = {"threshold": 0.9, "contamination": 0.125, "replaced": 0.2, "thresholds": thresholds, "bank": bank}
    log.write("epoch", run_record(1, (0.9, 0.5, None), **told))
    untold = {"threshold": 0.8, "contamination": None, "thresholds": None, "bank": {**bank, "contamination": None}}
    log.write("epoch", run_record(2, (0.9, 0.5, None), **untold))
    log.close()
    return folder / LOG


def test_a_log_of_the_trainer(tmp_path: Path) -> None:
    run = read_run_log(write_run(tmp_path / "digits-clean-0"))
    assert run.name == "digits-clean-0" and run.classes == CLASSES and run.note is None
    assert run.config["consistency.tau"] == 0.9 and run.config["bank.rule"] == "clean"
    first, second, third = run.epochs
    assert first.ema.miou == 0.7 and first.ema.iou[:2] == (0.9, 0.5) and math.isnan(first.ema.iou[2])
    assert first.losses["loss"] == 0.5 and math.isnan(first.losses["loss_pix"])
    assert math.isnan(second.ema.miou) and second.ema.iou == () and second.retention == 0.6
    assert (third.epoch, run.first_epoch) == (3, 1)
    assert run.curve("ema") == {1: 0.7, 3: pytest.approx(0.7)}


def test_pseudo_labels_and_bank_in_training(tmp_path: Path) -> None:
    folder = tmp_path / "telling"
    write_telling(folder)
    first, second = read_run_log(folder / LOG).epochs
    assert (first.threshold, first.contamination, first.replaced, first.bank_contamination) == (0.9, 0.125, 0.2, 0.5)
    assert first.thresholds == dict(zip(CLASSES, (0.95, 0.5, 0.75), strict=True))
    assert second.threshold == 0.8 and second.thresholds == {}
    assert all(math.isnan(value) for value in (second.contamination, second.replaced, second.bank_contamination))


def test_logs_of_earlier_versions_do_not_tell_of_them(tmp_path: Path) -> None:
    for record in read_run_log(write_run(tmp_path)).epochs:
        values = (record.threshold, record.contamination, record.replaced, record.bank_contamination)
        assert all(math.isnan(value) for value in values) and record.thresholds == {}


def test_a_line_cut_off_by_a_crash_is_left_out_and_noted(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    path.write_text(path.read_text()[:-40], encoding="utf-8")
    run = read_run_log(path)
    assert len(run.epochs) == 2 and run.note is not None and "cut off" in run.note


def test_warnings_of_training_are_noted(tmp_path: Path) -> None:
    log = RunLog(tmp_path, iteration=None, epoch=0)
    log.write("start", {**start_record(), "warnings": ["too long a warm-up."]})
    log.write("epoch", run_record(1, (0.9, 0.5, None), warnings=["nothing retained."]))
    log.close()
    note = read_run_log(tmp_path / LOG).note
    assert note == "warning in training: too long a warm-up. warning in training: nothing retained."


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
        ('{"event": "epoch", "epoch": 1}\n', "`validation` is missing"),
        ('{"event": "epoch", "epoch": 1, "validation": []}\n', "Input should be a valid dictionary"),
        ('{"event": "epoch", "epoch": "x", "validation": {}}\n', "its `epoch` is no count"),
        ('{"event": "epoch", "epoch": ' + "9" * 10_000 + "}\n", "line 1 is no record of a run"),
        ('{"event": ' + "[" * 100_000 + "}\n", "line 1 is no record of a run"),
    ],
)
def test_what_is_no_log_is_an_error(tmp_path: Path, content: str, says: str) -> None:
    (path := tmp_path / LOG).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_run_log(path)


@pytest.mark.parametrize("value", ['"x"', "[1]", "1" + "0" * 400, "{}"])
def test_a_number_of_another_kind_is_one_message(tmp_path: Path, value: str) -> None:
    path = write_run(tmp_path)
    path.write_text(re.sub(r'"retention": [\d.]+', f'"retention": {value}', path.read_text()), encoding="utf-8")
    with pytest.raises(DataError, match=r"`retention` is .*: Input should be a valid number"):
        read_run_log(path)


def test_a_log_of_two_runs_or_of_other_classes_is_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    text = path.read_text()
    path.write_text(2 * text, encoding="utf-8")
    with pytest.raises(DataError, match="epoch 1 follows epoch 3: two runs wrote to this log"):
        read_run_log(path)
    first, last = text.rsplit("\n", 2)[:2]
    path.write_text(f"{first}\n{last.replace(CLASSES[0], 'other')}\n", encoding="utf-8")
    with pytest.raises(DataError, match="epoch 3 has IoUs of other classes"):
        read_run_log(path)


SEPARATORS = [chr(code) for code in range(0x110000) if len(f"a{chr(code)}b".splitlines()) > 1]
"""Every character at which Python's ``splitlines`` splits."""


def separated(ascii_only: bool) -> str:
    """A log whose class names hold every one of them; earlier versions wrote them as they are."""
    iou = {f"a{each}b": 0.5 for each in SEPARATORS}
    record = {**run_record(1, (0.9, 0.5, None)), "validation": {"ema": {"miou": 0.5, "iou": iou}}}
    records = [{"event": "start", **start_record()}, {"event": "epoch", **record}]
    return "".join(to_json(each, indent=None, ascii_only=ascii_only) + "\n" for each in records)


@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_line_separator_in_a_class_name(tmp_path: Path, ascii_only: bool) -> None:
    (path := tmp_path / LOG).write_text(separated(ascii_only), encoding="utf-8")
    assert read_run_log(path).classes == tuple(f"a{each}b" for each in SEPARATORS)
    log = RunLog(tmp_path, iteration=10, epoch=1)
    log.write("epoch", {**run_record(2, (0.9, 0.5, None)), "validation": {}})
    log.close()
    content = path.read_bytes()
    assert content.isascii() and len(content.decode().splitlines()) == 3
    assert len(read_run_log(path).epochs) == 2


def test_a_missing_log_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No log at"):
        read_run_log(tmp_path / LOG)


def test_the_history_is_strict_json(tmp_path: Path) -> None:
    assert "NaN" not in to_json(read_run_log(write_run(tmp_path)).to_dict())


def test_retention_is_read_under_its_old_name_too(tmp_path: Path) -> None:
    """A run that began before the name changed, and was resumed after it."""
    path = write_run(tmp_path / "mine")
    new = [record.retention for record in read_run_log(path).epochs]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"retention":', '"mask_ratio":', 2), encoding="utf-8")
    assert '"mask_ratio":' in path.read_text(encoding="utf-8")
    assert [record.retention for record in read_run_log(path).epochs] == new
