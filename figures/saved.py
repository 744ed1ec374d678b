"""Reading saved results for figures; ``null`` in JSON becomes NaN."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import read_json

Content = dict[str, Any]

MOST = 300
"""Most results, images or comparisons of one file that are drawn: 100 checkpoints with three rules each."""


def read_saved(folder: Path, command: str) -> Content:
    """The content of ``<command>.json`` in ``folder``.

    Raises:
        DataError: it is missing, damaged, or another command's.
    """
    path = folder / f"{command}.json"
    again = f"Write it with `pixcon-diag {command} --out {folder}`."
    try:
        content = read_json(path)
    except FileNotFoundError:
        raise DataError(f"No results at {path}, from which figures are drawn. {again}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}. {again}") from None
    if not isinstance(content, dict) or content.get("command") != command:
        raise DataError(f"{path} does not hold results of `{command}`. {again}")
    for part in ("results", "images", "comparisons"):
        if isinstance(entries := content.get(part), list) and len(entries) > MOST:
            raise DataError(f"{path} holds {len(entries):,} {part}, and figures show at most {MOST}.")
    return content


def number(value: float | None) -> float:
    """A saved number."""
    return float("nan") if value is None else float(value)


def numbers(values: Iterable[float | None]) -> np.ndarray:
    """Saved numbers, float64 (n,)."""
    return np.array([number(value) for value in values])


def rounded(value: float | None, digits: int, *, sign: bool = False) -> str:
    """A number as text, a dash if undefined."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def by_group(results: Sequence[Content]) -> dict[str, list[Content]]:
    """Results of each group, in order of appearance; those of one group are its seeds."""
    groups: dict[str, list[Content]] = {}
    for result in results:
        groups.setdefault(result["group"], []).append(result)
    return groups


def first_of_groups(results: Sequence[Content]) -> list[tuple[str, Content]]:
    """The first checkpoint of each group with its label; one result per bank rule if there are several."""
    firsts: list[tuple[str, Content]] = []
    for name, members in by_group(results).items():
        rules: dict[str | None, Content] = {}
        for member in members:
            rules.setdefault(member.get("rule"), member)
        label = legend_name(name, len(members) // len(rules), "first of ")
        firsts += [(label, result) for result in rules.values()]
    return firsts


def legend_name(name: str, seeds: int, prefix: str = "") -> str:
    """Name of a group in legends."""
    return wrap(name if seeds == 1 else f"{name} ({prefix}{seeds} seeds)")


def wrap(text: str, width: int = 32, lines: int = 4) -> str:
    """``text`` in lines of at most ``width`` characters, whole unless it needs more than ``lines``."""
    return fill(shorten(text, width * lines), max(width, 1))


def fill(text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` characters, of which ``\\$`` is one."""
    return textwrap.fill(text.replace(r"\$", _DOLLAR), width, break_on_hyphens=False).replace(_DOLLAR, r"\$")


def shorten(text: str, limit: int = 32) -> str:
    """``text`` in at most ``limit`` characters, of which ``\\$`` is one; a longer one loses its middle."""
    whole = text.replace(r"\$", _DOLLAR)
    if len(whole) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{whole[: limit - 1 - tail]}…{whole[len(whole) - tail :]}".replace(_DOLLAR, r"\$")


_DOLLAR = "\ue024"
"""Stands for an escaped dollar while a text is cut."""
