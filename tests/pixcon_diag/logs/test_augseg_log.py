import math
from pathlib import Path

import pytest

from pixcon_diag.logs.text_logs import read_text_log
from pixcon_train.core.errors import DataError
from tests.training_logs import AUGSEG, augseg_text

TWO = [((90.0, 50.0, 70.0), (91.0, 52.5, 71.0)), ((92.0, 54.0, 70.0), (90.0, 50.0, 70.0))]


def write(folder: Path, text: str) -> Path:
    (path := folder / "run.log").write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("colors", [True, False])
def test_hand_written_log(tmp_path: Path, colors: bool) -> None:
    run = read_text_log(write(tmp_path, augseg_text(TWO, colors=colors)))
    assert (run.format, run.first_epoch, run.absent, run.note) == ("augseg", 0, "zero", None)
    assert run.classes == ("class 0", "class 1", "class 2") and run.config["net.num_classes"] == 3
    first = run.epochs[0]
    assert first.student.iou == (0.9, 0.5, 0.7) and first.student.miou == 0.7
    assert first.ema.iou == (0.91, 0.525, 0.71) and first.ema.miou == 0.715
    # the mean of the numbers in brackets of both progress lines
    assert first.retention == pytest.approx(0.7)
    assert first.losses == pytest.approx({"loss_x": 0.2, "loss_u": 0.4})
    assert run.best("ema").epoch == 0 and run.best("student").epoch == 1  # type: ignore[union-attr]


def test_epochs_without_an_evaluation_keep_their_training_values(tmp_path: Path) -> None:
    run = read_text_log(write(tmp_path, augseg_text([(None, TWO[0][1]), (None, None), (None, TWO[1][1])])))
    assert run.best("student") is None and run.curve("ema") == {1: 0.715, 3: 0.7}
    assert math.isnan(run.epochs[1].ema.miou) and run.epochs[1].losses["loss_u"] == pytest.approx(0.4)


def test_a_labeled_only_log_has_the_student_alone(tmp_path: Path) -> None:
    text = augseg_text([(TWO[0][0], None)]).replace("MIoU: 70.00/-100000.00.", "MIoU: 70.00.")
    line = text[text.index("\x1b[34m") :]
    text = text.replace(line, " Best: 70.00/0\n").replace(".   Best", ". Best")
    progress = (
        f"{AUGSEG}Epoch/Iter [80: 0/  1]\tData 0.00 (0.00)\tTime 0.63 (1.12)\tLoss 5.6722 (5.9201)\tLR 0.00100 \t\n"
    )
    lines = [line for line in text.splitlines(keepends=True) if "Sup:" not in line]
    run = read_text_log(write(tmp_path, "".join([*lines[:-4], progress, *lines[-4:]])))
    (record,) = run.epochs
    assert record.student.miou == 0.7 and math.isnan(record.ema.miou) and math.isnan(record.retention)
    assert record.losses == {"loss": 5.9201}


def test_another_stated_best_is_refused(tmp_path: Path) -> None:
    text = augseg_text(TWO).replace("Best-EMA: 71.50/0\x1b[0m\n", "Best-EMA: 71.49/0\x1b[0m\n", 1)
    with pytest.raises(DataError, match=r"a best EMA mIoU of 71.49 at epoch 0, whose own is 71.50"):
        read_text_log(write(tmp_path, text))


def test_class_names_are_those_of_the_stated_data_set(tmp_path: Path) -> None:
    ious = tuple(float(k) for k in range(21))
    text = augseg_text([(ious, ious)]).replace("'num_classes': 3", "'num_classes': 21").replace("own_", "pascal_")
    assert read_text_log(write(tmp_path, text)).classes[:2] == ("background", "aeroplane")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("class [1] IoU 50.00\n", "class [1] IoU 5#.00\n", "found class 2 where class 1 of 3 is due"),
        ("class [1] IoU 50.00", "class [1] IoU 55.00", "epoch 0 states a MeanIoU of 70.00, but its classes' is 71.67"),
        ("Epoch: 1.", "Epoch: 2.", "epoch 2 follows epoch 0"),
        ("Epoch: 1.", "Epoch: 0.", "the epochs begin again, epoch 0 after epoch 0"),
        ("MIoU: 72.00/70.00", "MIoU: -100000.00/70.00", "epoch 1 has 6 class IoUs, where 1 times 3 are due"),
    ],
)
def test_a_damaged_log_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = augseg_text(TWO)
    assert old in text
    with pytest.raises(DataError) as caught:
        read_text_log(write(tmp_path, text.replace(old, new, 1)))
    assert says in str(caught.value)


def test_every_cut_is_refused_or_noted(tmp_path: Path) -> None:
    whole = augseg_text([*TWO, TWO[0]])
    for end in range(0, len(whole.rstrip()) - 60, 7):
        try:
            run = read_text_log(write(tmp_path, whole[:end]))
        except DataError:
            continue
        assert run.note is not None and [record.epoch for record in run.epochs] == list(range(len(run.epochs)))
