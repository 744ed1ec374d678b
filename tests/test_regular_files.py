"""A pipe, a device or a link to one in place of a file is one message, at once, for every kind of input."""

import ast
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.checkpoints.finding import may_be_run
from pixcon_diag.checkpoints.loading import load
from pixcon_diag.logs.run_log import read_run_log
from pixcon_diag.logs.text_logs import read_text_log
from pixcon_diag.sheets.answers import read_answers
from pixcon_figures.saved import read_saved
from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import sha256
from pixcon_train.core.yaml_files import read_yaml_mapping
from pixcon_train.data.images import read_image
from pixcon_train.data.lists import read_list
from pixcon_train.data.masks import read_indices
from pixcon_train.sweeps.grid import read_sweep

READERS: dict[str, Callable[[Path], Any]] = {
    "checkpoint.pth": load,
    "list.txt": lambda path: read_list(path, masks_required=True),
    "image.jpg": read_image,
    "mask.png": read_indices,
    "data.yaml": read_yaml_mapping,
    "sweep.yaml": read_sweep,
    "log.jsonl": read_run_log,
    "train.log": read_text_log,
    "answers.csv": lambda path: read_answers([path], "a", mixed=False),
    "contamination.json": lambda path: read_saved(path.parent, "contamination"),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_is_one_message(tmp_path: Path, name: str, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(PixConError, match=r"not a regular file|pipe or a device"):
        READERS[name](tmp_path / name)
    assert may_be_run(str(tmp_path / name))  # reading it reports the error
    with pytest.raises(OSError, match="not a regular file"):
        sha256(tmp_path / name)


ROOT = Path(__file__).parents[1]
OPENERS = ("pixcon_train/core/files.py",)
"""Where files are opened for reading."""
WRITES = ("w", "wb", "a", "ab", "x", "xb")


def opened(tree: ast.AST) -> Iterator[int]:
    """Lines that open a file for reading by other means; a file of the package itself is none from outside."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        packaged = "resources" in ast.unparse(node.func) or "files(" in ast.unparse(node.func)
        written = any(isinstance(value, ast.Constant) and value.value in WRITES for value in node.args)
        if called in ("read_text", "read_bytes") and isinstance(node.func, ast.Attribute) and not packaged:
            yield node.lineno
        if (
            called == "open"
            and not written
            and "archive" not in ast.unparse(node.func)
            and "os." not in ast.unparse(node.func)
        ):
            yield node.lineno


def test_files_are_opened_at_one_place() -> None:
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{line}"
        for folder in ("pixcon_train", "pixcon_diag", "figures")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.relative_to(ROOT).as_posix() not in OPENERS
        for line in opened(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


ASKED = ("is_dir", "is_file", "exists", "resolve", "expanduser", "home")
"""Methods of paths that fail for some names."""


def test_paths_are_asked_at_one_place() -> None:
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for folder in ("pixcon_train", "pixcon_diag", "figures", "cli")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.relative_to(ROOT).as_posix() != "pixcon_train/core/paths.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKED
    ]
    assert found == []
