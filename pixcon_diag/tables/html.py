"""A table in HTML, for notebooks."""

from collections.abc import Sequence
from itertools import groupby

from pixcon_diag.tables.table import AnyColumn, Cell, Side, Table
from pixcon_train.core.foreign_text import html_text


def to_html(table: Table) -> str:
    """A ``<table>`` with its title as caption, and the notes as paragraphs below, all of it :func:`html_text`."""
    caption = f'<caption style="text-align: left"><b>{html_text(table.title)}</b></caption>'
    body = [_row([_value(*pair) for pair in zip(table.columns, row, strict=True)]) for row in table.rows]
    return "\n".join(
        [
            "<table>",
            caption,
            "<thead>",
            *_heads(table.columns),
            "</thead>",
            "<tbody>",
            *body,
            "</tbody>",
            "</table>",
            *(f"<p><small>{html_text(note)}</small></p>" for note in table.notes),
        ]
    )


def _heads(columns: Sequence[AnyColumn]) -> list[str]:
    """The row of headings, below a row of shared headings if there are any."""
    heads = _row([_cell("th", column, column.head) for column in columns])
    if not any(column.over for column in columns):
        return [heads]
    shared = [(over, len(list(run))) for over, run in groupby(columns, key=lambda column: column.over)]
    cells = [f'<th colspan="{width}" style="text-align: center">{html_text(over)}</th>' for over, width in shared]
    return [_row(cells), heads]


_COLOURS: dict[Side | None, str] = {"better": "; color: #1a7f37", "worse": "; color: #cf222e", None: ""}


def _value(column: AnyColumn, value: Cell) -> str:
    """A cell; better or worse in green or red."""
    return _cell("td", column, column.text(value), _COLOURS[column.side(value)])


def _cell(tag: str, column: AnyColumn, text: str, style: str = "") -> str:
    side = "left" if column.kind == "text" else "right"
    return f'<{tag} style="text-align: {side}{style}">{html_text(text)}</{tag}>'


def _row(cells: Sequence[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"
