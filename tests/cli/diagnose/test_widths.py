"""The tables of every command on narrow terminals: no number is broken or cut, and what is left out is named."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from pixcon_diag.tables.table import Table
from tests.cli.diagnose.asking import no_drawing
from tests.cli.farm import call
from tests.cli.printed import cells, printed

COMMANDS: dict[str, tuple[Any, ...]] = {
    "contamination": ("--tau", 0.5, "--tau", 0.95),
    "boundary": (),
    "geometry": (),
    "tsne": ("--per-class", 20, "--perplexity", 5),
    "per-class": (),
    "qualitative": ("--count", 2),
    "compare": ("--draws", 20),
    "duel": ("--count", 2),
    "audit-labels": ("--count", 2, "--top", 2),
    "coverage": (),
    "gradient": ("--anchors", 2),
    "dynamics": (),
    "power": ("--images",),
}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_no_number_is_broken(command: str, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_drawing(monkeypatch)
    monkeypatch.chdir(tmp_path)
    shown: list[Table] = []

    def keep(console: object, tables: Sequence[Table]) -> None:
        shown.extend(tables)

    monkeypatch.setattr("pixcon_cli.emit.show_tables", keep)
    logs = command in ("dynamics", "power")
    measured = runs / "farm-none-0" if command == "audit-labels" else runs  # its sheet takes one checkpoint
    result = call(command, measured, *COMMANDS[command], *(() if logs else ("--workers", 0)))
    assert result.exit_code == 0 and shown, result.output
    for table in shown:
        for width in (60, 80, 120):
            text = printed([table], width)
            named = " ".join(" ".join(line for line in text.splitlines() if not line.startswith(("│", "┃"))).split())
            numbers = [
                i for i, column in enumerate(table.columns) if column.kind != "text" and column.title not in named
            ]
            wanted = Counter(row[i] for row in table.texts() for i in numbers)
            assert wanted - Counter(cell for row in cells(text) for cell in row) == Counter(), (table.name, width)
            if width >= 80:
                assert max(map(cell_len, text.splitlines())) <= width, (table.name, width)
