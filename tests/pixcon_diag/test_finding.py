from pathlib import Path

import pytest

from pixcon_diag.finding import checkpoint_path, find_checkpoints
from pixcon_train.checkpoint import BEST_EMA, BEST_STUDENT, LATEST
from pixcon_train.errors import CheckpointError


def run(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_the_best_epoch_of_the_weights_asked_for_else_the_latest(tmp_path: Path) -> None:
    folder = run(tmp_path / "a", BEST_EMA, BEST_STUDENT, LATEST)
    assert checkpoint_path(folder) == checkpoint_path(folder, "ema") == folder / BEST_EMA
    assert checkpoint_path(folder, "student") == folder / BEST_STUDENT
    young = run(tmp_path / "b", LATEST)
    assert checkpoint_path(young) == checkpoint_path(young, "student") == young / LATEST


def test_a_folder_of_runs_stands_for_its_runs(tmp_path: Path) -> None:
    for name in ("b", "a"):
        run(tmp_path / "runs" / name, BEST_EMA)
    run(tmp_path / "runs" / "notes")
    found = find_checkpoints([str(tmp_path / "runs"), "hf://o/r/f.pth", "some.pth"])
    assert found == [str(tmp_path / "runs/a"), str(tmp_path / "runs/b"), "hf://o/r/f.pth", "some.pth"]
    assert find_checkpoints([str(tmp_path / "runs/b")]) == [str(tmp_path / "runs/b")]


def test_a_folder_with_neither_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds no checkpoint .* folder of runs"):
        find_checkpoints([str(tmp_path)])
