"""Names of runs in a table: those of a sweep may have more characters in common than a line has."""

from collections.abc import Sequence
from itertools import takewhile

_ROOM = 36
"""Names of at most so many characters leave room for the other columns at a width of 80."""
_BETWEEN = "-"
_MARK = "…"


def without_common_parts(names: Sequence[str]) -> tuple[dict[str, str], str]:
    """Each name without what all ``names`` start or end with, cut at dashes, and a sentence that states it.

    Names stay whole, and the sentence is empty, if they have nothing in common, if there is one name only, or if all
    are short.
    """
    parts = [name.split(_BETWEEN) for name in names]
    start = _common(parts)
    rests = [found[len(start) :] for found in parts]
    end = _common([rest[::-1] for rest in rests])[::-1]
    if len(names) < 2 or max(map(len, names)) <= _ROOM or not (start or end):
        return {name: name for name in names}, ""
    before, after = _MARK * bool(start), _MARK * bool(end)
    shown = [before + _BETWEEN.join(rest[: len(rest) - len(end)]) + after for rest in rests]
    sides = [f"start with {_BETWEEN.join([*start, ''])}"] * bool(start)
    sides += [f"end with {_BETWEEN.join(['', *end])}"] * bool(end)
    return dict(zip(names, shown, strict=True)), f"All names {' and '.join(sides)}"


def _common(parts: Sequence[Sequence[str]]) -> list[str]:
    """The first elements, as far as all lists agree."""
    return [same[0] for same in takewhile(lambda same: len({*same}) == 1, zip(*parts, strict=False))]
