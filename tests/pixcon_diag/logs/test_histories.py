from pathlib import Path

import pytest

from pixcon_diag.logs.event_files import EVENTS
from pixcon_diag.logs.histories import read_history
from pixcon_train.core.errors import DataError
from tests.pixcon_diag.logs.test_run_log import write_run
from tests.training_logs import write_unimatch


def test_every_source_by_its_path(tmp_path: Path) -> None:
    log = write_run(tmp_path / "mine")
    board = tmp_path / "mine/tensorboard"
    text = write_unimatch(tmp_path / "um2.log", [[(90.0, 91.0), (50.0, 52.5), (70.0, 71.0)]])
    (event_file,) = board.glob(EVENTS)
    formats = {str(path): read_history(path).format for path in (log, tmp_path / "mine", board, event_file, text)}
    assert list(formats.values()) == ["pixcon", "pixcon", "tensorboard", "tensorboard", "unimatch"]


def test_a_run_folder_without_its_log_falls_back_on_tensorboard(tmp_path: Path) -> None:
    write_run(tmp_path / "mine").unlink()
    assert read_history(tmp_path / "mine").format == "tensorboard"


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no log"):
        read_history(tmp_path)
