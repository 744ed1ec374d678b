"""Commands asked on runs that lie there, and their answers."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from pixcon_diag.measures.uncertainty import paired_bootstrap
from tests.cli.farm import call


def ask(*arguments: Any) -> dict[str, Any]:
    """The JSON of a command, whose standard output is that and nothing else."""
    result = call(*arguments, "--json", "--workers", 0)
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = json.loads(result.stdout)
    assert content["command"] == arguments[0]
    return content


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file."""
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it an error to run one."""

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a network was run")

    monkeypatch.setattr("pixcon_diag.passes.run.predict", never)


def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing, which takes longer than measuring and has its own tests."""
    monkeypatch.setattr("pixcon_figures.drawing.draw_saved", lambda *_, **__: [])
    monkeypatch.setattr("pixcon_figures.processes.Child", NoChild)


def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resample the images of a comparison at most 50 times, not 1,000: how intervals are drawn has its own tests."""

    def few(*arguments: Any, draws: int, **options: Any) -> Any:
        return paired_bootstrap(*arguments, draws=min(draws, 50), **options)

    monkeypatch.setattr("pixcon_diag.measures.comparison.paired_bootstrap", few)


class NoChild:
    """Stands for a process that draws, and draws nothing."""

    def draw(self, folder: Path, name: str, style: str | None) -> tuple[list[str], list[str]]:
        return [], []

    def terminate(self) -> None:
        pass

    def end(self) -> None:
        pass
