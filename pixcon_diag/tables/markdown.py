"""A table in Markdown."""

import re
from collections.abc import Sequence

from pixcon_diag.tables.table import Table


def to_markdown(table: Table) -> str:
    """The table in Markdown, its title in bold above and its notes below."""
    heads = [column.title for column in table.columns]
    aligned = ["---" if column.kind == "text" else "---:" for column in table.columns]
    lines = [_markdown_row(heads), _markdown_row(aligned), *(_markdown_row(row) for row in table.texts())]
    return "\n".join([f"**{table.title}**", "", *lines, *(f"\n{note}" for note in table.notes), ""])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(plain_text, cells))} |"


_MARKUP = re.compile(r"[\\|*`<]|(?<![^\W_])_|_(?![^\W_])")
"""Characters that Markdown interprets; an underscore inside a word (ρ_F) is plain text."""


def plain_text(text: str) -> str:
    """Text escaped for a cell or a paragraph, so that `__x__` or `<x>` is not markup and `|` does not end the cell."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
