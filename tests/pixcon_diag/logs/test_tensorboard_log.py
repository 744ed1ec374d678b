from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from pixcon_diag.logs.run_log import read_run_log
from pixcon_diag.logs.tensorboard_log import read_tensorboard
from pixcon_train.core.errors import DataError
from tests.pixcon_diag.logs.test_run_log import write_run, write_telling


def test_the_trainers_own_files_say_what_its_log_says(tmp_path: Path) -> None:
    log = write_run(tmp_path / "mine")
    run, board = read_run_log(log), read_tensorboard(tmp_path / "mine/tensorboard")
    assert (board.name, board.first_epoch) == ("mine", 1)
    assert board.classes == run.classes
    for record, other in zip(run.epochs, board.epochs, strict=True):
        assert other.epoch == record.epoch
        assert other.retention == pytest.approx(record.retention)
        assert other.losses["loss"] == pytest.approx(record.losses["loss"])
        assert other.ema.miou == pytest.approx(record.ema.miou, nan_ok=True)
        assert other.student.iou == pytest.approx(record.student.iou, nan_ok=True)


def test_the_trainers_own_files_tell_of_pseudo_labels_and_bank(tmp_path: Path) -> None:
    run, board = read_run_log(write_telling(tmp_path / "mine")), read_tensorboard(tmp_path / "mine/tensorboard")
    assert list(board.epochs[0].thresholds) == list(run.epochs[0].thresholds)
    assert board.epochs[0].thresholds == pytest.approx(run.epochs[0].thresholds)
    for record, other in zip(run.epochs, board.epochs, strict=True):
        for name in ("threshold", "contamination", "replaced", "bank_contamination"):
            assert getattr(other, name) == pytest.approx(getattr(record, name), nan_ok=True), name


def unimatch(folder: Path) -> None:
    """Two epochs of three iterations as UniMatch V2 writes them, and the beginning of a third."""
    with SummaryWriter(str(folder)) as writer:
        for iteration in range(7):
            writer.add_scalar("train/loss_all", float(iteration), iteration)
            writer.add_scalar("train/mask_ratio", iteration / 10, iteration)
            if iteration in (2, 5):
                epoch = iteration // 3
                writer.add_scalar("eval/mIoU", 60.0 + epoch, epoch)
                writer.add_scalar("eval/mIoU_ema", 70.0 + epoch, epoch)
                for k, name in enumerate(("background", "tv/monitor")):
                    writer.add_scalar(f"eval/{name}_IoU", 10.0 * k + epoch, epoch)
                    writer.add_scalar(f"eval/{name}_IoU_ema", 20.0 * k + epoch, epoch)


def test_unimatch_v2(tmp_path: Path) -> None:
    unimatch(tmp_path / "run")
    run = read_tensorboard(tmp_path / "run")
    assert (run.name, run.first_epoch, run.classes) == ("run", 0, ("background", "tv/monitor"))
    assert [record.epoch for record in run.epochs] == [0, 1]
    assert [record.ema.miou for record in run.epochs] == pytest.approx([0.70, 0.71])
    assert run.epochs[1].ema.iou == pytest.approx((0.01, 0.21))
    assert run.epochs[1].student.iou == pytest.approx((0.01, 0.11))
    # means over iterations 0..2 and 3..5; the third epoch was not evaluated
    assert [record.losses["loss"] for record in run.epochs] == [1.0, 4.0]
    assert [record.retention for record in run.epochs] == pytest.approx([0.1, 0.4])
    assert set(run.epochs[0].losses) == {"loss"}


def test_two_runs_in_a_folder_are_never_one(tmp_path: Path) -> None:
    for number, evaluations in enumerate(((40.0, 80.0, 55.0), (10.0, 20.0))):
        with SummaryWriter(str(tmp_path / "run"), filename_suffix=f".{number}") as writer:
            for epoch, value in enumerate(evaluations):
                writer.add_scalar("train/loss_all", 1.0, epoch)
                writer.add_scalar("eval/mIoU", value - 1, epoch)
                writer.add_scalar("eval/mIoU_ema", value, epoch)
    run = read_tensorboard(tmp_path / "run")
    assert run.curve("ema") == pytest.approx({1: 0.1, 2: 0.2})
    assert run.note is not None and "several runs" in run.note
    first = min((tmp_path / "run").iterdir())
    alone = read_tensorboard(first)
    assert alone.curve("ema") == pytest.approx({1: 0.4, 2: 0.8, 3: 0.55}) and alone.note is None
    assert first.name in run.note


def test_cwbass_v2_counts_epochs_from_1_and_writes_means(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path / "run")) as writer:
        for epoch in (1, 2):
            for step in range(3):
                writer.add_scalar("train/mask_ratio", 0.9, 3 * epoch + step)
            for tag, value in {"eval/mIoU": 50.0, "eval/mIoU_ema": 40.0, "train/epoch_loss_s": 0.5}.items():
                writer.add_scalar(tag, value * epoch, epoch)
            writer.add_scalar("train/epoch_mask_ratio", 0.25 * epoch, epoch)
            writer.add_scalar("eval/sofa_IoU", 10.0 * epoch, epoch)
    run = read_tensorboard(tmp_path / "run")
    assert (run.first_epoch, run.classes, run.absent) == (1, ("sofa",), "skip")
    assert run.curve("ema") == pytest.approx({1: 0.4, 2: 0.8}) and run.epochs[1].student.iou == pytest.approx((0.2,))
    assert [record.retention for record in run.epochs] == [0.25, 0.5]
    assert [record.losses for record in run.epochs] == [{"loss_u": 0.5}, {"loss_u": 1.0}]


def test_pixcons_release(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path / "run")) as writer:
        for epoch in (1, 2):
            writer.add_scalar("train/mask", 0.25 * epoch, epoch)
            writer.add_scalar("eval/miou", 50.0 * epoch, epoch)
            writer.add_scalar("eval/miou_ema", 40.0 * epoch, epoch)
    run = read_tensorboard(tmp_path / "run")
    assert (run.first_epoch, run.classes) == (1, ())
    assert run.curve("ema") == pytest.approx({1: 0.4, 2: 0.8}) and run.curve("student") == pytest.approx({1: 0.5, 2: 1})
    assert [record.retention for record in run.epochs] == [0.25, 0.5]


def test_a_folder_without_event_files_and_curves_of_others_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No TensorBoard event file"):
        read_tensorboard(tmp_path)
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("accuracy", 0.5, 0)
    with pytest.raises(DataError, match=r"expected one of the tags .* found accuracy"):
        read_tensorboard(tmp_path)


def test_retention_is_read_under_its_old_tag_too(tmp_path: Path) -> None:
    """Two epochs of a run that began before the name changed, and was resumed after it."""
    with SummaryWriter(str(tmp_path)) as writer:
        for iteration, tag in ((10, "epoch/mask_ratio"), (20, "epoch/retention")):
            writer.add_scalar("epoch/losses/loss", 1.0, iteration)
            writer.add_scalar("epoch/validation/ema/miou", 0.5, iteration)
            writer.add_scalar(tag, iteration / 100, iteration)
    assert [record.retention for record in read_tensorboard(tmp_path).epochs] == pytest.approx([0.1, 0.2])
