"""The configurations that trainers print at the start of their text logs: a Python dict or a Namespace."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

START = re.compile(r"\[[^\]]*\]\s*\[[^\]]*\]\s*(?:- )?(\{.*)")
"""A log line, `[time][level]`, that begins with a dict."""
ARGUMENTS = "Arguments: Namespace("
"""What stands before the arguments of argparse."""

_LONGEST = 100_000
"""Most characters of a configuration: Python takes a minute for some texts of a few million."""
_TRIES = 20
"""Most texts that are parsed in search of the configuration; it is among the first."""
_MOST = 1_000_000
"""Classes and epochs are fewer."""


def printed_configs(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The configurations among ``lines``, in order; other lines (of a launcher, warnings) are skipped.

    A dict lasts from its brace to the next line of the log. Nothing in it is executed.
    """
    found = ((number, text) for number, line in enumerate(lines) if (text := _start(line)) is not None)
    for number, text in islice(found, _TRIES):
        end = next((later for later in range(number + 1, len(lines)) if lines[later].startswith("[")), len(lines))
        config = _parsed("\n".join([text, *lines[number + 1 : end]])) if text.startswith("{") else _arguments(text)
        if config is not None:
            yield config


def is_count(value: object) -> bool:
    """Whether an entry of a configuration is a plausible number of classes or epochs."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST


def _start(line: str) -> str | None:
    """The part of ``line`` that begins a configuration."""
    if match := START.match(line):
        return match[1]
    at = line.find(ARGUMENTS)
    return line[at + len(ARGUMENTS) :] if at >= 0 else None


def _parsed(text: str) -> dict[str, Any] | None:
    """The dict that ``text`` spells."""
    if len(text) > _LONGEST:
        return None
    try:
        return _plain(ast.literal_eval(text.strip()))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _arguments(text: str) -> dict[str, Any] | None:
    """The keyword arguments that ``text`` spells, up to the bracket that closes them."""
    if len(text) > _LONGEST:
        return None
    try:
        call = ast.parse(f"Namespace({text.strip()}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            return None
        return _plain({key.arg: ast.literal_eval(key.value) for key in call.keywords})
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _plain(value: Any) -> dict[str, Any] | None:
    """``value`` if it is a dict of what a configuration holds: no sets, no numbers too long to print."""
    json.dumps(value)
    return value if isinstance(value, dict) else None
