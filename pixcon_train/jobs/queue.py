"""A queue of works: it submits their jobs, watches them, and submits again those whose process was killed.

What was submitted is in a book (:mod:`pixcon_train.jobs.book`), so that a queue that is started again goes on: finished
works are not done again, and those whose job goes on are waited for. Should the queue be killed between the start of a
job and its entry, the next job of this work waits for the first one and finds the work done.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixcon_train.core.progress import Notify
from pixcon_train.core.signals import StopRequest
from pixcon_train.jobs.book import Book, Life, Submitted
from pixcon_train.jobs.executors import Executor, log_of
from pixcon_train.jobs.job import Work
from pixcon_train.jobs.local import local_life
from pixcon_train.jobs.outcome import outcome_file, read_outcome
from pixcon_train.jobs.slurm import slurm_lives

JOBS = "jobs"
"""Folder of the jobs' files, in that of the book."""
TRIES = 3
"""Most times that a work is submitted by one queue, if its process is killed each time."""
_ASK_AGAIN = 5.0
"""Seconds between two requests to stop."""

State = Literal["waiting", "queued", "running", "done", "failed", "stopped"]


@dataclass(frozen=True)
class Stage:
    """How far a work is."""

    state: State
    job: Submitted | None = None
    message: str | None = None
    trace: str | None = None

    @property
    def going_on(self) -> bool:
        """Whether it has a job."""
        return self.state in ("queued", "running")

    @property
    def is_last(self) -> bool:
        """Whether the queue does nothing more with the work."""
        return self.state in ("done", "failed", "stopped")


Watch = Callable[[Mapping[str, Stage]], None]
"""Called with the stages of all works, by name, again and again."""


class Queue:
    """Does ``works`` with ``executor``; the book and the jobs' files are in ``folder``."""

    def __init__(
        self, works: Sequence[Work], executor: Executor, folder: Path, *, interruption: StopRequest, notify: Notify
    ) -> None:
        self._works = {work.name: work for work in works}
        self._executor, self._interruption = executor, interruption
        self._folder = folder / JOBS
        self._book, self._notify = Book(folder, notify), notify
        self._tries: Counter[str] = Counter()
        self._stages: dict[str, Stage] = {}

    def work_off(self, watch: Watch) -> Mapping[str, Stage]:
        """Do all works, or, once the interruption is requested, leave or stop their jobs; the last stages.

        Raises:
            ConfigError: the executor refuses a job, or the book is damaged.
        """
        with self._book.opened() as jobs:
            self._look(jobs)
        asked = 0.0
        while True:
            watch(self._stages)
            going_on = self._going_on()
            if self._interruption.requested:
                if self._executor.leaves_jobs or not going_on:
                    break
                if not asked:
                    names = ", ".join(job.work for job in going_on)
                    self._notify(f"waiting for {len(going_on)} jobs to save and end: {names}")
                if time.monotonic() - asked > _ASK_AGAIN:
                    self._executor.stop(going_on)
                    asked = time.monotonic()
            elif not going_on and not self._waiting():
                break
            else:
                with self._book.opened() as jobs:
                    self._submit(jobs)
            self._sleep()
            self._look(self._book.read())
        return self._stages

    def _going_on(self) -> list[Submitted]:
        return [stage.job for stage in self._stages.values() if stage.going_on and stage.job is not None]

    def _waiting(self) -> list[Work]:
        return [self._works[name] for name, stage in self._stages.items() if stage.state == "waiting"]

    def _submit(self, jobs: dict[str, Submitted]) -> None:
        """Submit as many waiting works as there is room for."""
        self._look(jobs)  # another queue may have submitted some meanwhile
        going_on = self._going_on()
        works = self._waiting()[: max(0, self._executor.room(going_on))]
        if not works:
            return
        for work in works:
            outcome_file(self._folder, work.name).unlink(missing_ok=True)
        for job in self._executor.submit(works, going_on):
            jobs[job.work] = job
            self._tries[job.work] += 1
            self._stages[job.work] = Stage("queued", job)

    def _look(self, jobs: Mapping[str, Submitted]) -> None:
        """Renew the stages of all works that are not done, failed or stopped."""
        open_ones = [name for name in self._works if name not in self._stages or not self._stages[name].is_last]
        lives = lives_of([jobs[name] for name in open_ones if name in jobs], self._folder)
        for name in open_ones:
            before, job = self._stages.get(name), jobs.get(name)
            life = None if job is None else lives.get(name)
            if job is not None and life is None:  # nothing is known, so that nothing is decided
                self._stages[name] = before or Stage("queued", job)
            elif life in ("queued", "running"):
                self._stages[name] = Stage(life, job)
            elif before is None or before.state != "waiting":
                self._stages[name] = self._ended(self._works[name], job, life)

    def _ended(self, work: Work, job: Submitted | None, life: Life | None) -> Stage:
        """The stage of a work without a job that goes on."""
        outcome = read_outcome(self._folder, work.name) if self._tries[work.name] else None
        if outcome is not None and outcome.message is not None:
            return Stage("failed", job, outcome.message, outcome.trace)
        if work.finished():
            return Stage("done", job)
        watched = work.name in self._stages
        if watched and (life == "cancelled" or (outcome is not None and outcome.stopped and job and job.here)):
            return Stage("stopped", job, self._why_stopped())
        if job is not None and self._tries[work.name] >= TRIES:
            said = f"its process ended {TRIES} times without a word, as one does that is killed or lacks memory"
            return Stage("failed", job, f"{said}; what it printed: {log_of(self._folder, job)}")
        return Stage("waiting", job)

    def _why_stopped(self) -> str:
        if self._interruption.requested and not self._executor.leaves_jobs:
            return f"by {self._interruption.name}; the same command goes on from what is saved"
        return "its job was cancelled"

    def _sleep(self) -> None:
        """Wait for the next look, or the interruption."""
        end = time.monotonic() + self._executor.poll
        heard = self._interruption.requested
        while time.monotonic() < end and self._interruption.requested == heard:
            time.sleep(min(0.1, self._executor.poll))


def lives_of(jobs: Sequence[Submitted], folder: Path) -> dict[str, Life]:
    """What has become of jobs, by the name of their work; those that Slurm does not tell of are left out."""
    in_slurm = [job for job in jobs if job.executor == "slurm"]
    found: dict[str, Life] = {job.work: local_life(job, folder) for job in jobs if job.executor == "local"}
    return found | (dict(slurm_lives(in_slurm)) if in_slurm else {})
