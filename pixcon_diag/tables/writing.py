"""Results as JSON and CSV: full precision, rates as fractions, undefined values ``null`` or an empty cell."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pixcon_train.core.files import write_json, write_text
from pixcon_train.core.foreign_text import csv_text

Row = Mapping[str, Any]


def write_results(
    folder: Path, command: str, content: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]
) -> list[Path]:
    """Write ``<command>.json`` with ``content`` and ``<table>.csv`` for each table into ``folder``; return the paths.

    Raises:
        PixConError: the folder cannot be written.
    """
    paths = [folder / f"{command}.json", *(folder / f"{name}.csv" for name in tables)]
    write_json(paths[0], content)
    for path, rows in zip(paths[1:], tables.values(), strict=True):
        write_text(path, to_csv(rows))
    return paths


TABLES = "tables"
"""Folder of the tables that are meant for reading: LaTeX, and in a report Markdown."""


def write_latex(folder: Path, tables: Mapping[str, str]) -> list[Path]:
    """Write LaTeX by the table's name into ``folder/tables``; return the paths.

    Raises:
        PixConError: the folder cannot be written.
    """
    paths = [folder / TABLES / f"{name}.tex" for name in tables]
    for path, text in zip(paths, tables.values(), strict=True):
        write_text(path, text)
    return paths


def to_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV; columns in order of first appearance; a missing or undefined value is an empty cell.

    Text is :func:`csv_text`; the JSON beside the file has it exactly.
    """
    buffer = io.StringIO()
    keys = list(dict.fromkeys(_keys(rows)))
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(csv_text, keys))
    writer.writerows([_cell(row.get(key)) for key in keys] for row in rows)
    return buffer.getvalue()


def _keys(rows: Iterable[Row]) -> Iterable[str]:
    for row in rows:
        yield from row


def _cell(value: Any) -> Any:
    """A value for CSV: a float as its shortest exact text, an undefined value as an empty cell."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return csv_text(value) if isinstance(value, str) else repr(value) if isinstance(value, float) else value
