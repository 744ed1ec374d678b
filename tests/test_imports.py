"""The direction of dependencies, what a library may import, and that what is on disk is what gets installed."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "pixcon_train": "pixcon_train",
    "pixcon_diag": "pixcon_diag",
    "figures": "pixcon_figures",
    "cli": "pixcon_cli",
}
ORDER = list(FOLDERS.values())
"""Each package may import itself and those before it."""

FOLDER_IMPORTS = {
    "pixcon_train": {
        "core": (),
        "jobs": ("core",),
        "data": ("core",),
        "models": ("core",),
        "evaluation": ("core", "data", "models"),
        "method": ("core", "models"),
        "config": ("core", "data", "models", "method"),
        "runs": ("core", "config"),
        "engine": ("core", "data", "models", "config", "evaluation", "method", "runs"),
        "sweeps": ("core", "data", "jobs", "config", "runs", "engine"),
    },
    "pixcon_diag": {
        "serialization": (),
        "statistics": ("serialization",),
        "provenance": (),
        "tables": ("statistics",),
        "checkpoints": ("provenance",),
        "logs": ("serialization", "statistics"),
        "measures": ("serialization", "statistics", "logs"),
        "data": ("provenance", "checkpoints"),
        "passes": ("statistics", "provenance", "checkpoints", "data", "measures"),
        "cache": ("provenance", "checkpoints", "data", "measures", "passes"),
        "audit": ("provenance", "checkpoints", "data", "measures", "passes"),
        "paper": ("statistics", "tables", "measures"),
        "findings": ("serialization", "statistics", "measures", "passes"),
        "groups": ("statistics", "provenance", "checkpoints", "logs", "measures", "data", "passes", "cache", "audit"),
        "sheets": (),
        "analyses": (
            "statistics", "provenance", "tables", "checkpoints", "logs", "measures", "paper", "data", "passes", "cache",
            "findings", "groups", "sheets",
        ),
        "reporting": ("statistics", "logs", "measures", "data", "passes", "findings", "tables", "groups", "analyses"),
        "study": ("tables", "groups", "analyses", "reporting"),
    },
}  # fmt: skip
"""What each folder (or module) of a package may import; only folders before it, so there is no circle."""

UPWARD = {
    "pixcon_diag/tables/result.py": "pixcon_figures",
    "pixcon_diag/measures/plotting.py": "pixcon_figures",
    "pixcon_diag/study.py": "pixcon_figures",
    "pixcon_diag/__main__.py": "pixcon_cli",
    "pixcon_train/__main__.py": "pixcon_cli",
}
"""The files that may import against the direction: ``plot`` and ``report`` draw, ``python -m`` is the command line."""

ONLY = {"click": "pixcon_cli", "rich": "pixcon_cli", "matplotlib": "pixcon_figures"}
"""Who alone may import what."""


def sources() -> Iterator[tuple[str, Path]]:
    for folder, name in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield name, path


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Top-level name and line of every import in a file, inside functions too; a relative import is named '.'."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield ("." if node.level else (node.module or "").split(".")[0]), node.lineno


def faults(package: str, path: Path) -> Iterator[str]:
    for name, line in imported(path):
        where = f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{line}"
        if name == "." or name in FOLDERS.keys() - set(ORDER):
            yield f"{where} imports {name!r}: use the installed name"
        if name in ORDER and ORDER.index(name) > ORDER.index(package) and UPWARD.get(where.partition(":")[0]) != name:
            yield f"{where} imports {name}, against the direction of dependencies"
        if ONLY.get(name, package) not in (package, UPWARD.get(where.partition(":")[0])):
            yield f"{where} imports {name}, which only {ONLY[name]} may"


def test_every_import_follows_the_rules() -> None:
    assert [fault for package, path in sources() for fault in faults(package, path)] == []


def folder_faults(package: str, path: Path, root: Path = ROOT) -> Iterator[str]:
    """Imports of a folder of the same package that this file's folder may not make."""
    allowed = FOLDER_IMPORTS[package]
    own = path.relative_to(root / package).parts[0].removesuffix(".py")
    for module, line in imported_modules(path):
        parts = module.split(".")
        if parts[0] != package or len(parts) == 1 or parts[1] == own or own in ("__init__", "__main__"):
            continue
        if parts[1] not in allowed.get(own, ()):
            yield f"{path.relative_to(root)}:{line} imports {package}.{parts[1]}, which {own} may not"


def imported_modules(path: Path) -> Iterator[tuple[str, int]]:
    """Whole names and lines of the modules that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            several = node.module in FOLDER_IMPORTS  # `from pixcon_diag import statistics` names a module too
            yield from ((f"{node.module}.{a.name}" if several else node.module, node.lineno) for a in node.names)


def test_every_folder_imports_only_those_below_it() -> None:
    faults = [
        fault
        for package in FOLDER_IMPORTS
        for path in sorted((ROOT / package).rglob("*.py"))
        for fault in folder_faults(package, path)
    ]
    assert sorted(set(faults)) == []


@pytest.mark.parametrize("package", FOLDER_IMPORTS)
def test_there_is_no_circle_between_folders(package: str) -> None:
    """The table names every folder on disk, and each may import only those that stand before it."""
    table = list(FOLDER_IMPORTS[package])
    on_disk = {
        path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert set(table) == on_disk - {"__init__", "__main__"}
    for place, name in enumerate(table):
        assert set(FOLDER_IMPORTS[package][name]) <= set(table[:place]), name


@pytest.mark.parametrize("package", FOLDER_IMPORTS)
def test_there_is_no_circle_between_files(package: str) -> None:
    """Imports inside functions count too."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in (ROOT / package).rglob("*.py")}
    imports = {name: {module for module, _ in imported_modules(path)} & files.keys() for name, path in files.items()}
    while leaves := [name for name, wanted in imports.items() if not wanted & imports.keys()]:
        for name in leaves:
            del imports[name]
    assert imports == {}


def test_a_planted_import_between_folders_is_found(tmp_path: Path) -> None:
    planted = tmp_path / "pixcon_train" / "core" / "planted.py"
    planted.parent.mkdir(parents=True)
    planted.write_text("def f():\n    from pixcon_train.data.specs import get_spec\n")
    assert len(list(folder_faults("pixcon_train", planted, tmp_path))) == 1


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("pixcon_diag", "from pixcon_cli.errors import x"),
        ("pixcon_train", "def f():\n    import pixcon_diag.checkpoints.loading"),
        ("pixcon_diag", "import click"),
        ("pixcon_cli", "import matplotlib.pyplot as plt"),
        ("pixcon_diag", "from . import loading"),
        ("pixcon_cli", "from cli import errors"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, package: str, line: str) -> None:
    (path := tmp_path / "planted.py").write_text(line)
    assert len(list(faults(package, path))) == 1


def test_the_packages_on_disk_are_those_that_are_installed() -> None:
    """An editable install works without a forgotten subpackage; the wheel would lack it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    on_disk = set()
    for folder, name in FOLDERS.items():
        for path in (ROOT / folder).rglob("__init__.py"):
            on_disk.add(".".join([name, *path.parent.relative_to(ROOT / folder).parts]))
    on_disk.add("pixcon_sweeps")  # data alone
    assert sorted(settings["packages"]) == sorted(on_disk)


def test_data_files_of_the_packages_are_installed() -> None:
    """Every file that is not Python lies under a pattern of package-data."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    for folder, name in FOLDERS.items():
        declared = {
            path for pattern in settings["package-data"].get(name, []) for path in (ROOT / folder).glob(pattern)
        }
        files = {path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        assert {path for path in files if path.suffix != ".py"} - declared == set()


PROBE = """
import sys
from click.testing import CliRunner
from pixcon_cli.{module} import main
for arguments in [["--help"], ["--version"], *([name, "--help"] for name in main.commands)]:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, (arguments, result.output)
loaded = sorted({{"torch", "torchvision", "timm", "sklearn", "pandas", "matplotlib"}} & set(sys.modules))
assert not loaded, f"--help loads {{loaded}}"
"""


@pytest.mark.parametrize("module", ["train", "diag"])
def test_help_does_not_load_torch(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module)], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr


def test_no_module_takes_another_one_s_private_names() -> None:
    taken = [
        f"{path.relative_to(ROOT)}:{node.lineno} imports {alias.name}"
        for _, path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ORDER
        for alias in node.names
        if alias.name.startswith("_") or any(part.startswith("_") for part in (node.module or "").split("."))
    ]
    assert taken == []


def test_readme_and_docs_use_public_names_alone() -> None:
    """Whatever is not in `__all__` of a package may move; figures are drawn again and restyled by two modules."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    blocks = [block for page in pages for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)]
    modules = {module for block in blocks for module in re.findall(r"^(?:from|import) (pixcon_[\w.]+)", block, re.M)}
    assert modules <= {"pixcon_diag", "pixcon_train", "pixcon_figures.drawing", "pixcon_figures.style"}
