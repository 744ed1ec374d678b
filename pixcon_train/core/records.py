"""Checking what a file says against its type, with one message for the first fault."""

from reprlib import Repr
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Record = TypeVar("Record")


def validated(kind: TypeAdapter[Record], value: Any, name: str = "") -> Record:
    """``value`` as its type.

    Args:
        name: of the entry that holds it, for the message.

    Raises:
        ValueError: it is of another type; the message names the entry, its value and what was expected.
    """
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise ValueError(_problem(error, name)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _problem(error: ValidationError, name: str) -> str:
    """The first fault that pydantic found, as a sentence without its full stop."""
    found = error.errors(include_url=False)[0]
    place = ".".join(filter(None, (name, *(str(part)[:80] for part in found["loc"])))) or "it"
    if found["type"] == "missing":
        return f"`{place}` is missing"
    return f"`{place}` is {shortened(found['input'])}: {found['msg'].removeprefix('Value error, ')}"


def shortened(value: Any) -> str:
    """A value for a message, in at most 80 characters; of a long or deep one only the start is spelled."""
    try:
        text = _SPELLING.repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits
        return f"a long {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


_SPELLING = Repr()
_SPELLING.maxlevel = 4
_SPELLING.maxstring = _SPELLING.maxother = _SPELLING.maxlong = 100
_SPELLING.maxlist = _SPELLING.maxtuple = _SPELLING.maxdict = 20
