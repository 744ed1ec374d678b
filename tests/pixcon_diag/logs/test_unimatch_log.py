import math
import os
import re
from pathlib import Path
from time import process_time

import pytest

from pixcon_diag.logs.text_logs import read_text_log
from pixcon_train.core.errors import DataError
from tests.training_logs import CLASSES, epoch_text, header, write_unimatch

TWO = [[(90.0, 91.0), (50.0, 52.5), (70.0, 71.01)], [(92.0, 90.0), (54.0, 50.0), (70.0, 70.0)]]


def test_hand_written_log(tmp_path: Path) -> None:
    run = read_text_log(write_unimatch(tmp_path / "run0.7.log", TWO, criterion={"kwargs": {"thresh": 0.7}}))
    assert run.name == "run0.7" and run.classes == CLASSES and run.first_epoch == 0 and run.note is None
    assert run.config["conf_thresh"] == 0.95 and run.config["criterion.kwargs.thresh"] == 0.7
    first = run.epochs[0]
    assert first.student.iou == (0.9, 0.5, 0.7) and first.student.miou == 0.7
    assert first.ema.iou == (0.91, 0.525, 0.7101) and first.ema.miou == 0.7150
    # the last progress line, a running mean, stands for the epoch
    assert first.retention == 0.5 and first.losses == {"loss": 0.32, "loss_x": 0.6, "loss_u": 0.04}
    assert run.best("ema").epoch == 0 and run.best("student").epoch == 1  # type: ignore[union-attr]


def test_labeled_only_log_has_no_teacher(tmp_path: Path) -> None:
    run = read_text_log(write_unimatch(tmp_path / "run.log", [[(k, None) for k in (90.0, 50.0, 70.0)]]))
    assert run.best("ema") is None and run.best("student").miou == 0.7  # type: ignore[union-attr]
    assert math.isnan(run.epochs[0].retention) and run.epochs[0].losses == {"loss": 0.32}


def test_lines_of_others_are_passed_over(tmp_path: Path) -> None:
    text = header() + "UserWarning: xFormers is not available\n" + epoch_text(0, TWO[0]) + epoch_text(1, TWO[1])
    (path := tmp_path / "run.log").write_text(text)
    assert len(read_text_log(path).epochs) == 2


LAUNCHER = """phoenix-srun: Job 5776 scheduled successfully!
/env/torch/distributed/launch.py:208: FutureWarning: torch.distributed.launch is deprecated
  main()
[W socket.cpp:601] [c10d] {'nclass': 'none of the configuration'}
*****************************************
xFormers not available
"""


def test_lines_before_the_configuration_are_passed_over(tmp_path: Path) -> None:
    plain = read_text_log(write_unimatch(tmp_path / "run.log", TWO))
    path = tmp_path / "run.log"
    path.write_text(LAUNCHER + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_text_log(path) == plain


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings_of_windows(tmp_path: Path, encoding: str) -> None:
    plain = read_text_log(write_unimatch(tmp_path / "run.log", TWO))
    path = tmp_path / "run.log"
    path.write_text(path.read_text(encoding="utf-8"), encoding=encoding, newline="\r\n")
    assert read_text_log(path) == plain


def test_an_ema_that_is_not_the_teacher_is_read_and_said(tmp_path: Path) -> None:
    plain = read_text_log(write_unimatch(tmp_path / "run.log", TWO))
    path = tmp_path / "run.log"
    path.write_text(path.read_text(encoding="utf-8").replace("EMA:", "EMA (not used as teacher):"), encoding="utf-8")
    run = read_text_log(path)
    assert run.epochs == plain.epochs
    assert run.note == "the EMA was evaluated but was not the teacher."


def test_unimatch_v1s_and_prevmatchs_words(tmp_path: Path) -> None:
    """No EMA column, `meanIOU`, `Mask`, and more numbers in the progress lines."""
    path = write_unimatch(tmp_path / "run.log", [[(k, None) for k in (90.0, 50.0, 70.0)]])
    text = path.read_text(encoding="utf-8").replace("MeanIoU", "meanIOU")
    progress = "Iters: 81, iter time: 10.111, Total loss: 0.300, Loss x: 0.400, Loss s: 0.200, Loss fp: 0.1, Mask: 0.36"
    path.write_text(re.sub(r"Iters: 81, .*", progress, text), encoding="utf-8")
    (record,) = read_text_log(path).epochs
    assert record.student.miou == 0.7 and math.isnan(record.ema.miou) and record.retention == 0.36
    assert record.losses == {"loss": 0.3, "loss_x": 0.4, "loss_u": 0.2, "loss_fp": 0.1}


def test_the_log_of_another_run_appended_is_one_message(tmp_path: Path) -> None:
    path = write_unimatch(tmp_path / "run.log", TWO)
    path.write_text(2 * path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DataError, match=r"the epochs begin again, epoch 0 after epoch 1.* a separate file"):
        read_text_log(path)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ("Changed IoU: 48.19", "is a log of change detection: .* no mIoU"),
        ("Depth error: 48.19", r"of an unknown form, without a mIoU: found .*Depth error: 48.19"),
    ],
)
def test_another_tasks_evaluations_are_refused(tmp_path: Path, found: str, says: str) -> None:
    line = f"[2023-03-24 15:36:45,930][    INFO] ***** Evaluation ***** >>>> {found}\n"
    (path := tmp_path / "run.log").write_text(header() + epoch_text(0, TWO[0])[:200] + "\n" + line, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_text_log(path)


@pytest.mark.parametrize("stated", ["70.00 @epoch-0, EMA: 71.50 @epoch-0", "70.00"])
def test_a_stated_best_is_that_of_the_epochs(tmp_path: Path, stated: str) -> None:
    path = write_unimatch(tmp_path / "run.log", TWO)
    text = path.read_text(encoding="utf-8")
    for best, says in (
        (stated, None),
        (stated.replace("70.00", "70.01"), "a best student mIoU of 70.01.*, but the best of its epochs is 70.00"),
        (stated.replace("71.50", "71.49"), "a best EMA mIoU of 71.49 at epoch 0, whose own is 71.50, but"),
    ):
        path.write_text(text.replace("Epoch: 1, LR: 0.00100", f"Epoch: 1, Previous best: {best}"), encoding="utf-8")
        if best == stated or says is None:
            assert len(read_text_log(path).epochs) == 2
            continue
        with pytest.raises(DataError, match=says):
            read_text_log(path)


def test_a_log_that_continues_a_run_is_read_and_noted(tmp_path: Path) -> None:
    text = epoch_text(1, TWO[1]).replace("LR: 0.00100", "Previous best: 70.50 @epoch-0, EMA: 71.50 @epoch-0")
    (path := tmp_path / "run.log").write_text(header() + text, encoding="utf-8")
    note = read_text_log(path).note
    assert note is not None and "continues a run whose best student mIoU was 70.50 before." in note


def test_time_grows_with_the_length_of_a_log_alone(tmp_path: Path) -> None:
    path = write_unimatch(tmp_path / "run.log", TWO)
    lines = ["=" * 9_990, "*" * 9_990, "* Evaluation" * 830, ">>>> Class [0 " * 710, "> Epoch: " * 1_100]
    whole, start = read_text_log(path), process_time()
    path.write_text(path.read_text(encoding="utf-8") + "".join(f"{line}\n" * 200 for line in lines), encoding="utf-8")
    assert read_text_log(path).epochs == whole.epochs
    assert process_time() - start < 10  # for 10 MB; patterns that begin anywhere in a line took 60 s


LONG = "9" * 10_000


@pytest.mark.parametrize(
    "text",
    [
        header(nclass=True),
        header(nclass=-3),
        header(epochs="many"),
        header().replace("0.95", "[" * 100_000),
        header().replace("0.95", "-" * 100_000 + "1"),
        header().replace("0.95", LONG),
        header().replace("0.95", "0x" + LONG),
        header().replace("0.95", "{1, 2}"),
        header().replace("'lr'", "b'lr'"),
        header() + epoch_text(0, TWO[0]).replace("Epoch: 0", f"Epoch: {LONG}"),
        header() + epoch_text(0, TWO[0]).replace("Class [1", f"Class [{LONG}"),
        header() + epoch_text(0, TWO[0]).replace("50.00", f"{LONG}.00"),
    ],
    ids=range(12),
)
def test_hostile_values_are_one_message(tmp_path: Path, text: str) -> None:
    (path := tmp_path / "run.log").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_text_log(path)
    assert len(str(caught.value)) < 1000


def test_a_run_that_was_cancelled_between_evaluations_is_read_as_far_as_it_went(tmp_path: Path) -> None:
    third = epoch_text(2, TWO[0]).splitlines(keepends=True)[:3]
    text = header(epochs=60) + epoch_text(0, TWO[0]) + epoch_text(1, TWO[1]) + "".join(third)
    (path := tmp_path / "run.log").write_text(text + "slurmstepd: error: *** STEP 4.0 CANCELLED ***\n")
    run = read_text_log(path)
    assert len(run.epochs) == 2
    assert run.note == "the run ends after 2 of 60 epochs; the epoch in progress was not evaluated."


def test_an_epoch_begun_again_after_resuming_counts_once(tmp_path: Path) -> None:
    begun = "".join(epoch_text(1, TWO[0]).splitlines(keepends=True)[:3])
    text = header() + epoch_text(0, TWO[0]) + begun + header() + epoch_text(1, TWO[1])
    (path := tmp_path / "run.log").write_text(text)
    assert [record.epoch for record in read_text_log(path).epochs] == [0, 1]


def damaged(kind: str) -> str:
    """A log of two epochs with one fault."""
    first, second = epoch_text(0, TWO[0]), epoch_text(1, TWO[1])
    texts = {
        "no header": first + second,
        "header cut": header()[:40],
        "header without nclass": header().replace("nclass", "n_class") + first,
        "empty": "",
        "no epoch": header(),
        "cut in the classes": header() + first + second[: second.index("Class [2")],
        "cut in a number": header() + first + second[: second.rindex("EMA") + 6],
        "class missing": header() + first + re.sub(r".*Class \[1 .*\n", "", second),
        "class garbled": header() + first + second.replace("IoU: 54.00", "IoU: 5#.00"),
        "teacher missing": header() + first + second.replace("IoU: 54.00, EMA: 50.00", "IoU: 54.00"),
        "number changed": header() + first + second.replace("IoU: 54.00", "IoU: 34.00"),
        "teacher's number changed": header() + first + second.replace("EMA: 50.00", "EMA: 55.00"),
        "epoch missing": header() + first + epoch_text(2, TWO[1]),
        "mean missing": header() + re.sub(r".*MeanIoU.*\n", "", first) + second,
        "evaluation alone": header() + first[first.index("***** Eval") - 40 :],
        "classes of another set": header(nclass=19) + first + second,
    }
    return texts[kind]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("no header", "is not a text log of a known format"),
        ("header cut", "is not a text log of a known format"),
        ("header without nclass", "is not a text log of a known format"),
        ("empty", "is not a text log of a known format"),
        ("no epoch", "has no evaluated epoch"),
        ("cut in the classes", "cut off in the evaluation of epoch 1, after 2 of 3 classes. Before it, epochs 0 to 0"),
        ("cut in a number", "cut off in the evaluation of epoch 1, after 3 of 3 classes"),
        ("class missing", "line 21: found class 2 where class 1 of 3 is due"),
        ("class garbled", "found class 2 where class 1 of 3 is due"),
        ("teacher missing", "3 class IoUs of the student and 2 of the teacher, where 3 are due"),
        ("number changed", "states a MeanIoU of 72.00, but its classes' is 65.33"),
        ("teacher's number changed", "states a MeanIoU of 70.00, but its classes' is 71.67"),
        ("epoch missing", "epoch 2 follows epoch 0, the last one evaluated"),
        ("mean missing", "the evaluation of epoch 0 ends before its MeanIoU line"),
        ("evaluation alone", "outside of any epoch"),
        ("classes of another set", "3 class IoUs of the student and 3 of the teacher, where 19 are due"),
    ],
)
def test_a_damaged_log_is_refused_with_what_is_wrong_and_where(tmp_path: Path, kind: str, says: str) -> None:
    (path := tmp_path / "run.log").write_text(damaged(kind), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_text_log(path)
    assert says in str(caught.value) and str(path) in str(caught.value)


def test_every_cut_is_refused_or_noted(tmp_path: Path) -> None:
    """Wherever a log of three epochs ends early, what is read is a whole prefix, and the reader is told."""
    text = header(epochs=3) + "".join(epoch_text(i, TWO[i % 2]) for i in range(3))
    whole = text.rstrip()
    path = tmp_path / "run.log"
    for end in range(0, len(whole), 7):
        path.write_text(whole[:end], encoding="utf-8")
        try:
            run = read_text_log(path)
        except DataError:
            continue
        assert run.note is not None and len(run.epochs) < 3
        assert [record.epoch for record in run.epochs] == list(range(len(run.epochs)))


def test_a_missing_or_binary_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No log at"):
        read_text_log(tmp_path / "none.log")
    (path := tmp_path / "run.log").write_bytes(b"\xff\xfd\x00\x01")
    with pytest.raises(DataError, match="it is not text in UTF-8 or UTF-16"):
        read_text_log(path)


BEST = {
    "table01-pascal_unimatch_v2_92labels_dinov2_base": ("ema", 0.8629, 38, 60),
    "table01-pascal_unimatch_v2_183labels_dinov2_base": ("ema", 0.8792, 50, 60),
    "table01-pascal_unimatch_v2_366labels_dinov2_base": ("ema", 0.8886, 54, 60),
    "table01-pascal_labeled_only_92labels_dinov2_base": ("student", 0.7686, 7, 44),
    "table01-pascal_labeled_only_183labels_dinov2_base": ("student", 0.8207, 6, 42),
    "table02-cityscapes_unimatch_v2_1_8labels_dinov2_base": ("ema", 0.8430, 98, 180),
    "table03-ade20k_unimatch_v2_1_8labels_dinov2_base": ("ema", 0.4984, 22, 60),
    "zfigure5-pascal_unimatch_v2_183labels_confidence_threshold0_dinov2_base": ("ema", 0.8574, 36, 60),
    "zfigure5-pascal_unimatch_v2_183labels_confidence_threshold0.7_dinov2_base": ("ema", 0.8744, 38, 60),
    "zfigure5-pascal_unimatch_v2_183labels_confidence_threshold0.9_dinov2_base": ("ema", 0.8750, 43, 60),
    "zfigure5-pascal_unimatch_v2_183labels_confidence_threshold0.98_dinov2_base": ("ema", 0.8750, 54, 60),
}


@pytest.mark.reference
def test_every_public_log_is_listed(reference: Path) -> None:
    assert {path.stem for path in (reference / "logs").glob("*.log")} == set(BEST)


@pytest.mark.reference
@pytest.mark.parametrize("name", BEST)
def test_best_epoch_of_a_public_log(reference: Path, name: str) -> None:
    weights, miou, epoch, epochs = BEST[name]
    run = read_text_log(reference / "logs" / f"{name}.log")
    best = run.best(weights)  # type: ignore[arg-type]
    assert best is not None and (best.miou, best.epoch, len(run.epochs)) == (miou, epoch, epochs)
    assert (run.best("ema") is None) == ("labeled_only" in name) == (run.note is not None)


@pytest.mark.reference
@pytest.mark.parametrize("name", [name for name in BEST if "labeled_only" not in name])
def test_best_epochs_are_those_the_trainer_itself_kept(reference: Path, name: str) -> None:
    """The header of the last epoch states the best ones before it, which the trainer knew at full precision."""
    path = reference / "logs" / f"{name}.log"
    found = re.findall(r"best: (\S+) @epoch-(\d+), EMA: (\S+) @epoch-(\d+)", path.read_text())[-1]
    run = read_text_log(path)
    for weights, stated, epoch in (("student", *found[:2]), ("ema", *found[2:])):
        best = run.best(weights)  # type: ignore[arg-type]
        assert best is not None and (f"{100 * best.miou:.2f}", best.epoch) == (stated, int(epoch))


@pytest.mark.reference
def test_class_ious_of_the_best_epoch_are_the_lines_of_that_epoch(reference: Path) -> None:
    path = reference / "logs" / "table01-pascal_unimatch_v2_183labels_dinov2_base.log"
    text = path.read_text()
    block = text[text.index("Epoch: 50,") : text.index("Epoch: 51,")]
    lines = re.findall(r"Class \[\d+ (.+)\] IoU: \S+ EMA: (\S+)", block)
    run = read_text_log(path)
    best = run.best("ema")
    assert best is not None and run.classes == tuple(name for name, _ in lines)
    assert [f"{100 * value:.2f}" for value in best.iou] == [value for _, value in lines]
    by_name = dict(zip(run.classes, best.iou, strict=True))
    assert (by_name["chair"], by_name["sofa"], by_name["tv/monitor"]) == (0.5826, 0.8037, 0.7491)


@pytest.mark.reference
def test_mask_ratio_curves(reference: Path) -> None:
    """Retention rises in training; at threshold 0 everything is retained, and less at a stricter threshold."""
    logs = reference / "logs"
    base = read_text_log(logs / "table01-pascal_unimatch_v2_183labels_dinov2_base.log")
    ratios = [record.retention for record in base.epochs]
    assert (ratios[0], ratios[-1]) == (0.710, 0.980) and ratios[10] > ratios[0]
    last = {}
    for tau in ("0", "0.7", "0.9", "0.98"):
        run = read_text_log(logs / f"zfigure5-pascal_unimatch_v2_183labels_confidence_threshold{tau}_dinov2_base.log")
        last[tau] = [record.retention for record in run.epochs]
    assert set(last["0"]) == {1.0}
    assert all(a > b > c > d for a, b, c, d in zip(last["0.7"], last["0.9"], ratios, last["0.98"], strict=True))


def test_a_log_of_any_size_is_not_read(tmp_path: Path) -> None:
    (path := tmp_path / "run.log").touch()
    os.truncate(path, 2**40)
    with pytest.raises(DataError, match=r"run\.log cannot be read: it has 1,099,511,627,776 bytes"):
        read_text_log(path)
