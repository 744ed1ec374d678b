"""A sheet as one HTML file that opens without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from pixcon_diag.sheets.question import Question, to_json
from pixcon_train.core.foreign_text import shown

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True)
class Sheet:
    """Questions of one kind about one list of images."""

    id: str
    """Ties the answers to the draws: sheets of other images, predictions or seeds have another one."""
    title: str
    explanation: str
    questions: Sequence[Question]
    mixed: bool
    """Whether ``mixed`` is an answer, after which the marked pixel is asked; otherwise ``unclear`` is one, and the
    marked pixel is asked always."""
    answers_file: str
    """Name under which the answers are saved."""


def render(sheet: Sheet) -> str:
    """The HTML of a sheet, with its photographs and its script."""
    content = {
        "id": sheet.id,
        "mixed": sheet.mixed,
        "file": sheet.answers_file,
        "questions": [to_json(question, sheet.id) for question in sheet.questions],
    }
    return shown(_template().render(sheet=sheet, content=content, script=_text("sheet.js")))


def _template() -> "jinja2.Template":
    import jinja2  # imported here: `compare` looks at every analysis and writes no sheet

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    return environment.from_string(_text("sheet.html.j2"))


def _text(name: str) -> str:
    return (resources.files("pixcon_diag.sheets") / name).read_text(encoding="utf-8")
