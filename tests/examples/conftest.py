"""Where the examples run: a folder of their own, with checkpoints that the tests share."""

from pathlib import Path

import pytest
import yaml

from pixcon_train.config.resolve import dotted_layer
from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import write_data
from tests.pixcon_train.tiny import tiny_values, write_tiny


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two checkpoints by method, made by rule: nothing is trained."""
    root = tmp_path_factory.mktemp("farm")
    runs = write_methods(root, write_data(root / "data"))
    return {rule: runs / f"farm-{rule}-0" for rule in ("none", "clean")}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a training that takes a second."""
    spec = write_tiny(tmp_path_factory.mktemp("tiny"), val=4)
    config = spec.with_name("config.yaml")
    config.write_text(yaml.safe_dump(dict(dotted_layer("test", tiny_values(spec)).values)), encoding="utf-8")
    return config
