"""One hostile input, and a kind of input as the runner sees it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol


@dataclass(frozen=True)
class Case:
    """One input, made when it is tried."""

    rule: str
    """The rule that made it, in a few words."""
    name: str
    """Name of the file."""
    write: Callable[[Path], object]
    """Writes the input to the given path, in an empty folder of its own."""
    expected: str | None = None
    """What reading it gives where it is not refused; None where any result is right."""


class Kind(Protocol):
    """One kind of input: a module with two functions."""

    def cases(self, generator: Random) -> Iterator[Case]:
        """Inputs without end. They follow from the state of ``generator``, and writing one does not change it."""

    def attempt(self, path: Path) -> str:
        """Read the input as a user would, and give all that follows from it as one text, or a hash of that."""


def mutated(data: bytes, generator: Random) -> bytes:
    """``data`` with one to three of: bits flipped, bytes zeroed, removed, repeated or replaced, the end cut off."""
    for _ in range(generator.choice((1, 1, 1, 2, 3))):
        place, length = generator.randrange(len(data) or 1), generator.choice((1, 1, 1, 4, 16, 512))
        before, here, after = data[:place], data[place : place + length], data[place + length :]
        kind = generator.choice(("bit", "flip", "zero", "remove", "repeat", "random", "cut"))
        if kind == "cut":
            data = before
        elif kind == "bit":
            data = before + bytes(byte ^ (1 << generator.randrange(8)) for byte in here[:1]) + here[1:] + after
        else:
            new = {
                "flip": bytes(byte ^ 0xFF for byte in here),
                "zero": bytes(len(here)),
                "remove": b"",
                "repeat": here * 2,
                "random": generator.randbytes(len(here)),
            }[kind]
            data = before + new + after
    return data
