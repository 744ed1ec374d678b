"""TensorBoard's curves: they go on as long as the disk lets them."""

from pathlib import Path
from typing import Any

import pytest

from pixcon_train.runs.tensorboard_log import FOLDER, TensorBoardLog


def test_a_folder_that_cannot_be_made_is_a_note(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    told: list[str] = []
    board = TensorBoardLog(tmp_path, resumed_at=None, note=told.append)
    board.write("step", {"iteration": 1, "loss": 0.5})
    board.close()
    assert len(told) == 1 and str(tmp_path / FOLDER) in told[0]


@pytest.mark.parametrize("method", ["add_scalar", "close"])
def test_a_disk_that_fills_up_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    told: list[str] = []
    board = TensorBoardLog(tmp_path, resumed_at=None, note=told.append)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(board._writer, method, full)
    for iteration in (1, 2):
        board.write("step", {"iteration": iteration, "losses": {"loss": 0.5}})
    board.close()
    assert len(told) == 1 and "No space left on device" in told[0]
