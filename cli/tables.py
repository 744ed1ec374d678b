"""Tables in a terminal, laid out so that no number is broken at any width."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pixcon_cli.console import line_width
from pixcon_cli.encoding import printable

if TYPE_CHECKING:
    from pixcon_diag.tables.table import AnyColumn, Cell, Side
    from pixcon_diag.tables.table import Table as DescribedTable

PLAIN_WIDTH = 140
"""Width of output that is not a terminal, where ``COLUMNS`` sets no other."""

LONGEST_WORD = 24
"""Length from which a word, such as a path, may be folded in a narrow column."""
TRANSPOSED_ROWS = 4
"""Most rows of a table that is transposed if it is too wide."""


def show_tables(console: Console, tables: "Sequence[DescribedTable]") -> None:
    """Print tables with their notes, which wrap at the width of the screen; a repeated note is printed once."""
    printed: set[str] = set()
    width = width_of(console)
    for source in tables:
        shown = render(source, width)
        console.print(Text(printable(source.title), style="bold"))
        console.print(shown.table, width=max(width, shown.table.width or 0), crop=False)
        for note in (note for note in (*shown.notes, *source.notes) if note not in printed):
            console.print(printable(note), style="dim")
            printed.add(note)
        console.print()


def width_of(console: Console) -> int:
    """The terminal's width; without a terminal that of ``COLUMNS``, or :data:`PLAIN_WIDTH`."""
    if line_width(console) is None:
        console.width = PLAIN_WIDTH
    return console.width


class Shown(NamedTuple):
    """A table as a terminal shows it."""

    table: Table
    notes: list[str]
    """What is the same in every row and what is left out, for lack of width."""


COLOURS: "dict[Side | None, str]" = {"better": "green", "worse": "red", None: ""}
"""Of cells that say better or worse, by their sign or in words."""


class _Cell(NamedTuple):
    """Text in a table."""

    text: str
    unbroken: bool = False
    """Whether it must stay on one line, as a number; words may wrap."""
    colour: str = ""

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

    def constant(self, column: int) -> bool:
        """Whether a column has the same cell in each of several rows."""
        return len(self.rows) > 1 and len({row[column] for row in self.rows}) == 1

    def columns(self, chosen: Sequence[int]) -> "_Strip":
        """Some of the columns."""
        heads, *rows = (tuple(row[i] for i in chosen) for row in (self.heads, *self.rows))
        return _Strip(heads, tuple(rows), tuple(self.left[i] for i in chosen))

    def transposed(self) -> "_Strip":
        """A row for each column but the first, whose cells become the heads."""
        heads, *rows = zip(self.heads, *self.rows, strict=True)
        return _Strip(heads, tuple(rows), (True, *(False,) * len(self.rows)))


def render(source: "DescribedTable", width: int = PLAIN_WIDTH) -> Shown:
    """A table for a terminal, in which no number is broken or cut.

    A table that does not fit into ``width`` is transposed if it has few rows. Otherwise columns are left out, and
    named in a note: first those with the same cell in every row, then minor ones, then the last ones.
    """
    columns = source.columns
    heads = tuple(_Cell(printable(column.title)) for column in columns)
    rows = tuple(tuple(map(_cell, columns, row)) for row in source.rows)
    strip = _Strip(heads, rows, tuple(column.kind == "text" for column in columns))
    turned = strip.transposed()
    if strip.fits(width) or not (0 < len(rows) <= TRANSPOSED_ROWS and turned.fits(width)):
        kept = _kept(strip, width, [column.minor for column in columns])
        return Shown(_to_rich(strip.columns(kept), width), [*_left_out(strip, kept, source.name)])
    return Shown(_to_rich(turned, width), [])


def _cell(column: "AnyColumn", value: "Cell") -> _Cell:
    return _Cell(printable(column.text(value)), column.kind != "text", COLOURS[column.side(value)])


def _kept(strip: _Strip, width: int, minor: Sequence[bool]) -> list[int]:
    """Indices of the columns that are shown."""
    keys, kept = _keys(strip), list(range(len(strip.heads)))
    droppable = [column for column in kept if column not in keys]
    for column in sorted(droppable, key=lambda i: (not strip.constant(i), not minor[i], -i)):
        if strip.columns(kept).fits(width):
            break
        kept.remove(column)
    return kept


def _left_out(strip: _Strip, kept: Sequence[int], name: str) -> Iterator[str]:
    """What the left-out columns say, if it is the same in every row; else their names, and where they are."""
    dropped = [i for i in range(len(strip.heads)) if i not in kept]
    same = [f"{strip.heads[i].text} {strip.rows[0][i].text}" for i in dropped if strip.constant(i)]
    others = [strip.heads[i].text for i in dropped if not strip.constant(i)]
    if same:
        yield f"In every row: {', '.join(same)}."
    if others:
        yield f"Left out for lack of width: {', '.join(others)} (in {name}.csv, with --out FOLDER)."


def _keys(strip: _Strip) -> list[int]:
    """Columns that distinguish the rows and are always shown: the first, and more if needed, numbers last."""
    keys = [0]

    def distinct(column: int) -> int:
        return len({tuple(row[i] for i in (*keys, column)) for row in strip.rows})

    for columns in ([i for i, left in enumerate(strip.left) if left], range(len(strip.heads))):
        while distinct(0) < len(strip.rows):
            best = max(columns, key=distinct, default=0)  # the first of equals
            if distinct(best) == distinct(0):
                break  # these columns cannot tell the rows apart
            keys.append(best)
    return keys


def _to_rich(strip: _Strip, width: int) -> Table:
    widths = _widths(strip, width)
    result = Table(width=_outer(widths))
    for head, left, wide in zip(strip.heads, strip.left, widths, strict=True):
        result.add_column(Text(head.text), justify="left" if left else "right", overflow="fold", width=wide)
    for row in strip.rows:
        result.add_row(*(Text(cell.text, style=cell.colour) for cell in row))
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
