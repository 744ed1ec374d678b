"""Checking what a file says against its type, with one message for the first fault."""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Record = TypeVar("Record")


def validated(kind: TypeAdapter[Record], value: Any) -> Record:
    """``value`` as its type.

    Raises:
        ValueError: it is of another type; the message names the entry, its value and what was expected.
    """
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise ValueError(problem(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def problem(error: ValidationError) -> str:
    """The first fault that pydantic found, as a sentence without its full stop."""
    found = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in found["loc"]) or "it"
    if found["type"] == "missing":
        return f"`{place}` is missing"
    return f"`{place}` is {shortened(found['input'])}: {found['msg'].removeprefix('Value error, ')}"


def shortened(value: Any) -> str:
    """A value for a message, in at most 80 characters."""
    if isinstance(value, dict | list | tuple) and len(value) > 30:
        return f"a {type(value).__name__} of {len(value):,} entries"
    text = repr(value[:80] if isinstance(value, str | bytes) else value)
    return text if len(text) <= 80 else f"{text[:77]}..."
