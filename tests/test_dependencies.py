"""What pyproject.toml declares is what the packages import."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from pixcon_train.core.version import VERSION

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = ("pixcon_train", "pixcon_diag", "figures", "cli")

OURS = {"pixcon_train", "pixcon_diag", "pixcon_figures", "pixcon_cli", "tests", "benchmarks"}

INDIRECT = {"cycler", "fontTools", "lightning_utilities"}
"""cycler: matplotlib brings it along, and takes cycles of colours as nothing else; fontTools: matplotlib subsets fonts
with it; lightning_utilities: torchmetrics looks for other packages with it."""

UNNAMED = {"tensorboard"}
"""Declared, but imported only by another distribution: torch.utils.tensorboard writes event files with it."""

EXTRAS = ("sweeps", "transformers", "smp")
"""Extras whose packages a user may install, and our code imports where they are named."""

OPTIONAL = {"atheris"}
"""Used where it is installed, by the fuzzing guided by coverage."""

MODULES = {
    "pillow": "PIL",
    "PyYAML": "yaml",
    "scikit-learn": "sklearn",
    "axe-playwright-python": "axe_playwright_python",
}
"""Module of each distribution whose module has another name."""


def imported(path: Path) -> Iterator[str]:
    """Top-level names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def modules(requirements: Iterable[str]) -> set[str]:
    """Modules of what pyproject.toml asks for."""
    names = [re.split(r"[\[<>=!~;]", line)[0].strip() for line in requirements]
    return {MODULES.get(name, name) for name in names}


def foreign(*folders: str) -> set[str]:
    """What the files of some folders import of other projects."""
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {name for path in files for name in imported(path)} - OURS - sys.stdlib_module_names


def test_each_declared_dependency_is_imported_and_each_import_is_declared() -> None:
    project = PROJECT["project"]
    extras = [line for extra in EXTRAS for line in project["optional-dependencies"][extra]]
    assert (foreign(*FOLDERS) - INDIRECT) | UNNAMED == modules([*project["dependencies"], *extras])
    assert set(extras) <= set(project["optional-dependencies"]["dev"])


def test_what_tests_benchmarks_and_examples_import_is_declared() -> None:
    project, build = PROJECT["project"], PROJECT["build-system"]
    development = [*project["dependencies"], *project["optional-dependencies"]["dev"], *build["requires"]]
    assert foreign("tests", "benchmarks", "examples") - {"no_such_module"} - OPTIONAL <= modules(development)


def test_citation_and_installation_have_the_version_of_the_checkout() -> None:
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited is not None
    assert {cited[1], version("pixcon-diag")} == {VERSION}
