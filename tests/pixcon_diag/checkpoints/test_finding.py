from pathlib import Path

import pytest

from pixcon_diag.checkpoints.finding import checkpoint_path, is_run
from pixcon_train.core.errors import CheckpointError
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST


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


def test_a_folder_without_a_checkpoint_says_what_was_expected(tmp_path: Path) -> None:
    assert not is_run(tmp_path)
    with pytest.raises(CheckpointError, match=r"holds no checkpoint .* folder of runs"):
        checkpoint_path(tmp_path)
