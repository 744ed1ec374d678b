"""Callbacks by which libraries report progress and notes."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar

Item = TypeVar("Item")

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (done, total), 0 <= done <= total, once before the first item and then after each one."""


def silent(done: int, total: int) -> None:
    """A progress callback that does nothing."""


def tracked(items: Sequence[Item], progress: Progress) -> Iterator[Item]:
    """``items``; ``progress`` is called before the first one and after each one."""
    progress(0, len(items))
    for done, item in enumerate(items, 1):
        yield item
        progress(done, len(items))


Notify: TypeAlias = Callable[[str], None]
"""Called with a sentence for the user: what is reused, assumed or made again."""


class Detail(str):
    """A note that is shown only where details are asked for, such as which cached pass is reused."""


def no_notes(sentence: str) -> None:
    """A notification callback that does nothing."""
