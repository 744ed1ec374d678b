from pathlib import Path

import pytest

from pixcon_diag.logs.text_logs import read_text_log
from pixcon_train.core.errors import DataError
from tests.training_logs import CWBASS, cwbass_text


def write(folder: Path, text: str, name: str = "run.log") -> Path:
    folder.mkdir(exist_ok=True)
    (path := folder / name).write_text(text, encoding="utf-8")
    return path


def test_hand_written_log(tmp_path: Path) -> None:
    run = read_text_log(write(tmp_path / "cityscapes_92", cwbass_text([(52.11, 54.32), (53.0, 54.0)]), "out.log"))
    assert (run.name, run.format, run.first_epoch, run.absent) == ("cityscapes_92", "cwbass", 1, "skip")
    assert run.config["backbone"] == "resnet101" and run.note is None and run.classes == ()
    first = run.epochs[0]
    assert (first.epoch, first.student.miou, first.ema.miou, first.retention) == (1, 0.5211, 0.5432, 0.9123)
    assert first.losses == {"loss": 0.123, "loss_x": 0.1, "loss_u": 0.146}
    assert run.best("ema").epoch == 1 and run.best("student").epoch == 2  # type: ignore[union-attr]


def test_single_spaces_and_a_line_without_training_values(tmp_path: Path) -> None:
    text = cwbass_text([(52.11, 54.32)]).replace("  |  ", " | ")
    text = text.replace(" | Loss: 0.123 (x=0.100 s=0.146) | Mask: 0.9123", "")
    (record,) = read_text_log(write(tmp_path, text)).epochs
    assert record.ema.miou == 0.5432 and record.losses == {} and record.retention != record.retention


def test_a_run_that_stopped_early_or_in_an_epoch_is_noted(tmp_path: Path) -> None:
    text = cwbass_text([(52.11, 54.32)], epochs=80)
    assert read_text_log(write(tmp_path, text)).note == "the run ends after 1 of 80 epochs."
    run = read_text_log(write(tmp_path, text + f"{CWBASS}Epoch 2/80  (warmup)\n"))
    assert run.note == "the run ends after 1 of 80 epochs; the epoch in progress was not evaluated."


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("best EMA: 54.32%", "best EMA: 54.30%", "a best EMA mIoU of 54.30 at epoch 1, whose own is 54.32"),
        ("Epoch 2/", "Epoch 3/", "epoch 3 follows epoch 1"),
        ("Epoch 2/", "Epoch 1/", "the epochs begin again, epoch 1 after epoch 1"),
        ("Epoch 2/", "Epoch of/", "found an evaluation outside of any epoch"),
        ("Student mIoU", "Student", "has no evaluated epoch"),
        ("Namespace(", "Namespace(*x, ", "is not a text log of a known format"),
        ("num_classes=21", "num_classes=__import__('os')", "is not a text log of a known format"),
    ],
)
def test_a_damaged_log_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = cwbass_text([(52.11, 54.32), (53.0, 54.0)])
    assert old in text
    with pytest.raises(DataError) as caught:
        read_text_log(write(tmp_path, text.replace(old, new)))
    assert says in str(caught.value)
