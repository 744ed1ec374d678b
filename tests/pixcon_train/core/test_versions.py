"""Floors: the same as pyproject.toml's, and a plain error below them wherever a file is opened."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from pixcon_train.core import versions
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.versions import FLOORS, require
from pixcon_train.core.weight_files import read_weights
from pixcon_train.data.images import read_image
from pixcon_train.models.build import build_model

ROOT = Path(__file__).parents[3]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Lets every package have a version."""
    require.cache_clear()
    yield lambda version: monkeypatch.setattr(versions, "version", lambda package: version)
    require.cache_clear()


def test_floors_are_those_of_the_project() -> None:
    lines = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    asked = dict(line.split(">=") for line in lines)
    assert {package: floor for package, (floor, _) in FLOORS.items()} == {package: asked[package] for package in FLOORS}


@pytest.mark.parametrize("package", list(FLOORS))
def test_what_is_installed_here_will_do(package: str) -> None:
    require(package)


@pytest.mark.parametrize("version", ["2.9.1", "2.9.1+cu130", "1.13", "2.6.0a0+git1", "0.9"])
def test_older_ones_are_refused_by_name(version: str, install: Callable[[str], None]) -> None:
    install(version)
    with pytest.raises(ConfigError) as error:
        require("torch")
    assert str(error.value) == (
        f"torch {version} is installed, which lets a prepared checkpoint corrupt memory (CVE-2026-24747). "
        'Expected torch 2.10 or newer. Install it with `pip install --upgrade "torch>=2.10"`.'
    )


@pytest.mark.parametrize("version", ["2.10", "2.10.0", "2.10.0a0+nv25.11", "2.14.1+cu130", "3.0", "2.100"])
def test_others_pass(version: str, install: Callable[[str], None]) -> None:
    install(version)
    require("torch")


def test_a_package_without_metadata_passes(monkeypatch: pytest.MonkeyPatch, install: Callable[[str], None]) -> None:
    def missing(package: str) -> str:
        raise versions.PackageNotFoundError(package)

    monkeypatch.setattr(versions, "version", missing)
    require("torch")


def test_files_are_not_opened_by_older_ones(tmp_path: Path, install: Callable[[str], None]) -> None:
    torch.save({}, tmp_path / "weights.pth")
    Image.new("RGB", (2, 2)).save(tmp_path / "image.png")
    install("0.1")
    with pytest.raises(ConfigError, match=r"torch 0\.1 is installed"):
        read_weights(tmp_path / "weights.pth")
    with pytest.raises(ConfigError, match=r"timm 0\.1 is installed"):
        build_model("pixcon", "nano", 2, projection=False)
    with pytest.raises(ConfigError, match=r"pillow 0\.1 is installed"):
        read_image(tmp_path / "image.png")
