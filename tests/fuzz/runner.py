"""Trying hostile inputs, each in a process of its own, and judging what came of it.

A forked process reads one input. Fine are a result and an error of this project. Faults are any other exception, the
end of the process by a signal, more time than :data:`SECONDS`, more memory than the file's size and :data:`MEMORY`, the
file that code from an input would write, and another result than the expected one.
"""

import faulthandler
import json
import os
import resource
import selectors
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import PixConError
from pixcon_train.core.foreign_text import shown_message
from tests.fuzz.case import Case, Kind

SECONDS = 10
"""Of the processor, which one input may take."""
PATIENCE = 12
"""Times as many seconds by the clock, within which it must end: others may use the machine."""
MEMORY = 2**31
"""Bytes beyond the size of the file."""
CANARY = "PIXCON_CANARY"
"""Variable with the path that code from an input is to make. It is never set in the user's own environment."""
_LONGEST_MESSAGE = 5_000


@dataclass(frozen=True)
class Outcome:
    """What came of one input."""

    case: Case
    fault: str | None
    """What is wrong, in a few words; None where nothing is."""
    said: str
    """The result, the message, or the traceback."""
    refused: bool
    seconds: float
    """Of the processor."""
    memory: int
    """Bytes beyond what the process had before."""


def run(kind: Kind, cases: Iterator[Case], seconds: int = SECONDS, memory: int = MEMORY) -> Iterator[Outcome]:
    """Try ``cases`` one after another."""
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder:
            (input_folder := Path(folder) / "input").mkdir()
            case.write(path := input_folder / case.name)
            yield _tried(kind, case, path, seconds, memory)


def _tried(kind: Kind, case: Case, path: Path, seconds: int, memory: int) -> Outcome:
    canary = path.parents[1] / "canary"
    read_end, write_end = os.pipe()
    until = time.monotonic() + PATIENCE * seconds
    child = os.fork()
    if not child:
        os.close(read_end)
        _child(kind, path, canary, write_end, seconds, memory)
    os.close(write_end)
    answer, in_time = _answer(read_end, until)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    report = json.loads(answer) if answer and in_time else {"kind": "nothing", "said": "", "bytes": 0}
    fault = _fault(case, report, status, in_time=in_time, canary=canary)
    took = used.ru_utime + used.ru_stime
    return Outcome(case, fault, report["said"], report["kind"] == "refused", took, report["bytes"])


def _fault(case: Case, report: dict[str, Any], status: int, *, in_time: bool, canary: Path) -> str | None:
    if canary.exists():
        return "code from the input ran"
    if not in_time or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return "took too long"
    if os.WIFSIGNALED(status):
        return f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
    if report["kind"] == "raised":
        return f"raised {report['type']}"
    if report["kind"] not in ("result", "refused"):
        return f"ended without a report, status {status}"
    if report["memory"]:
        return "needed too much memory"
    if report["kind"] == "refused":
        return None
    return "another result in silence" if case.expected not in (None, report["said"]) else None


def _answer(read_end: int, until: float) -> tuple[bytes, bool]:
    """What the child writes, and whether it closed its end in time."""
    parts = []
    with selectors.DefaultSelector() as selector, open(read_end, "rb", buffering=0) as pipe:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, until - time.monotonic())):
            if not (part := pipe.read(2**16)):
                return b"".join(parts), True
            parts.append(part)
    return b"", False


def _child(kind: Kind, path: Path, canary: Path, write_end: int, seconds: int, memory: int) -> None:
    """Read the input in this process, report, and end it without any clean-up of the parent's."""
    try:
        os.environ.update({CANARY: str(canary), "PIXCON_CACHE": str(path.parents[1] / "cache")})
        os.chdir(path.parent)
        faulthandler.disable()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        before, allowed = _peak(), path.stat().st_size + memory if path.is_file() else memory
        limit = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") + allowed
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        report = _report(kind, path)
        report["bytes"] = _peak() - before
        report["memory"] = report.get("memory") or report["bytes"] > allowed
        os.write(write_end, json.dumps(report).encode())
    finally:
        os._exit(0)


def _report(kind: Kind, path: Path) -> dict[str, Any]:
    try:
        return {"kind": "result", "said": kind.attempt(path)}
    except PixConError as error:
        said = shown_message(str(error))  # as the command line shows it
        return {"kind": "refused", "said": said, "memory": _for_memory(error)}
    except BaseException as error:
        said = "".join(traceback.format_exception(error, chain=False))[-_LONGEST_MESSAGE:]
        return {"kind": "raised", "type": type(error).__name__, "said": said}


def _for_memory(error: BaseException | None) -> bool:
    """Whether an allocation that failed is behind an error: without the limit it would have taken that memory."""
    while error is not None:
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
