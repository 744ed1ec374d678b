"""Reading and formatting a run's ``log.jsonl``; see ``pixcon_train/runs/log.py`` for its records."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import parse_json, read_end, read_text, split_lines, to_json, unreadable

LOG = "log.jsonl"
_LONGEST = 1_000_000
"""Most characters of a record; those of an epoch have a few hundred for each class."""
_END = 1_000_000
"""Bytes at the end of a log that hold its last records."""
_MOST = 2**53
"""Integers below are exact as floats."""


@dataclass(frozen=True)
class LogFile:
    """Content of a log."""

    records: list[dict[str, Any]]
    cut_off: bool = False
    """Whether an incomplete last line, as after a crash, was dropped."""


def read_log(path: Path) -> list[dict[str, Any]]:
    """The records of a run's log, in order; empty if there is no log. An incomplete last line is dropped.

    Raises:
        DataError: it cannot be read, or a line is no record.
    """
    try:
        return read_log_file(path).records
    except FileNotFoundError:
        return []


def read_log_file(path: Path) -> LogFile:
    """The content of a run's log.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: it cannot be read, or a line is no record.
    """
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a log: {unreadable(error)}.") from error
    lines, records = split_lines(text), list[dict[str, Any]]()
    for number, line in enumerate(lines, 1):
        try:
            records.append(_record(line))
        except ValueError as error:
            if number == len(lines) and not text.endswith("\n"):
                return LogFile(records, cut_off=True)
            raise DataError(
                f"{path}, line {number} is no record of a run: {str(error)[:100]}. Expected a "
                "JSON object with `event`; the file is damaged, or not a log of pixcon-train."
            ) from error
    return LogFile(records)


def last_records(path: Path) -> list[dict[str, Any]]:
    """The last records of a log that a run may be writing, as many as :data:`_END` bytes hold.

    Empty where there is no log; lines that are no records are left out.
    """
    try:
        lines = read_end(path, _END).decode("utf-8", "replace").split("\n")
    except OSError:
        return []
    records = []
    for line in lines[:-1]:  # the last line may be half written, and the first one is half read
        with suppress(ValueError):
            records.append(_record(line))
    return records


def _record(line: str) -> dict[str, Any]:
    """The record of one line; raises ValueError (or JSONDecodeError) if it is none."""
    if len(line) > _LONGEST:
        raise ValueError(f"it has {len(line):,} characters")
    record = parse_json(line)
    if not isinstance(record, dict) or not isinstance(record.get("event"), str):
        raise ValueError("it has no `event`")
    for name in ("iteration", *(["epoch"] if record["event"] == "epoch" else [])):
        count = record.get(name, 0 if name == "iteration" else None)
        if type(count) is not int or not 0 <= count < _MOST:
            raise ValueError(f"its `{name}` is no count")
    return record


def log_line(record: dict[str, Any]) -> str:
    """``record`` as a line of the log, in ASCII, since some readers also split lines at U+2028, NEL and others."""
    return to_json(record, indent=None, ascii_only=True) + "\n"
