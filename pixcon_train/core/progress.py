"""How libraries report progress without knowing who shows it."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (done, total), 0 <= done <= total, once before the first item and then after each one."""


def silent(done: int, total: int) -> None:
    """The progress callback of someone who does not want to know."""


Notify: TypeAlias = Callable[[str], None]
"""Called with a sentence for the user: what is reused, assumed or made again."""


def no_notes(sentence: str) -> None:
    """The notification callback that drops every sentence."""
