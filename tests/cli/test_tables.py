import io
import re
from collections import Counter
from typing import Any

import pytest
from rich.console import Console

from pixcon_cli import console as consoles
from pixcon_cli.console import notes, output, progress
from pixcon_cli.encoding import spell
from pixcon_cli.tables import show_tables
from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.table import Column, Table
from tests.cli.printed import cells, printed


def test_brackets_and_colons_in_a_path_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    for console in (output(), notes()):
        console.print("runs/[/odd]/:100:/latest.pth is saved", soft_wrap=True)
    with progress("measuring [/odd]") as bar:
        bar(1, 2)
    captured = capsys.readouterr()
    assert "runs/[/odd]/:100:/latest.pth" in captured.out and "runs/[/odd]/:100:/latest.pth" in captured.err


def test_a_bar_is_drawn_from_the_first_image_on(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Console(file=(buffer := io.StringIO()), force_terminal=True, width=80)
    monkeypatch.setattr(consoles, "notes", lambda: terminal)
    with progress("measuring none"):
        pass  # the pass was found
    assert "measuring" not in buffer.getvalue()
    with progress("measuring none") as bar:
        bar(1, 2)
    assert "measuring none" in buffer.getvalue() and "1/2" in buffer.getvalue()


def wide(rows: int, columns: int = 11) -> Table:
    """Rows of numbers under long heads."""
    heads = [Column("name", "checkpoint"), *(Column(str(i), f"quantity number {i}", "number") for i in range(columns))]
    made = [(f"runs/method-{row}", *(Spread(row + i / 7, 0.01) for i in range(columns))) for row in range(rows)]
    return Table("wide", "A wide table", tuple(heads), tuple(made), ("A note.",))


def test_what_fits_is_one_table() -> None:
    text = printed([wide(2, 3)], 100)
    assert len(re.findall("┏", text)) == 1 and "quantity number 0 ┃ quantity" in text


def test_few_rows_become_columns_where_they_do_not_fit() -> None:
    text = printed([wide(2)], 80)
    assert len(re.findall("┏", text)) == 1 and "runs/method-0 ┃ " in text
    assert ["quantity number 10", "1.4286 ± 0.0100", "2.4286 ± 0.0100"] in cells(text)


def test_many_rows_are_several_tables_that_repeat_what_tells_the_rows_apart() -> None:
    text = printed([wide(6)], 80)
    starts = len(re.findall("┏", text))
    assert starts > 1 and text.count("A wide table") == 1 and text.count("A note.") == 1
    assert Counter(row[0] for row in cells(text))["runs/method-5"] == starts


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140, 200])
@pytest.mark.parametrize("rows", [0, 1, 2, 6])
def test_no_width_breaks_a_number(rows: int, width: int) -> None:
    found = Counter(cell for row in cells(printed([wide(rows)], width)) for cell in row)
    wanted = Counter(text for row in wide(rows).texts() for text in row[1:])
    assert wanted - found == Counter()


def test_the_row_s_keys_may_be_several_columns() -> None:
    columns = (Column("measure", "measure"), Column("noise", "noise"), *wide(1).columns[1:])
    rows = [(f"m{i}", kind, *wide(1).rows[0][1:]) for i in range(3) for kind in ("images", "seeds")]
    found = cells(printed([Table("t", "T", columns, tuple(rows))], 80))
    assert all(row[:2] != ["m0", ""] and row[1] in ("images", "seeds", "noise") for row in found)


def test_a_note_of_several_tables_is_printed_once() -> None:
    assert printed([wide(1), wide(2)], 100).count("A note.") == 1


def test_a_pipe_has_a_width_of_its_own() -> None:
    show_tables(Console(file=(buffer := io.StringIO()), width=40), [wide(2, 6)])
    assert max(map(len, buffer.getvalue().splitlines())) > 80


def test_an_emoji_code_in_a_cell_is_text() -> None:
    rows: Any = ((":100:", 0.5),)
    assert ":100:" in printed([Table("t", "T", (Column("a", "a"), Column("b", "b", "number")), rows)], 80)


def test_columns_have_room_for_symbols_that_the_encoding_spells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixcon_cli.tables.printable", spell)
    columns = (Column("a", "checkpoint"), Column("b", "Δ ρ_F", "number"), Column("c", "τ ≥", "number"))
    lines = printed([Table("t", "T", columns, (("umv2 → clean", Spread(0.5, 0.1), 0.95),))], 80).splitlines()
    assert "Delta rho_F" in lines[2] and "0.5000 +- 0.1000" in lines[4]
    assert len({len(line) for line in lines if line.startswith(("│", "┃"))}) == 1
