"""Faults of the files of a list, with equal faults of many files gathered into one finding."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_SHOWN = 3
"""Most files named in a message; a report has them all."""


@dataclass(frozen=True)
class Finding:
    """One fault."""

    file: str
    """The first file with it; empty for a fault of no file."""
    message: str
    """What was found, what was expected, and what to do."""
    files: tuple[str, ...] = ()
    """All files with it, in the list's order."""


@dataclass
class Gathered:
    """Faults of files; those whose messages only differ in names and numbers are one finding."""

    faults: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, file: str, message: str, paths: Sequence[str]) -> None:
        """Add a fault of ``file``; ``paths`` are the paths that the message may name."""
        kind = message
        for path in sorted(paths, key=len, reverse=True):
            kind = kind.replace(path, "…")
        self.faults.setdefault(re.sub(r"\d+", "#", kind), []).append((file, message))

    def findings(self, total: int) -> list[Finding]:
        """One finding per kind of fault, in order of occurrence; ``total`` is the number of checked pairs."""
        return [_finding(same, total) for same in self.faults.values()]


def _finding(same: list[tuple[str, str]], total: int) -> Finding:
    files = tuple(file for file, _ in same)
    file, message = same[0]
    if len(same) > 1:
        message += f" The same in {len(same) - 1:,} more of {total:,} pairs: {named(files[1:])}."
    return Finding(file, message, files)


def named(names: Sequence[str]) -> str:
    """The first few of ``names``, and an ellipsis where there are more."""
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
