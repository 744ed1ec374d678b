"""Rows of the table, in plain ASCII and 80 columns, for any console and any log."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["pass", "FAIL", "skipped", "measured"]

COLUMNS = {"part": 11, "what": 29, "result": 16, "limit": 11, "verdict": 8}
"""Widths, with one space between; the sum is 79."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    result: str
    verdict: Verdict
    limit: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    """Further values for the JSON."""


def at_most(what: str, value: float, limit: float, **values: Any) -> Row:
    """A row that passes where ``value`` <= ``limit``; NaN fails."""
    verdict: Verdict = "pass" if value <= limit else "FAIL"
    return Row(what, f"{value:.2g}", verdict, f"<= {limit:g}", {"value": value, "limit": limit, **values})


def at_least(what: str, value: float, limit: float, **values: Any) -> Row:
    """A row that passes where ``value`` >= ``limit``; NaN fails."""
    verdict: Verdict = "pass" if value >= limit else "FAIL"
    return Row(what, f"{value:.6g}", verdict, f">= {limit:g}", {"value": value, "limit": limit, **values})


def holds(what: str, result: str, condition: bool, limit: str = "", **values: Any) -> Row:
    """A row that passes where ``condition`` is true."""
    return Row(what, result, "pass" if condition else "FAIL", limit, values)


def measured(what: str, result: str, **values: Any) -> Row:
    """A number without a limit."""
    return Row(what, result, "measured", "", values)


def skipped(what: str, why: str) -> Row:
    """A case that was not run, with the reason."""
    return Row(what, why, "skipped")


def failed(what: str, message: str, **values: Any) -> Row:
    """An error, by its message."""
    return Row(what, message, "FAIL", "", values)


def header() -> str:
    """Names of the columns and a rule."""
    return _line([name.ljust(width) for name, width in COLUMNS.items()]) + "\n" + "-" * (sum(COLUMNS.values()) + 4)


def format_row(part: str, row: Row) -> str:
    """One row; long texts are wrapped within their columns."""
    texts = {"part": part, "what": row.what, "result": row.result, "limit": row.limit, "verdict": row.verdict}
    cells = [_wrapped(text, COLUMNS[name]) for name, text in texts.items()]
    if row.verdict in {"skipped", "FAIL"} and len(row.result) > COLUMNS["result"]:
        return "\n".join([_row_of([*cells[:2], [""], cells[3], cells[4]]), *_note(row.result)])
    return _row_of(cells)


def _row_of(cells: list[list[str]]) -> str:
    height = max(map(len, cells))
    return "\n".join(_line([cell[i] if i < len(cell) else "" for cell in cells]) for i in range(height))


def _line(cells: list[str]) -> str:
    widths = COLUMNS.values()
    return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(_ascii(text), width) or [""]


def _note(text: str) -> Iterator[str]:
    """A reason or a message, in the width to the right of the first column."""
    indent = " " * (COLUMNS["part"] + 1)
    yield from textwrap.wrap(_ascii(text), 79, initial_indent=indent, subsequent_indent=indent)


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
