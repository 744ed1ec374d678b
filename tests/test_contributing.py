"""The exercises of CONTRIBUTING, followed word by word in a copy of the sources."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.cli.diagnose.methods import write_methods
from tests.cli.farm import state, write_data

ROOT = Path(__file__).parents[1]
SOURCES = ("pixcon_train", "pixcon_diag", "cli", "figures", "sweeps")


def exercise(title: str) -> list[str]:
    """The diffs under the heading ``title``."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"### {title}\n")[1].split("\n##")[0]
    return re.findall(r"^```diff\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def apply(diff: str, root: Path) -> str:
    """Apply a diff without line numbers below ``root``; the file that it touches.

    A run of lines that begins with removed or unchanged ones replaces the only place where these stand; a file that is
    not there yet is made of its added lines.
    """
    head, *lines = diff.splitlines()
    name = head.removeprefix("+++ b/")
    path = root / name
    if not path.exists():
        path.write_text("".join(f"{line[1:]}\n" for line in lines), encoding="utf-8")
        return name
    text = path.read_text(encoding="utf-8")
    for hunk in (
        re.split(r"(?<=\n)(?=-)", "\n".join(lines) + "\n") if any(map(is_removal, lines)) else ["\n".join(lines)]
    ):
        old = "\n".join(line[1:] for line in hunk.splitlines() if line[:1] in " -")
        new = "\n".join(line[1:] for line in hunk.splitlines() if line[:1] in " +")
        assert text.count(old) == 1, f"{name} does not hold once:\n{old}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return name


def is_removal(line: str) -> bool:
    return line.startswith("-")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources, where they can be changed."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=shutil.ignore_patterns("__pycache__"))
    names = tmp_path / "copy" / "names"
    names.mkdir()
    for name in ("cli", "figures", "sweeps"):
        (names / f"pixcon_{name}").symlink_to(tmp_path / "copy" / name)
    return tmp_path / "copy"


def run(copy: Path, *arguments: object) -> str:
    """Standard output of a command of the copy."""
    path = os.pathsep.join([str(copy), str(copy / "names")])
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=copy.parent,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


REPORT = """
import sys
from pixcon_cli.diag import main
from pixcon_figures.processes import Child
draw = Child.draw
Child.draw = lambda self, folder, name, style: draw(self, folder, name, style) if name == sys.argv[1] else ([], [])
main(["report", *sys.argv[2:]])
"""
"""Writes a report with the figures of one command; those of the others have their own tests."""


@pytest.mark.slow
def test_a_measurement_touches_at_most_five_source_files(copy: Path) -> None:
    touched = [apply(diff, copy) for diff in exercise("A measurement")]
    assert len(set(touched)) <= 5
    root = copy.parent
    runs = write_methods(root, write_data(root / "data"))
    two = (f"none={runs / 'farm-none-0'}", f"clean={runs / 'farm-clean-0'}")
    assert "confident-errors" in run(copy, "pixcon_diag", "--help")
    found = json.loads(run(copy, "pixcon_diag", "confident-errors", *two, "--json", "--out", "own", "--workers", 0))
    assert [0 <= result["confident_errors"] <= 1 for result in found["results"]] == [True, True]
    assert (root / "own/confident-errors.png").is_file() and (root / "own/confident_errors.csv").is_file()
    (comparison,) = json.loads(run(copy, "pixcon_diag", "compare", *two, "--json", "--workers", 0))["comparisons"]
    (row,) = (row for row in comparison["rows"] if row["measure"] == "confident errors")
    assert row["image_noise"] is not None
    (root / "write.py").write_text(REPORT, encoding="utf-8")
    run(copy, "write", "confident-errors", two[0], "--workers", 0)
    page = (root / "report/report.md").read_text(encoding="utf-8")
    assert "## Confident errors" in page and "![confident-errors.png]" in page
    html = (root / "report/index.html").read_text(encoding="utf-8")
    assert "<h3>Confident errors</h3>" in html and 'data-table="confident_errors"' in html


def test_a_layout_touches_at_most_two_source_files(copy: Path) -> None:
    touched = [apply(diff, copy) for diff in exercise("A checkpoint layout")]
    assert len(set(touched)) <= 2
    torch.save({"net": state(0.1), "iter": 4000}, copy.parent / "it.pth")
    script = copy.parent / "look.py"
    script.write_text("import pixcon_diag as pxd\nprint(pxd.load('it.pth').info.layout)\n")
    assert run(copy, script.stem) == "net checkpoint\n"


def test_an_admission_rule_touches_at_most_two_source_files(copy: Path) -> None:
    touched = [apply(diff, copy) for diff in exercise("An admission rule")]
    assert len(set(touched)) <= 2
    root = copy.parent
    (run_folder, *_) = sorted(write_methods(root, write_data(root / "data")).iterdir())
    found = json.loads(
        run(copy, "pixcon_diag", "coverage", run_folder, "--rule", "hard", "--rule", "clean", "--json", "--workers", 0)
    )
    hard, clean = (result["coverage"]["classes"]["eligible"] for result in found["results"])
    labeled = found["results"][0]["coverage"]["classes"]["labeled"]
    assert [one + other for one, other in zip(hard, clean, strict=True)] == labeled  # each labeled pixel is in one
    assert "hard" in run(copy, "pixcon_train", "run", "--help")
