"""The questions of a sheet."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pixcon_train.core.foreign_text import csv_text, shown_line

Answer = Literal["first", "second", "neither", "unclear", "mixed"]
"""Which of two classes is right: ``unclear`` cannot be told, ``mixed`` differs within the region."""


@dataclass(frozen=True)
class Classes:
    """The two classes of a question, each with its colour."""

    first: str
    second: str
    colors: tuple[Sequence[int], Sequence[int]]
    """Red, green, blue, 0..255."""


@dataclass(frozen=True)
class Crop:
    """A part of a photograph with the region that is asked about."""

    photograph: bytes
    """JPEG."""
    outline: bytes
    """PNG of the same size, transparent where there is no outline."""
    mark: tuple[float, float]
    """Position of the marked pixel as fractions of width and height."""


@dataclass(frozen=True)
class Question:
    """One region, of which the labeller says which of two classes is right."""

    name: str
    """Its name in the file of answers."""
    component: str
    """Questions of one component share the answer to the first of them, unless that is ``mixed``."""
    caption: str
    classes: Classes
    crop: Crop


Order = tuple[Answer, Answer]


def order_of(sheet: str, component: str) -> Order:
    """Which class is called A and which B in the questions of a component, by chance but always the same.

    Without this, A would always be the same method, and the labeller would soon know which.
    """
    swapped = hashlib.sha256(f"{sheet} {component}".encode()).digest()[0] % 2
    return ("second", "first") if swapped else ("first", "second")


def to_json(question: Question, sheet: str) -> dict[str, Any]:
    """The question as the page's script reads it."""
    classes = {
        "first": (question.classes.first, question.classes.colors[0]),
        "second": (question.classes.second, question.classes.colors[1]),
    }
    return {
        "name": question.name,
        "component": question.component,
        "caption": shown_line(question.caption),
        "image": csv_text(question.caption),
        "classes": [
            {
                "key": key,
                "text": shown_line(classes[which][0]),
                "color": "#{:02x}{:02x}{:02x}".format(*classes[which][1]),
            }
            for key, which in zip("AB", order_of(sheet, question.component), strict=True)
        ],
        "photograph": _data_url("image/jpeg", question.crop.photograph),
        "outline": _data_url("image/png", question.crop.outline),
        "mark": question.crop.mark,
    }


def _data_url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
