import io
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from pixcon_cli import console as consoles
from pixcon_cli.console import notes, output, progress
from pixcon_cli.encoding import spell
from pixcon_cli.tables import PLAIN_WIDTH, show_tables
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


def joined(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


def left_out(text: str) -> str:
    """The note on the columns that are not shown."""
    return joined(text).partition("Left out for lack of width: ")[2]


def test_what_fits_is_one_table() -> None:
    text = printed([wide(2, 3)], 100)
    assert len(re.findall("┏", text)) == 1 and "quantity number 0 ┃ quantity" in text


def test_few_rows_become_columns_where_they_do_not_fit() -> None:
    text = printed([wide(2)], 80)
    assert len(re.findall("┏", text)) == 1 and "runs/method-0 ┃ " in text
    assert ["quantity number 10", "1.4286 ± 0.0100", "2.4286 ± 0.0100"] in cells(text)


def test_many_rows_keep_the_columns_that_fit_and_a_note_names_the_others() -> None:
    text = printed([wide(6)], 80)
    assert len(re.findall("┏", text)) == 1 and text.count("A note.") == 1
    shown = cells(text)[-1][1:]
    left_out = [f"quantity number {i}" for i in range(len(shown), 11)]
    assert 2 <= len(shown) < 11 and shown == [f"{5 + i / 7:.4f} ± 0.0100" for i in range(len(shown))]
    assert f"Left out for lack of width: {', '.join(left_out)} (in wide.csv, with --out FOLDER)." in joined(text)


def test_a_column_with_one_value_is_a_note_where_the_width_does_not_suffice() -> None:
    columns = (*wide(1).columns, Column("tau", "τ"))
    rows = tuple((*row, 0.95) for row in wide(6).rows)
    assert "In every row: τ 0.95." in joined(printed([Table("t", "T", columns, rows)], 80))
    assert "In every row" not in printed([Table("t", "T", columns, rows)], 300)


def test_minor_columns_are_left_out_first() -> None:
    columns = list(wide(1).columns)
    columns[1] = replace(columns[1], minor=True)
    text = printed([replace(wide(6), columns=tuple(columns))], 80)
    assert "Left out for lack of width: quantity number 0, " in joined(text)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140, 200])
@pytest.mark.parametrize("rows", [0, 1, 2, 6])
def test_no_width_breaks_a_number(rows: int, width: int) -> None:
    text = printed([wide(rows)], width)
    found = Counter(cell for row in cells(text) for cell in row)
    shown = [i for i, column in enumerate(wide(rows).columns) if i and column.title not in left_out(text)]
    wanted = Counter(row[i] for row in wide(rows).texts() for i in shown)
    assert wanted - found == Counter()


def test_what_tells_the_rows_apart_is_always_shown() -> None:
    columns = (Column("measure", "measure"), *wide(1).columns[1:], Column("noise", "noise"))
    rows = [(f"m{i}", *wide(1).rows[0][1:], kind) for i in range(3) for kind in ("images", "seeds")]
    found = cells(printed([Table("t", "T", columns, tuple(rows))], 80))
    assert [(row[0], row[-1]) for row in found[-6:]] == [(row[0], row[-1]) for row in rows]


def test_a_note_of_several_tables_is_printed_once() -> None:
    assert printed([wide(1), wide(2)], 100).count("A note.") == 1


def test_a_pipe_has_a_width_of_its_own_unless_columns_sets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    show_tables(Console(file=(buffer := io.StringIO())), [wide(2, 6)])
    assert 80 < max(map(len, buffer.getvalue().splitlines())) <= PLAIN_WIDTH
    for columns in (60, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        show_tables(Console(file=(buffer := io.StringIO())), [wide(6)])
        assert max(map(len, buffer.getvalue().splitlines())) <= columns


def test_an_emoji_code_in_a_cell_is_text() -> None:
    rows: Any = ((":100:", 0.5),)
    assert ":100:" in printed([Table("t", "T", (Column("a", "a"), Column("b", "b", "number")), rows)], 80)


def test_columns_have_room_for_symbols_that_the_encoding_spells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixcon_cli.tables.printable", spell)
    columns = (Column("a", "checkpoint"), Column("b", "Δ ρ_F", "number"), Column("c", "τ ≥", "number"))
    lines = printed([Table("t", "T", columns, (("umv2 → clean", Spread(0.5, 0.1), 0.95),))], 80).splitlines()
    assert "Delta rho_F" in lines[2] and "0.5000 +- 0.1000" in lines[4]
    assert len({len(line) for line in lines if line.startswith(("│", "┃"))}) == 1
