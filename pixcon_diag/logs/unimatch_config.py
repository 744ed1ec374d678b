"""The configuration that UniMatch's trainers print at the start of their text logs."""

import ast
import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import DataError

START = re.compile(r"\[[^\]]*\]\s*\[[^\]]*\]\s*(\{.*)")
"""A log line, `[time][level]`, that begins with a dict."""

_LONGEST = 100_000
"""Most characters of a configuration: Python takes a minute for some texts of a few million."""
_TRIES = 20
"""Most texts that are parsed in search of the configuration; it is among the first."""
_MOST = 1_000_000
"""Classes and epochs are fewer."""


def read_config(path: Path, lines: Sequence[str]) -> dict[str, Any]:
    """The configuration among ``lines``: a printed Python dict, from its brace to the next line of the log.

    Lines before it (of a launcher, warnings) are skipped. ``nclass`` is a positive integer, as is ``epochs`` if given.

    Raises:
        DataError: no configuration is found.
    """
    starts = ((number, match) for number, line in enumerate(lines) if (match := START.match(line)))
    for number, match in islice(starts, _TRIES):
        end = next((later for later in range(number + 1, len(lines)) if lines[later].startswith("[")), len(lines))
        config = _parse("\n".join([match[1], *lines[number + 1 : end]]))
        if config is not None:
            return config
    raise DataError(
        f"{path} is not a text log of a known format: expected UniMatch V1 or V2 or PrevMatch, whose log begins with "
        "its configuration (`[time][INFO] {'backbone': …` with `nclass` in it). Give the whole log, a run folder of "
        "pixcon-train, or a TensorBoard event file."
    )


def _parse(text: str) -> dict[str, Any] | None:
    """``text`` as a dict if it is a configuration, else None. Nothing in it is executed."""
    if len(text) > _LONGEST:
        return None
    try:
        config = ast.literal_eval(text.strip())
        json.dumps(config)  # a configuration has no sets or numbers too long to print
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(config, dict) or not _count(config.get("nclass")) or not _count(config.get("epochs", 1)):
        return None
    return config


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST
