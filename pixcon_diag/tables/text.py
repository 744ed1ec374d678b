"""A table as plain text, for the ``repr`` of a result."""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pixcon_diag.tables.table import Table
from pixcon_train.core.foreign_text import shown_line

_GAP = "  "


@dataclass(frozen=True)
class _Strip:
    """One column as lines."""

    head: tuple[str, ...]
    """The heading, wrapped."""
    cells: tuple[str, ...]
    right: bool
    """Whether its text is flush right, as for numbers."""

    @property
    def width(self) -> int:
        """Screen columns of its longest line."""
        return max(map(_width, (*self.head, *self.cells)))

    def lines(self, height: int) -> list[str]:
        """The heading in ``height`` lines, a rule, and the cells, all of the same width."""
        width = self.width
        lines = [*[""] * (height - len(self.head)), *self.head, "-" * width, *self.cells]
        padding = [" " * (width - _width(line)) for line in lines]
        return [pad + line if self.right else line + pad for line, pad in zip(lines, padding, strict=True)]


def to_text(table: Table, width: int = 80) -> str:
    """The title, the rows in aligned columns, and the notes, in lines of at most ``width`` screen columns.

    A wider table continues in further blocks of columns, which repeat the first column. A column is never cut: one
    that does not fit next to the first exceeds ``width``.
    """
    texts = table.texts()
    strips = [
        _strip(column.title, [row[index] for row in texts], right=column.kind != "text")
        for index, column in enumerate(table.columns)
    ]
    notes = [textwrap.fill(shown_line(note), width) for note in table.notes]
    return "\n\n".join([shown_line(table.title), *map(_block, _blocks(strips, width)), *notes])


def _strip(title: str, cells: Sequence[str], *, right: bool) -> _Strip:
    """A column whose heading wraps between words to the width of its cells."""
    plain = tuple(map(shown_line, cells))
    room = max(1, *map(len, title.split()), *map(len, plain))
    return _Strip(tuple(textwrap.wrap(shown_line(title), room)) or ("",), plain, right)


def _blocks(strips: Sequence[_Strip], width: int) -> Iterator[list[_Strip]]:
    """The columns in as few blocks as possible, each starting with the first column."""
    first, *others = strips
    block = [first]
    for strip in others:
        used = sum(member.width + len(_GAP) for member in block)
        if len(block) > 1 and used + strip.width > width:
            yield block
            block = [first]
        block.append(strip)
    yield block


def _block(strips: Sequence[_Strip]) -> str:
    height = max(len(strip.head) for strip in strips)
    rows = zip(*(strip.lines(height) for strip in strips), strict=True)
    return "\n".join(_GAP.join(row).rstrip() for row in rows)


def _width(text: str) -> int:
    """Screen columns: two for a wide character such as a Chinese one, none for a combining accent."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
