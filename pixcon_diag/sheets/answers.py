"""The answers of a sheet, from its CSV files."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pixcon_diag.sheets.question import Answer, order_of
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import read_input

COLUMNS = ("sheet", "question", "answer")

_OTHERS: dict[str, Answer] = {"N": "neither", "U": "unclear"}


@dataclass(frozen=True)
class Given:
    """One answer as it stands in a file."""

    letters: str
    """As the sheet's keys; see :func:`decoded`."""
    where: str
    """File and line."""


def read_answers(paths: Sequence[Path], sheet: str, *, mixed: bool) -> dict[str, Given]:
    """Answers by the question's name, from the files of one sheet or of several that continue one another.

    Args:
        paths: CSV files with the columns sheet, question, answer; further columns are ignored.
        sheet: the id that the answers must have.
        mixed: as :attr:`pixcon_diag.sheets.page.Sheet.mixed`.

    Raises:
        DataError: a file cannot be read or has no such columns, holds answers of another sheet, an unknown answer, or
            a question twice.
    """
    allowed = ("A", "B", "N", "MA", "MB", "MN") if mixed else ("A", "B", "N", "U")
    given: dict[str, Given] = {}
    for path in paths:
        for line, row in _rows(path):
            where = f"{path}, line {line}"
            if row["sheet"] != sheet:
                raise DataError(
                    f"{where}: the answer belongs to sheet {row['sheet'] or '(empty)'}, expected {sheet}. Answers hold "
                    "for the checkpoints, images and seed of their sheet; write a sheet again, or name its answers."
                )
            if row["answer"] not in allowed:
                raise DataError(f"{where}: unknown answer '{row['answer']}'. Expected one of {', '.join(allowed)}.")
            if row["question"] in given:
                raise DataError(
                    f"{where}: question {row['question']} is answered twice, first in "
                    f"{given[row['question']].where}. Keep one of the two rows."
                )
            given[row["question"]] = Given(row["answer"], where)
    return given


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Line number and stripped cells of each row."""
    reader = csv.DictReader(io.StringIO(read_input(path, str(path), DataError)), restval="")
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(
                f"{path} lacks the column {', '.join(missing)}. Expected the CSV file that a sheet saves, with "
                f"{', '.join(COLUMNS)}."
            )
        return [(reader.line_num, {name: row[name].strip() for name in COLUMNS}) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file: {error}. Expected the file that a sheet saves.") from None


def decoded(letters: str, sheet: str, component: str) -> tuple[bool, Answer]:
    """Whether the region is mixed, and the answer: of the marked pixel where it is, else of the region."""
    letter = letters[-1]
    answer = _OTHERS[letter] if letter in _OTHERS else order_of(sheet, component)["AB".index(letter)]
    return letters[0] == "M", answer


def number_of(text: str) -> int:
    """The number that a sheet writes as ``text``, from 1; 0 for any other text, such as ``01``."""
    number = int(text) if text.isdecimal() else 0
    return number if str(number) == text else 0


def require_known(given: Mapping[str, Given], known: Callable[[str], bool], expected: str) -> None:
    """Raise for an answer to a question that the sheet does not have.

    Raises:
        DataError: naming the first such answer.
    """
    for name, answer in given.items():
        if not known(name):
            raise DataError(f"{answer.where}: the sheet has no question '{name}'. Expected {expected}.")


def require_no_gap(names: Sequence[str], given: Mapping[str, Given]) -> None:
    """Raise where a question of ``names`` without an answer is followed by one with an answer.

    Raises:
        DataError: naming the question, as draws count in their order.
    """
    gap = next((place for place, name in enumerate(names) if name not in given), len(names))
    later = next((given[name].where for name in names[gap:] if name in given), None)
    if later is not None:
        raise DataError(
            f"Question {names[gap]} has no answer, but a later one has ({later}). Draws count in their order, as "
            "leaving some out would bias the estimate. Answer it on the sheet, or remove the rows after it."
        )
