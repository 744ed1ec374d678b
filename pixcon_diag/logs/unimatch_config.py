"""The configuration that UniMatch's trainers print at the beginning of their text logs."""

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import DataError

START = re.compile(r"\[[^\]]*\]\s*\[[^\]]*\]\s*(\{.*)")
"""A log line, `[time][level]`, that begins with a dict."""


def read_config(path: Path, lines: Sequence[str]) -> dict[str, Any]:
    """The configuration among ``lines``: a printed Python dict, from its brace to the next line of the log.

    Lines before it (a launcher's, warnings) are passed over. ``nclass`` is a positive integer; ``epochs``, where given,
    too.

    Raises:
        DataError: there is none.
    """
    for number, line in enumerate(lines):
        if found := START.match(line):
            end = next((later for later in range(number + 1, len(lines)) if lines[later].startswith("[")), len(lines))
            config = _parse("\n".join([found[1], *lines[number + 1 : end]]))
            if config is not None:
                return config
    raise DataError(
        f"{path} is no text log of a known form: expected that of UniMatch V1 or V2 or of PrevMatch, which begins with "
        "its configuration (`[time][INFO] {'backbone': …` with `nclass` in it). Give the whole log, a run folder of "
        "pixcon-train, or a TensorBoard event file."
    )


def _parse(text: str) -> dict[str, Any] | None:
    """The dict that ``text`` is, if it is a configuration; None otherwise. Nothing in it is executed."""
    try:
        config = ast.literal_eval(text.strip())
        json.dumps(config)  # numbers too long to print, sets and the like are in no configuration
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(config, dict) or not _count(config.get("nclass")) or not _count(config.get("epochs", 1)):
        return None
    return config


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
