"""Tables and figures of the page as HTML."""

import math
from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from pixcon_diag.reporting.page.terms import with_terms
from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.table import AnyColumn, Cell, Table

LONG = 15
"""Rows from which on a table is folded away."""


def table_html(table: Table, *, folded: bool | None = None, row_keys: tuple[str, ...] = ()) -> Markup:
    """A table with sortable columns; its script adds the buttons that save it.

    Args:
        table: its name must be unique on the page.
        folded: whether it opens on demand; None: from :data:`LONG` rows on.
        row_keys: a ``data-key`` for each row, by which the scripts find it; empty for none.
    """
    keys = row_keys or ("",) * len(table.rows)
    rows = (_row(table.columns, row, key) for key, row in zip(keys, table.rows, strict=True))
    notes = Markup("").join(Markup("<p class=note>{}</p>").format(note) for note in table.notes)
    body = _TABLE.format(
        name=table.name, title=table.title, heads=_heads(table), rows=Markup("\n").join(rows), notes=notes
    )
    if folded is None:
        folded = len(table.rows) >= LONG
    if not folded:
        return body
    return Markup("<details><summary>{} <small>({} rows)</small></summary>{}</details>").format(
        table.title, len(table.rows), body
    )


_TABLE = Markup(
    '<div class=table data-table="{name}"><div class=scroll tabindex=0 role=region aria-label="{title}"><table>'
    "<caption>{title}</caption><thead>{heads}</thead><tbody>{rows}</tbody></table></div>{notes}</div>"
)
_ROW = Markup("<tr{}>{}</tr>")
_CELL = Markup("<td{}{}>{}</td>")
_COLORS = {"better": "good", "worse": "bad", None: ""}


def _row(columns: Sequence[AnyColumn], row: Sequence[Cell], key: str) -> Markup:
    cells = Markup("").join(
        _CELL.format(_kind(column, value, decided="undecided" not in row), _sort_value(value), column.text(value))
        for column, value in zip(columns, row, strict=True)
    )
    return _ROW.format(Markup(' data-key="{}"').format(key) if key else "", cells)


def _kind(column: AnyColumn, value: Cell, *, decided: bool) -> Markup:
    """The classes of a cell: flush right for numbers, coloured where a difference is better or worse."""
    color = _COLORS[column.side(value)] if decided or column.kind == "text" else ""
    names = " ".join(filter(None, ("" if column.kind == "text" else "n", color)))
    return Markup(' class="{}"').format(names) if names else Markup("")


def _heads(table: Table) -> Markup:
    """The row of headings, below a row of shared headings if there are any."""
    heads = Markup("").join(
        Markup('<th scope=col class="{}">{}</th>').format(
            "" if column.kind == "text" else "n", with_terms(column.head, links=False)
        )
        for column in table.columns
    )
    row = Markup("<tr>{}</tr>").format(heads)
    if not any(column.over for column in table.columns):
        return row
    shared = [(over, len(list(run))) for over, run in groupby(table.columns, key=lambda column: column.over)]
    cells = Markup("").join(
        Markup("<th colspan={} scope=colgroup class=over>{}</th>").format(width, over)
        if over
        else Markup("<td colspan={}></td>").format(width)
        for over, width in shared
    )
    return Markup("<tr>{}</tr>").format(cells) + row


def _sort_value(value: Cell) -> Markup:
    """The number by which a cell sorts; nothing for text and undefined numbers."""
    number = value.mean if isinstance(value, Spread) else value
    if isinstance(number, int | float) and math.isfinite(number):
        return Markup(' data-value="{}"').format(repr(float(number)))
    return Markup("")
