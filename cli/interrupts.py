"""Ctrl-C: the first one stops a command, another one leaves at once, and neither prints a traceback.

To leave at once is safe at any moment, as being killed is: files are replaced whole, and the system releases locks.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 128 + signal.SIGINT


def leave_on_interrupt() -> None:
    """From now on, Ctrl-C ends the process with the exit code 130, without a word."""
    signal.signal(signal.SIGINT, _leave)


@contextmanager
def first_interrupt_raises() -> Iterator[None]:
    """Within the block, the first Ctrl-C raises KeyboardInterrupt, and another one ends the process.

    Nothing changes where Ctrl-C is not handled by this module or by Python itself.
    """
    before = signal.getsignal(signal.SIGINT)
    if before not in (_leave, signal.default_int_handler):
        yield
        return
    signal.signal(signal.SIGINT, _raise_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _raise_once(number: int, frame: FrameType | None) -> None:
    leave_on_interrupt()
    raise KeyboardInterrupt


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(EXIT_CODE)
