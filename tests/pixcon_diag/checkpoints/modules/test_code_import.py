"""Importing the user's code."""

import sys
from pathlib import Path

import pytest

from pixcon_diag.checkpoints.loading import load

NET = """
from torch import nn
from pixcon_test_parts import CLASSES
def build():
    return nn.Conv2d(3, CLASSES, 1)
"""


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_two_folders_may_have_files_of_one_name(tmp_path: Path) -> None:
    for folder, classes in (("a", 3), ("b", 5), ("c", 7)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.py").write_text(NET)
        (tmp_path / folder / "pixcon_test_parts.py").write_text(f"CLASSES = {classes}\n")
    found = [load(f"{tmp_path}/{folder}/net.py:build").info.num_classes for folder in "abcba"]
    assert found == [3, 5, 7, 5, 3]


def test_a_file_that_changed_is_imported_anew(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    for classes in (3, 12):
        (tmp_path / "pixcon_test_parts.py").write_text(f"CLASSES = {classes}\n")
        assert load(f"{tmp_path}/net.py:build").info.num_classes == classes
