import json
import math
from pathlib import Path
from random import Random

import pytest

from pixcon_diag.logs.histories import read_histories, read_history
from pixcon_train.core.errors import DataError
from tests.training_logs import chart_text, lightning_text

PLAIN = """epoch,student_miou,ema_miou,iou/road,iou/car,loss_x,mask_ratio,threshold,lr
1,41.25,40,51.5,31,0.9,0.5,0.95,0.1
2,61.25,,71.5,51,0.8,0.7,0.95,0.1
"""


def write(folder: Path, text: str, name: str = "run.csv") -> Path:
    folder.mkdir(exist_ok=True)
    (path := folder / name).write_text(text, encoding="utf-8")
    return path


def test_a_plain_table(tmp_path: Path) -> None:
    run = read_history(write(tmp_path, PLAIN))
    assert (run.name, run.format, run.first_epoch, run.classes) == ("run", "table", 1, ("road", "car"))
    first, second = run.epochs
    assert (first.epoch, first.student.miou, first.ema.miou) == (1, 0.4125, 0.4)
    assert first.student.iou == (0.515, 0.31) and first.ema.iou == ()
    assert (first.losses, first.retention, first.threshold) == ({"loss_x": 0.9}, 0.5, 0.95)
    assert math.isnan(second.ema.miou) and second.student.miou == 0.6125
    assert run.note == "mIoU read as per cent (student: `student_miou`, ema: `ema_miou`). " + (
        "Also read: `epoch`, `iou/road`, `iou/car`, `loss_x`, `mask_ratio`, `threshold`. Not read: `lr`."
    )


def test_fractions_and_per_cent_give_the_same_run(tmp_path: Path) -> None:
    rows = [[1, 0.25, 0.5], [2, 0.75, 0.125]]
    per_cent = read_history(
        write(tmp_path, "epoch,miou,iou/a\n" + "".join(f"{e},{100 * m},{100 * c}\n" for e, m, c in rows))
    )
    fractions = read_history(write(tmp_path, "epoch,miou,iou/a\n" + "".join(f"{e},{m},{c}\n" for e, m, c in rows)))
    assert per_cent.epochs == fractions.epochs
    assert "fractions" in (fractions.note or "") and "per cent" in (per_cent.note or "")


def test_lightnings_csv_logger_spreads_an_epoch_over_rows(tmp_path: Path) -> None:
    folder = tmp_path / "version_3"
    write(folder, lightning_text([(0.41, 0.85), (0.55, 0.7)]), "metrics.csv")
    run = read_history(folder)
    assert (run.name, run.first_epoch, run.curve("student")) == ("version_3", 0, {1: 0.41, 2: 0.55})
    assert [record.losses for record in run.epochs] == [{"loss": 0.85}, {"loss": 0.7}]
    assert run.note is not None and run.note.startswith("mIoU read as fractions (student: `val/mIoU`). Also read: ")
    assert "`epoch`" in run.note and run.note.endswith("Not read: `train_loss_step`.")


def test_values_of_an_epoch_may_stand_in_any_of_its_rows(tmp_path: Path) -> None:
    """Each row split into rows with one value each, in any order, gives the same run."""
    header, *rows = PLAIN.splitlines()
    generator, split = Random(0), [header]
    for row in rows:
        epoch, *cells = row.split(",")
        alone = [[epoch, *(cell if k == place else "" for k, cell in enumerate(cells))] for place in range(len(cells))]
        generator.shuffle(alone)
        split += [",".join(cells) for cells in alone]
    whole, apart = read_history(write(tmp_path, PLAIN)), read_history(write(tmp_path, "\n".join(split)))
    for one, other in zip(whole.epochs, apart.epochs, strict=True):
        assert one.student == other.student and one.losses == other.losses and one.retention == other.retention


def test_rows_without_an_epoch_belong_to_the_next_evaluation(tmp_path: Path) -> None:
    """As W&B records them: the losses of steps, then the evaluation with its epoch; the last row lacks one."""
    rows = [
        {"_step": 0, "train/loss": 1.0, "_runtime": 3.5},
        {"_step": 1, "train/loss": 0.5},
        {"_step": 2, "epoch": 0, "eval/mIoU": 50.0, "eval/mIoU_ema": 52.5},
        {"_step": 3, "train/loss": 0.25},
        {"_step": 4, "epoch": 1, "eval/mIoU": 60.0, "eval/mIoU_ema": 62.5},
        {"_step": 5, "train/loss": 9.0},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    run = read_history(write(tmp_path / "seed0", text, "wandb-history.jsonl"))
    assert run.name == "seed0" and run.curve("ema") == {1: 0.525, 2: 0.625}
    assert [record.losses["loss"] for record in run.epochs] == [0.75, 0.25]


def test_parts_of_epochs_belong_to_the_epoch_in_progress(tmp_path: Path) -> None:
    run = read_history(write(tmp_path, "epoch,loss,eval_miou\n0.5,2,\n1.0,1,\n1.0,,0.5\n1.25,0.5,\n2.0,,0.625\n"))
    assert run.first_epoch == 1 and run.curve("student") == {1: 0.5, 2: 0.625}
    assert [record.losses["loss"] for record in run.epochs] == [1.5, 0.5]


def test_without_epochs_evaluations_are_counted(tmp_path: Path) -> None:
    run = read_history(write(tmp_path, "Step,loss,mIoU\n10,1,\n20,,0.5\n30,0.5,\n40,,0.25\n"))
    assert run.curve("student") == {1: 0.5, 2: 0.25} and [r.losses["loss"] for r in run.epochs] == [1.0, 0.5]
    assert "There is no column `epoch`: evaluations are counted, at steps 20 to 40." in (run.note or "")
    run = read_history(write(tmp_path, "mIoU\n0.5\n"))
    assert (run.note or "").endswith("There is no column `epoch`: evaluations are counted.")


def test_a_chart_of_several_runs(tmp_path: Path) -> None:
    path = write(tmp_path, chart_text({"seed 0": [51.5, 61.5], "a - b": [50.0, 62.0]}))
    runs = read_histories(path)
    assert {run.name: run.curve("student") for run in runs} == {
        "seed 0": {1: 0.515, 2: 0.615},
        "a - b": {1: 0.5, 2: 0.62},
    }
    with pytest.raises(DataError, match="holds 2 runs, expected one"):
        read_history(path)


def test_augsegs_own_table(tmp_path: Path) -> None:
    text = "epoch,loss_lb,loss_ub,miou_stu,miou_tea,best,best-stu\n0,0.3,0.1,-1000.0,0.0869,0.0869,0\n"
    run = read_history(write(tmp_path, text + "1,0.2,0.1,-1000.0,0.1,0.1,0\n"))
    assert run.curve("ema") == {1: 0.0869, 2: 0.1} and run.curve("student") == {}
    assert run.epochs[0].losses == {"loss_x": 0.3, "loss_u": 0.1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "epoch,acc,name\n1,0.5,a\n",
            "has no column with a mIoU; it has `epoch`, `acc`, `name`. Name the columns as `epoch`",
        ),
        ("epoch,miou\n1,\n", "no evaluated epoch"),
        ("epoch,miou\n2,0.5\n1,0.5\n", "the epochs begin again, epoch 1 after epoch 2"),
        ("step,miou\n20,0.5\n30,\n10,0.5\n", "the steps begin again, step 10 after step 20"),
        ("epoch,miou\n-1,0.5\n", "found the epoch -1, expected"),
        ("epoch,miou\n1e300,0.5\n", "found the epoch 1e+300, expected"),
        ("epoch,miou\n" + "".join(f"{k},1\n" for k in range(20_001)), "has 20,001 epochs; at most 20,000 are read"),
        ("epoch,miou\n1,-0.5\n", "column `miou`: found -0.5, expected"),
        ("epoch,miou\n1,101\n", "column `miou`: found 101, expected"),
        ("epoch,miou\n1,inf\n", "column `miou`: found inf, expected"),
    ],
    ids=range(10),
)
def test_a_table_that_makes_no_sense_is_one_message(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read_history(write(tmp_path, text))
    assert says in str(caught.value)
