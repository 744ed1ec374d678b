"""A piece of work for tests: it notes when it begins, may wait, die or fail, and leaves a file."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import DataError
from pixcon_train.core.signals import StopRequest
from pixcon_train.jobs.outcome import Outcome
from pixcon_train.jobs.queue import JOBS, Queue, Stage


@dataclass(frozen=True)
class Note:
    """Writes a line into NAME.begun each time, then NAME.done; ``how`` says what happens between."""

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

    def run(self, interruption: StopRequest) -> Outcome:
        """Do it."""
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
            time.sleep(0.05)
        (self.root / f"{self.name}.done").touch()
        return Outcome()


def worked_off(works: Sequence[Note], executor: Any, root: Path, **options: Any) -> dict[str, Stage]:
    """The stages of works once a queue has worked them off."""
    stop = options.pop("interruption", None) or StopRequest()
    queue = Queue(works, executor, root, interruption=stop, notify=print)
    return dict(queue.work_off(options.pop("watch", lambda stages: None)))


def until(condition: Any, seconds: float = 60) -> None:
    """Wait for ``condition()``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def jobs_folder(root: Path) -> Path:
    """The folder of the jobs' files."""
    return root / JOBS
