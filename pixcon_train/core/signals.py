"""SIGINT, SIGTERM and SIGHUP as a flag that the training loop polls, so that it finishes and saves its step."""

import os
import signal
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class StopRequest:
    """While entered, records the first such signal instead of exiting; afterwards the previous handlers are back.

    Later signals are ignored: `timeout` and Slurm send one to the process and another to its group. Under `nohup`
    SIGHUP stays ignored.
    """

    def __init__(self, on_signal: Callable[[str], None] | None = None, *, also: Sequence[str] = ()) -> None:
        """``on_signal`` is called with the name of the first signal, to ask the user to wait.

        ``also`` names further signals, where the system has them.
        """
        self.name: str | None = None
        self.exit_code = 0
        self._on_signal = on_signal
        self._signals = [*_SIGNALS, *(getattr(signal, name) for name in also if hasattr(signal, name))]
        self._previous: dict[signal.Signals, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal was received."""
        return self.name is not None

    def __enter__(self) -> "StopRequest":
        wanted = [number for number in self._signals if not _switched_off(number)]
        self._previous = {number: signal.signal(number, self._handle) for number in wanted}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            return
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number
        if self._on_signal is not None:
            self._on_signal(self.name)


def _switched_off(number: signal.Signals) -> bool:
    """Whether SIGHUP is ignored on purpose, by nohup. (Background jobs of a script ignore SIGINT by default.)"""
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN


def ignore_stop_signals(worker: int = 0) -> None:
    """Leave the shutdown of a data loader worker to the training process.

    The worker leaves the process group, so that signals to the group do not reach it. A SIGTERM to the worker itself
    (Slurm signals every process of a job) ends it without an error that would interrupt a training step.
    """
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
