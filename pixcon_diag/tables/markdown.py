"""A table in Markdown."""

import re
from collections.abc import Sequence

from pixcon_diag.tables.table import Table
from pixcon_train.core.foreign_text import shown_line


def to_markdown(table: Table) -> str:
    """The table in Markdown, its title in bold above and its notes below."""
    heads = [column.title for column in table.columns]
    aligned = ["---" if column.kind == "text" else "---:" for column in table.columns]
    lines = [_markdown_row(heads), _markdown_row(aligned), *(_markdown_row(row) for row in table.texts())]
    notes = (f"\n{paragraph(note)}" for note in table.notes)
    return "\n".join([f"**{plain_text(table.title)}**", "", *lines, *notes, ""])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(plain_text, cells))} |"


_MARKUP = re.compile(r"[\\|*`<\[~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|(?<=:)//|(?<=www)\.")
"""What Markdown, in GitHub's form too, takes for markup, an entity or an address; an underscore inside a word (ρ_F) is
plain text."""
_START = re.compile(r"(\d*)([#>+=.)-])")
"""How a heading, a quotation, a list or a rule begins."""


def plain_text(text: str) -> str:
    """Text escaped for a cell, so that `__x__`, `![x](y)` or `<x>` is not markup and `|` does not end the cell."""
    return _MARKUP.sub(r"\\\g<0>", shown_line(text))


def paragraph(text: str) -> str:
    """Text escaped for a paragraph or an item of a list, of which no part is markup."""
    plain = plain_text(text).lstrip()
    return _START.sub(r"\1\\\2", plain, count=1) if _START.match(plain) else plain
