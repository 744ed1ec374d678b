"""A piece of work for tests: it notes when it begins and ends, may wait, die or fail, and leaves a file."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import DataError
from pixcon_train.core.signals import StopRequest
from pixcon_train.jobs.book import Book
from pixcon_train.jobs.outcome import Outcome
from pixcon_train.jobs.queue import JOBS, Queue, Stage

PATIENCE = 200.0
"""Seconds until something counts as never happening; a busy machine is slow, and nothing here measures time."""


@dataclass(frozen=True)
class Note:
    """Writes a line into NAME.begun each time, then NAME.done; ``how`` says what happens between.

    NAME.done holds the moments of begin and end, on a clock that all processes of a machine share.
    """

    name: str
    root: Path
    how: str = "at once"

    def begun(self) -> int:
        """How often it was begun."""
        file = self.root / f"{self.name}.begun"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def finished(self) -> bool:
        """Whether its file is there."""
        return (self.root / f"{self.name}.done").exists()

    def times(self) -> tuple[float, float]:
        """The moments of its last begin and end."""
        begin, end = map(float, (self.root / f"{self.name}.done").read_text().split())
        return begin, end

    def run(self, interruption: StopRequest) -> Outcome:
        """Do it."""
        begin = time.monotonic()
        with (self.root / f"{self.name}.begun").open("a") as handle:
            print(os.environ.get("OMP_NUM_THREADS"), os.environ.get("CUDA_VISIBLE_DEVICES"), os.getpid(), file=handle)
        if self.how == "fails":
            raise DataError("no such list")
        if self.how == "is wrong":
            raise ZeroDivisionError("a defect")
        if self.how == "dies" or (self.how == "dies once" and self.begun() == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        while self.how == "waits" and not (self.root / "go").exists():
            if interruption.requested:
                return Outcome(stopped=interruption.name)
            assert time.monotonic() < begin + PATIENCE, "nobody lets it go"
            time.sleep(0.05)
        (self.root / f"{self.name}.done").write_text(f"{begin!r} {time.monotonic()!r}")
        return Outcome()


def worked_off(works: Sequence[Note], executor: Any, root: Path, **options: Any) -> dict[str, Stage]:
    """The stages of works once a queue has worked them off."""
    stop = options.pop("interruption", None) or StopRequest()
    queue = Queue(works, executor, root, interruption=stop, notify=print)
    return dict(queue.work_off(options.pop("watch", lambda stages: None)))


def most_at_a_time(works: Sequence[Note]) -> int:
    """Most works that were going on at one moment, by the times that they noted."""
    spans = [work.times() for work in works]
    return max(sum(begin <= moment <= end for begin, end in spans) for moment, _ in spans)


def let_go(root: Path) -> None:
    """Let all works that wait in ``root`` go on."""
    (root / "go").touch()


def has_begun(work: Note) -> bool:
    """Whether a work has begun and its job is in the book, which need not come in this order."""
    return work.begun() > 0 and work.name in Book(work.root, print).read()


def waits_for_another(stage: Stage, root: Path) -> bool:
    """Whether the job of a work has said that another process is doing this work."""
    log = jobs_folder(root) / f"{stage.job.id}_0_log.out" if stage.job is not None else None
    return log is not None and log.exists() and "waiting for" in log.read_text()


def until(condition: Any, seconds: float = PATIENCE) -> None:
    """Wait for ``condition()``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def jobs_folder(root: Path) -> Path:
    """The folder of the jobs' files."""
    return root / JOBS
