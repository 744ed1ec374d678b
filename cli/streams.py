"""Standard output and error: whatever a program writes, nothing from outside is a command to the terminal."""

import io
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TextIO

from pixcon_cli.encoding import SPELLING
from pixcon_train.core.foreign_text import shown


class ShownStream:
    """A text stream that shows control characters and their like as code points (:func:`shown`).

    It has no ``buffer``: bytes would pass unseen. Colours and progress bars of this project are written by a
    :class:`pixcon_cli.console.ShownConsole`, which does the same and writes to the stream within.

    Args:
        stream: the stream within.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream  # the name under which rich's own proxy has it

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self.rich_proxied_file, name)

    def write(self, text: str) -> int:
        """Write ``text``; a carriage return at its start or end, as libraries' progress bars have it, remains."""
        body = text.strip("\r")
        start, end = text.startswith("\r"), bool(body) and text.endswith("\r")
        self.rich_proxied_file.write("\r" * start + shown(body) + "\r" * end)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of ``lines``."""
        for line in lines:
            self.write(line)


def within(stream: TextIO) -> TextIO:
    """The stream that proxies pass on to, which takes styles and bytes."""
    while (inner := getattr(stream, "rich_proxied_file", None)) is not None:
        stream = inner
    return stream


@contextmanager
def shown_output() -> Iterator[None]:
    """Within the block, standard output and error are :class:`ShownStream`, and spell what their encoding lacks; after
    it, a traceback is still shown so."""
    before = sys.stdout, sys.stderr
    sys.excepthook = _print_traceback
    try:
        sys.stdout, sys.stderr = (None if stream is None else _shown(stream) for stream in before)
        yield
    finally:
        sys.stdout, sys.stderr = before


def _shown(stream: TextIO) -> ShownStream:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=SPELLING)
    return ShownStream(stream)


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    print(shown("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)
