"""What all tables share: per cent, undefined values, and width where there is no terminal."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pixcon_diag.tables import Table as DescribedTable

UNDEFINED = "–"

PLAIN_WIDTH = 140
"""Columns of a table that is piped into a file, which has no width of its own."""


def per_cent(value: float | None, digits: int = 2) -> str:
    """A fraction as per cent without the sign, which the column's head has."""
    return UNDEFINED if value is None or math.isnan(value) else f"{100 * value:.{digits}f}"


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many decimals."""
    return UNDEFINED if value is None or math.isnan(value) else f"{value:.{digits}f}"


def table(title: str, *columns: str, caption: str | None = None) -> Table:
    """An empty table; the first column holds text, the others numbers."""
    result = Table(title=title, title_justify="left", caption=caption, caption_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        result.add_column(Text(column), justify="right" if index else "left", overflow="fold")
    return result


def add_row(target: Table, *cells: str) -> None:
    """Add a row of plain text: a name with brackets is no markup."""
    target.add_row(*(Text(cell) for cell in cells))


def show(console: Console, *tables: Table) -> None:
    """Print tables, as wide as the terminal, or as they need where there is none."""
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    for each in tables:
        console.print(each)


def show_described(console: Console, tables: "Sequence[DescribedTable]") -> None:
    """Print tables one below the other, the notes of each as lines of their own, which wrap as wide as the screen."""
    for described in tables:
        show(console, render(described))
        for note in described.notes:
            console.print(note, markup=False, style="dim")
        console.print()


def render(described: "DescribedTable") -> Table:
    """A described table for the terminal: text to the left, numbers to the right."""
    made = Table(title=described.title, title_justify="left", title_style="bold")
    for column in described.columns:
        made.add_column(Text(column.head), justify="left" if column.kind == "text" else "right", overflow="fold")
    for row in described.texts():
        add_row(made, *row)
    return made
