"""Tables in a terminal, laid out so that no number is broken at any width."""

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

PLAIN_WIDTH = 140
"""Width of output that is not a terminal."""

LONGEST_WORD = 24
"""Length from which a word, such as a path, may be folded in a narrow column."""
TRANSPOSED_ROWS = 4
"""Most rows of a table that is transposed if it is too wide."""


def add_row(target: Table, *cells: str) -> None:
    """Add a row of plain text, in which brackets are not markup."""
    target.add_row(*(Text(cell) for cell in cells))


def show_tables(console: Console, tables: "Sequence[DescribedTable]") -> None:
    """Print tables with their notes, which wrap at the width of the screen; a repeated note is printed once."""
    printed: set[str] = set()
    for source in tables:
        console.print(Text(source.title, style="bold"))
        for part in render(source, width_of(console)):
            console.print(part, width=max(console.width, part.width or 0), crop=False)
        for note in (note for note in source.notes if note not in printed):
            console.print(note, markup=False, style="dim")
            printed.add(note)
        console.print()


def width_of(console: Console) -> int:
    """The terminal's width, or :data:`PLAIN_WIDTH` without one."""
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console.width


class _Cell(NamedTuple):
    """Text in a table."""

    text: str
    unbroken: bool = False
    """Whether it must stay on one line, as a number; words may wrap."""

    @property
    def least(self) -> int:
        """Width below which a number, or a word up to :data:`LONGEST_WORD`, would be broken."""
        words = min(LONGEST_WORD, max(map(cell_len, self.text.split()), default=0))
        return cell_len(self.text) if self.unbroken else words


@dataclass(frozen=True)
class _Strip:
    """Columns of text, printed as one table."""

    heads: tuple[_Cell, ...]
    rows: tuple[tuple[_Cell, ...], ...]
    left: tuple[bool, ...]
    """For each column, whether its text is flush left."""

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


def render(source: "DescribedTable", width: int = PLAIN_WIDTH) -> list[Table]:
    """A table for a terminal, in which no number is broken or cut.

    One table if it fits into ``width``; else a transposed one if it has few rows; else several, each with some of
    the columns.
    """
    texts = [column.kind == "text" for column in source.columns]
    rows = [[_Cell(printable(cell), not text) for cell, text in zip(row, texts, strict=True)] for row in source.texts()]
    strip = _Strip(
        tuple(_Cell(printable(column.title)) for column in source.columns), tuple(map(tuple, rows)), tuple(texts)
    )
    return [_to_rich(strip, width) for strip in _strips(strip, width)]


def _strips(strip: _Strip, width: int) -> Iterator[_Strip]:
    if strip.fits(width):
        yield strip
        return
    turned = strip.transposed()
    if 0 < len(strip.rows) <= TRANSPOSED_ROWS and turned.fits(width):
        yield turned
        return
    keys = _keys(strip)
    chosen: list[int] = []
    for column in (i for i in range(len(strip.heads)) if i not in keys):
        if chosen and not strip.columns([*keys, *chosen, column]).fits(width):
            yield strip.columns([*keys, *chosen])
            chosen = []
        chosen.append(column)
    yield strip.columns([*keys, *chosen])


def _keys(strip: _Strip) -> list[int]:
    """Columns that distinguish the rows, repeated in each part: the first, and more if needed."""
    keys = [0]

    def distinct(column: int) -> int:
        return len({tuple(row[i] for i in (*keys, column)) for row in strip.rows})

    while distinct(0) < len(strip.rows):
        best = max(range(len(strip.heads)), key=distinct)  # the first of equals
        if distinct(best) == distinct(0):
            break  # some rows are equal
        keys.append(best)
    return keys


def _to_rich(strip: _Strip, width: int) -> Table:
    widths = _widths(strip, width)
    result = Table(width=_outer(widths))
    for head, left, wide in zip(strip.heads, strip.left, widths, strict=True):
        result.add_column(Text(head.text), justify="left" if left else "right", overflow="fold", width=wide)
    for row in strip.rows:
        add_row(result, *(cell.text for cell in row))
    return result


def _widths(strip: _Strip, width: int) -> list[int]:
    """Width of each column: its minimum, widened from the left to its natural width as space permits."""
    widths = strip.least
    spare = width - _outer(widths)
    for i, natural in enumerate(strip.natural):
        added = max(0, min(natural - widths[i], spare))
        widths[i] += added
        spare -= added
    return widths


def _outer(widths: Sequence[int]) -> int:
    """Width of a table with its lines and padding."""
    return sum(widths) + 3 * len(widths) + 1
