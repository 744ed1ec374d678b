from pathlib import Path

import pytest

from pixcon_diag.logs.text_logs import FORMATS, read_text_log
from pixcon_train.core.errors import DataError
from tests.training_logs import augseg_text, cwbass_text, epoch_text, header

GOOD = {
    "unimatch": header(epochs=1) + epoch_text(0, [(90.0, 91.0), (50.0, 52.5), (70.0, 71.0)]),
    "augseg": augseg_text([((90.0, 50.0, 70.0), (91.0, 52.5, 71.0))]),
    "cwbass": cwbass_text([(70.0, 71.5)]),
}


def test_every_format_is_recognized_by_its_configuration(tmp_path: Path) -> None:
    assert len(FORMATS) == len(GOOD)
    for name, text in GOOD.items():
        (path := tmp_path / f"{name}.log").write_text("a launcher's line\n" + text, encoding="utf-8")
        run = read_text_log(path)
        assert (run.format, run.epochs[0].student.miou, run.epochs[0].ema.miou) == (name, 0.7, 0.715)


def test_an_unknown_text_is_refused_with_the_known_formats(tmp_path: Path) -> None:
    (path := tmp_path / "notes.txt").write_text("mIoU: 70\n")
    with pytest.raises(DataError, match=r"UniMatch V1 or V2 or PrevMatch, AugSeg, CW-BASS v2, whose log begins"):
        read_text_log(path)


REAL = {
    "prevmatch_pascal_r50_92labels_run1": (80, (73.45, 68), None, (72.51, None)),
    "prevmatch_pascal_r50_92labels_run2": (80, (73.68, 55), None, (72.91, None)),
    "prevmatch_pascal_r50_92labels_run3": (80, (72.98, 75), None, (72.53, None)),
    "prevmatch_pascal_r50_183labels_run1": (80, (75.93, 75), None, (75.68, None)),
    "prevmatch_pascal_r50_183labels_run2": (80, (75.06, 66), None, (74.72, None)),
    "prevmatch_pascal_r50_183labels_run3": (80, (75.09, 67), None, (74.36, None)),
    "unimatch_v1_pascal_r101_1_8": (80, (81.92, 65), None, (81.87, None)),
    "unimatch_v1_pascal_r101_92labels_run1": (80, (75.46, 27), None, (74.81, None)),
    "unimatch_v2_pascal_noEMA_183labels_dinov2_base": (54, (86.22, 45), (86.48, 34), (85.86, 85.88)),
    "augseg_pascal_r101_92labels": (80, (70.75, 22), (71.09, 23), (64.99, 65.05)),
    "augseg_pascal_r101_183labels": (80, (75.16, 26), (75.45, 23), (71.39, 71.44)),
}
"""Evaluations; best mIoU in per cent and its epoch of the student and of the teacher; the last of each."""


@pytest.mark.reference
def test_every_log_of_another_release_is_listed(reference: Path) -> None:
    assert {path.stem for path in (reference / "other_logs").glob("*.log")} - {CHANGES} == set(REAL)


@pytest.mark.reference
@pytest.mark.parametrize("name", REAL)
def test_values_of_a_real_log(reference: Path, name: str) -> None:
    evaluations, student, ema, last = REAL[name]
    run = read_text_log(reference / "other_logs" / f"{name}.log")
    bests = [(best.miou, best.epoch) if (best := run.best(weights)) else None for weights in ("student", "ema")]  # type: ignore[arg-type]
    assert bests == [(round(pair[0] / 100, 4), pair[1]) if pair else None for pair in (student, ema)]
    record = run.epochs[-1]
    assert f"{100 * record.student.miou:.2f}" == f"{last[0]:.2f}"
    assert f"{100 * record.ema.miou:.2f}" == (f"{last[1]:.2f}" if last[1] else "nan")
    assert (len(run.epochs), len(run.classes), len(record.student.iou)) == (evaluations, 21, 21)
    assert run.classes[0] == "background" and 0.5 < record.retention < 1 and 0 < record.losses["loss_x"] < 0.1


CHANGES = "unimatch_v1_levir_change_detection"


@pytest.mark.reference
def test_a_real_log_of_change_detection_is_refused_by_name(reference: Path) -> None:
    with pytest.raises(DataError, match="is a log of change detection"):
        read_text_log(reference / "other_logs" / f"{CHANGES}.log")
