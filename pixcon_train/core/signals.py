"""SIGINT, SIGTERM and SIGHUP as a question the training loop asks, so that a step is always finished and saved."""

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class StopRequest:
    """While entered, remembers the first such signal instead of dying of it; then the old handlers are back.

    Later signals change nothing: `timeout` and Slurm send one to the process and one more to its group. A SIGHUP that
    `nohup` has switched off stays off.
    """

    def __init__(self, on_signal: Callable[[str], None] | None = None) -> None:
        """``on_signal`` is called with the signal's name at its first arrival, to tell the user to wait."""
        self.name: str | None = None
        self.exit_code = 0
        self._on_signal = on_signal
        self._previous: dict[signal.Signals, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal has come."""
        return self.name is not None

    def __enter__(self) -> "StopRequest":
        wanted = [number for number in _SIGNALS if not _switched_off(number)]
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
    """Whether a hang-up is ignored on purpose. Background jobs of a script ignore SIGINT, but not on purpose."""
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN


def ignore_stop_signals(worker: int = 0) -> None:
    """Keep a data loader worker out of a stop: the training process decides when it ends.

    A signal from the terminal or to the process group does not reach it, since it leaves the group. A SIGTERM to it
    alone (Slurm signals every process of a job) ends it without an error that would break into its parent's step.
    """
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
