"""Reading tables of metrics: CSV files, and rows of JSON as exported from W&B or written by mmengine."""

import csv
import io
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_diag.statistics.spread import NAN
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import parse_json, read_input, split_lines

MOST_COLUMNS = 5_000
MOST_VALUES = 5_000_000
"""Most rows times columns: a hundred thousand steps of fifty metrics."""
SEPARATORS = ",;\t"
EMPTY = frozenset({"", "null", "none", "na", "n/a", "-"})
"""How a cell without a value is written, in lower case."""
NOT_EVALUATED = -1000.0
"""What AugSeg writes for an epoch without an evaluation."""
_TEXT = float("nan")
"""The value of a cell with other text, known by its identity."""
STRINGS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How W&B writes numbers that JSON lacks."""


@dataclass(frozen=True)
class MetricTable:
    """Numbers by column; all columns have the same length."""

    columns: Mapping[str, Sequence[float]]
    """NaN where a row has no value; columns with other text are left out."""
    text: tuple[str, ...] = ()
    """Names of the columns left out."""
    note: str | None = None


def read_csv(path: Path) -> MetricTable:
    """The table in a CSV file with a header; the separator is the comma, semicolon or tab most frequent in it.

    Raises:
        DataError: the file cannot be read, is too large, has no header or two equal names in it, or a row of
            another length.
    """
    content = _text(path)
    header, rows = _rows(path, content)
    columns = [array("d") for _ in header]
    text, cut = set[int](), 0
    for number, row in enumerate(rows, 2):
        if cut or len(row) > len(header):
            found = cut or len(row)
            raise DataError(
                f"{path}, row {number - bool(cut)}: {found} values for {len(header)} columns. Export it again."
            )
        if len(row) < len(header):
            cut = len(row)
            continue
        _check_size(path, number, len(header))
        for k, cell in enumerate(row):
            columns[k].append(value := _parsed(cell))
            if value is _TEXT:
                text.add(k)
    numbers = {name: columns[k] for k, name in enumerate(header) if k not in text}
    note = "the last line is cut off and left out." if cut else None
    return MetricTable(numbers, tuple(header[k] for k in sorted(text)), note)


def read_json_rows(path: Path) -> MetricTable:
    """The table in a JSON file: a list of objects, or an object on each line; values that are no numbers are skipped.

    Raises:
        DataError: the file cannot be read, is too large, or is neither.
    """
    content = _text(path)
    whole = content.lstrip().startswith("[")
    rows, note = _whole(path, content) if whole else _lines(path, split_lines(content))
    names = list(dict.fromkeys(name for row in rows for name in row))
    _check_size(path, len(rows), len(names))
    columns = {name: array("d", (_number(row.get(name)) for row in rows)) for name in names}
    filled = {name: values for name, values in columns.items() if not all(map(math.isnan, values))}
    return MetricTable(filled, note=note)


def _text(path: Path) -> str:
    return read_input(path, f"The table {path}", DataError, missing=f"No log at {path}.")


def _rows(path: Path, content: str) -> tuple[list[str], Iterator[list[str]]]:
    """The header and the rows of a CSV file, without empty ones."""
    first = content.lstrip("\n").partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    _check_size(path, 1, first.count(separator) + 1)
    rows = _read_rows(path, csv.reader(io.StringIO(content), delimiter=separator))
    header = [name.strip() for name in next(rows, [])]
    if not header:
        raise DataError(f"{path} is empty. Expected a header with the names of the columns, and a row per epoch.")
    counts = Counter(header)
    if len(counts) != len(header):
        twice = next(name for name in header if counts[name] > 1)
        raise DataError(
            f"{path}: two columns are called `{twice[:80]}`. Rename one, so that a name is a single column's."
        )
    return header, rows


def _read_rows(path: Path, rows: Iterable[list[str]]) -> Iterator[list[str]]:
    try:
        yield from filter(None, rows)
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file: {error}.") from None


def _check_size(path: Path, rows: int, columns: int) -> None:
    if columns > MOST_COLUMNS or rows * columns > MOST_VALUES:
        raise DataError(
            f"{path} has too many values: at most {MOST_COLUMNS:,} columns, and {MOST_VALUES:,} values, are read. Keep "
            "the columns of the validation and the losses."
        )


def _parsed(cell: str) -> float:
    """A cell as a number."""
    try:
        return NAN if (value := float(cell)) == NOT_EVALUATED else value
    except ValueError:
        return NAN if cell.strip().lower() in EMPTY else _TEXT


def _whole(path: Path, content: str) -> tuple[list[dict[str, Any]], None]:
    try:
        rows = parse_json(content)
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}.") from None
    return [_row(path, number, row) for number, row in enumerate(rows, 1)], None


def _lines(path: Path, lines: Sequence[str]) -> tuple[list[dict[str, Any]], str | None]:
    """An object a line; the last one may be cut off."""
    rows: list[dict[str, Any]] = []
    for number, line in _filled(lines):
        try:
            rows.append(_row(path, number, parse_json(line)))
        except ValueError:
            if number == len(lines) and rows:
                return rows, "the last line is cut off and left out."
            raise DataError(
                f"{path}, line {number}: expected rows of metrics in JSON (W&B's history, a JSON list or an object a "
                "line). Export the history again, for example with `run.history().to_csv(…)`."
            ) from None
    return rows, None


def _filled(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _row(path: Path, number: int, row: object) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise DataError(f"{path}: row {number} is no object with a value by metric. Expected W&B's exported history.")
    return row


def _number(value: object) -> float:
    """A value of JSON as a number; NaN if it is none."""
    if isinstance(value, str):
        return STRINGS.get(value, NAN)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NAN
    try:
        return float(value)
    except OverflowError:
        return math.inf
