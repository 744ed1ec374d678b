"""The data set and checkpoints that the commands are tried on."""

from pathlib import Path

import pytest

from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import own_checkpoint, write_data, write_public


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Root of the data set."""
    return write_data(tmp_path / "data")


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A public file."""
    return write_public(tmp_path / "best.pth")


@pytest.fixture
def run_folder(tmp_path: Path, data: Path) -> Path:
    """A run of this project."""
    folder = tmp_path / "runs" / "farm-clean-0"
    for name in (BEST_EMA, BEST_STUDENT):
        save_checkpoint(folder / name, own_checkpoint(data))
    return folder


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two methods with two seeds, whose passes are kept from test to test: nothing there is to be changed."""
    root = tmp_path_factory.mktemp("methods")
    return write_methods(root, write_data(root / "data"))


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ``runs``, on images in another folder."""
    root = tmp_path_factory.mktemp("elsewhere")
    return write_methods(root, write_data(root / "data"))
