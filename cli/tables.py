"""What all tables share: per cent, undefined values, and a layout that no width of the terminal breaks."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pixcon_cli.encoding import printable

if TYPE_CHECKING:
    from pixcon_diag.tables.table import Table as DescribedTable

UNDEFINED = "–"

PLAIN_WIDTH = 140
"""Columns of a table that is piped into a file, which has no width of its own."""

LONGEST_WORD = 24
"""Characters of a word, such as a path, beyond which a narrow column may fold it."""
TRANSPOSED_ROWS = 4
"""Rows of a table that may become columns where it is too wide."""


def per_cent(value: float | None, digits: int = 2) -> str:
    """A fraction as per cent without the sign, which the column's head has."""
    return UNDEFINED if value is None or math.isnan(value) else f"{100 * value:.{digits}f}"


def table(title: str, *columns: str, caption: str | None = None) -> Table:
    """An empty table; the first column holds text, the others numbers."""
    result = Table(title=title, title_justify="left", caption=caption, caption_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        result.add_column(Text(column), justify="right" if index else "left", overflow="fold", no_wrap=index > 0)
    return result


def add_row(target: Table, *cells: str) -> None:
    """Add a row of plain text: a name with brackets is no markup."""
    target.add_row(*(Text(cell) for cell in cells))


def show(console: Console, *tables: Table) -> None:
    """Print tables, as wide as the terminal, or as they need where there is none."""
    width_of(console)
    for each in tables:
        console.print(each)


def show_described(console: Console, tables: "Sequence[DescribedTable]") -> None:
    """Print tables one below the other. Their notes are lines of their own, which wrap as wide as the screen; a note of
    several tables is printed once."""
    printed: set[str] = set()
    for described in tables:
        console.print(Text(described.title, style="bold"))
        for made in render(described, width_of(console)):
            console.print(made, width=max(console.width, made.width or 0), crop=False)
        for note in (note for note in described.notes if note not in printed):
            console.print(note, markup=False, style="dim")
            printed.add(note)
        console.print()


def width_of(console: Console) -> int:
    """The terminal's width, or :data:`PLAIN_WIDTH` where there is none."""
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console.width


class _Cell(NamedTuple):
    """Text in a table."""

    text: str
    whole: bool = False
    """Whether it stands on one line, as a number does; words may wrap."""

    @property
    def least(self) -> int:
        """Width below which a number, or a word that is not a very long one, would be broken."""
        words = min(LONGEST_WORD, max(map(cell_len, self.text.split()), default=0))
        return cell_len(self.text) if self.whole else words


@dataclass(frozen=True)
class _Strip:
    """Columns of text: what is printed as one table."""

    heads: tuple[_Cell, ...]
    rows: tuple[tuple[_Cell, ...], ...]
    left: tuple[bool, ...]
    """Of each column, whether its text starts at the left."""

    @property
    def least(self) -> list[int]:
        """Width that each column needs."""
        return [max(1, *(cell.least for cell in column)) for column in zip(self.heads, *self.rows, strict=True)]

    @property
    def natural(self) -> list[int]:
        """Width at which nothing wraps."""
        return [max(cell_len(cell.text) for cell in column) for column in zip(self.heads, *self.rows, strict=True)]

    def fits(self, width: int) -> bool:
        """Whether the columns have room."""
        return _outer(self.least) <= width

    def columns(self, chosen: Sequence[int]) -> "_Strip":
        """Some of the columns."""
        heads, *rows = (tuple(row[i] for i in chosen) for row in (self.heads, *self.rows))
        return _Strip(heads, tuple(rows), tuple(self.left[i] for i in chosen))

    def transposed(self) -> "_Strip":
        """A row for each column but the first, whose cells become the heads."""
        heads, *rows = zip(self.heads, *self.rows, strict=True)
        return _Strip(heads, tuple(rows), (True, *(False,) * len(self.rows)))


def render(described: "DescribedTable", width: int = PLAIN_WIDTH) -> list[Table]:
    """A described table for a terminal, in which no number is broken or cut.

    One table where it fits into ``width``; otherwise one with rows and columns exchanged where it has few rows;
    otherwise several, each with some of the columns.
    """
    texts = [column.kind == "text" for column in described.columns]
    rows = [
        [_Cell(printable(cell), not text) for cell, text in zip(row, texts, strict=True)] for row in described.texts()
    ]
    whole = _Strip(
        tuple(_Cell(printable(column.title)) for column in described.columns), tuple(map(tuple, rows)), tuple(texts)
    )
    return [_drawn(strip, width) for strip in _strips(whole, width)]


def _strips(whole: _Strip, width: int) -> Iterator[_Strip]:
    if whole.fits(width):
        yield whole
        return
    turned = whole.transposed()
    if 0 < len(whole.rows) <= TRANSPOSED_ROWS and turned.fits(width):
        yield turned
        return
    keys = _keys(whole)
    chosen: list[int] = []
    for column in (i for i in range(len(whole.heads)) if i not in keys):
        if chosen and not whole.columns([*keys, *chosen, column]).fits(width):
            yield whole.columns([*keys, *chosen])
            chosen = []
        chosen.append(column)
    yield whole.columns([*keys, *chosen])


def _keys(whole: _Strip) -> list[int]:
    """Columns that tell the rows apart, which each part of the table repeats: the first one, and what it needs."""
    keys = [0]

    def distinct(column: int) -> int:
        return len({tuple(row[i] for i in (*keys, column)) for row in whole.rows})

    while distinct(0) < len(whole.rows):
        best = max(range(len(whole.heads)), key=distinct)  # the first of equals
        if distinct(best) == distinct(0):
            break  # some rows are equal
        keys.append(best)
    return keys


def _drawn(strip: _Strip, width: int) -> Table:
    widths = _widths(strip, width)
    made = Table(width=_outer(widths))
    for head, left, wide in zip(strip.heads, strip.left, widths, strict=True):
        made.add_column(Text(head.text), justify="left" if left else "right", overflow="fold", width=wide)
    for row in strip.rows:
        add_row(made, *(cell.text for cell in row))
    return made


def _widths(strip: _Strip, width: int) -> list[int]:
    """Each column's width: what it needs, and from the left on what it would like as far as there is room."""
    widths = strip.least
    spare = width - _outer(widths)
    for i, natural in enumerate(strip.natural):
        added = max(0, min(natural - widths[i], spare))
        widths[i] += added
        spare -= added
    return widths


def _outer(widths: Sequence[int]) -> int:
    """Width of a table with its lines and the blanks beside each cell."""
    return sum(widths) + 3 * len(widths) + 1
