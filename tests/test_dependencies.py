"""What pyproject.toml declares is what the packages import."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("pixcon_train", "pixcon_diag", "figures", "cli")

INDIRECT = {"google"}
"""protobuf: event files are decoded by tensorboard, which brings it along and raises its errors."""

MODULES = {"pillow": "PIL", "PyYAML": "yaml", "scikit-learn": "sklearn"}
"""Module of each distribution whose module has another name."""


def imported(path: Path) -> Iterator[str]:
    """Top-level names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def test_each_declared_dependency_is_imported_and_each_import_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[\[<>=!~;]", line)[0].strip() for line in project["dependencies"]]
    declared = {MODULES.get(name, name) for name in names}
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    found = {name for path in files for name in imported(path)}
    ours = {"pixcon_train", "pixcon_diag", "pixcon_figures", "pixcon_cli"}
    assert found - ours - INDIRECT - sys.stdlib_module_names == declared
