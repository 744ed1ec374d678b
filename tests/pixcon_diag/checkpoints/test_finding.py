from pathlib import Path

import pytest

from pixcon_diag.checkpoints.finding import RESULTS, checkpoint_path, is_run, results_folder
from pixcon_train.core.errors import CheckpointError
from pixcon_train.data.digits import cache_folder
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


@pytest.mark.parametrize("name", ["a.png", "images/a.npz", "images/a.npy"])
def test_a_folder_of_predictions_says_what_to_type(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    line = rf"but images or arrays.*`pixcon-diag doctor --predictions {tmp_path} --dataset NAME --data-root ROOT --list"
    with pytest.raises(CheckpointError, match=line):
        checkpoint_path(tmp_path)


def test_results_do_not_follow_a_link_out_of_the_folder(tmp_path: Path) -> None:
    folder, elsewhere = run(tmp_path / "a", LATEST), run(tmp_path / "elsewhere")
    assert results_folder(str(folder / LATEST)) == folder / RESULTS
    (folder / RESULTS).symlink_to(elsewhere)
    assert results_folder(str(folder / LATEST)) == cache_folder() / RESULTS
