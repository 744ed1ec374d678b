"""Processes that are disturbed, what becomes of them, and the count of tries and losses."""

import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import is_running

DONE, TOLD, RAW = 0, 3, 4
"""Exit codes: the work is done, it ended with one message, or with any other exception."""

KILLED = -signal.SIGKILL

LONGEST = 300.0
"""Seconds after which a process counts as hanging."""

PATIENCE = 100.0
"""Seconds after which a loader worker counts as left behind; on an idle machine it notices the end within 5."""


@dataclass
class Tally:
    """The tries of one fault, and what was lost in them."""

    fault: str
    expected: str
    """What has to hold after each try."""
    tries: int = 0
    disturbed: int = 0
    """Tries in which the fault came before the work was done."""
    losses: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, losses: list[str], *, disturbed: bool = True) -> None:
        """Count one try."""
        self.tries += 1
        self.disturbed += disturbed
        self.losses += losses

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Ending:
    """How a process ended."""

    code: int
    said: str
    """Everything that it printed, and its message."""

    def losses(self, *allowed: int) -> list[str]:
        """A sentence if the process did not end in an ``allowed`` way, or printed a traceback."""
        found = [] if self.code in allowed else [f"exit code {self.code}: {self.said[-1500:]}"]
        return found or ([f"a traceback: {self.said[-1500:]}"] if "Traceback" in self.said else [])


class Child:
    """A process that does ``work(*arguments)``, started from one that has imported everything."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.work"])
        self._said = bytearray()
        here, there = context.Pipe(duplex=False)  # a file could not be written where the disk is full
        self.process = context.Process(target=_run, args=(there, work, arguments))
        self.process.start()
        there.close()
        self._reader = threading.Thread(target=self._read, args=(here,), daemon=True)
        self._reader.start()

    def _read(self, pipe: Connection) -> None:
        with pipe:
            while part := os.read(pipe.fileno(), 2**16):
                self._said += part

    def children(self) -> list[int]:
        """The processes that its main thread has started."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            return list(map(int, listed.read_text().split()))
        except OSError:  # it has ended
            return []

    def kill(self) -> None:
        """Send SIGKILL."""
        self.process.kill()

    def ended(self) -> Ending:
        """Wait for the end of the process; one that hangs is killed."""
        self.process.join(LONGEST)
        hangs = self.process.is_alive()
        if hangs:
            self.process.kill()
            self.process.join()
        self._reader.join(0.5 if self.process.exitcode == KILLED else 10)  # the loader workers of a killed one go on
        said = self._said.decode(errors="replace")
        code = self.process.exitcode
        assert code is not None
        return Ending(code, f"it hung\n{said}" if hangs else said)


def _run(output: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    output.close()
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))  # noqa: SIM115
    multiprocessing.set_start_method("fork", force=True)  # else loader workers are children of a server, not of this
    code, said = DONE, ""
    try:
        work(*arguments)
    except PixConError as error:
        code, said = TOLD, f"{error}\n"
    except BaseException:
        code, said = RAW, traceback.format_exc()
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_AS):  # the work may have lowered them
        resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    os.write(2, said.encode(errors="replace"))
    raise SystemExit(code)


def outliving(pids: Sequence[int]) -> list[str]:
    """A sentence for each process that goes on longer than a loader worker needs to notice the end of its parent."""
    deadline = time.monotonic() + PATIENCE
    while (left := [pid for pid in pids if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [f"process {pid} goes on" for pid in left]


def finished(work: Callable[..., None], *arguments: Any) -> Ending:
    """The end of a process that is not disturbed."""
    return Child(work, *arguments).ended()
