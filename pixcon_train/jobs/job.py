"""A job: what a process of an executor does, from its start to the file that says how it ended.

The executor pickles a :class:`Job` and calls it in a new process. No module that is imported here loads torch, so that
the job hears signals soon.
"""

import multiprocessing
import os
import signal
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pixcon_train.core.errors import PixConError
from pixcon_train.core.locks import exclusive
from pixcon_train.core.signals import StopRequest
from pixcon_train.jobs.outcome import Outcome, write_outcome

if TYPE_CHECKING:
    from submitit.core.utils import DelayedSubmission

REQUEUE = "SIGUSR2"
"""The signal that submitit has Slurm send before a job's time is over."""
_AGAIN = 1.0
"""Seconds between two tries to begin work that another process is doing."""


class Work(Protocol):
    """What a job does. It is pickled, is safe to do again, and goes on where it stopped."""

    @property
    def name(self) -> str:
        """Its name among all works of a queue, which is a plain file name too."""

    def finished(self) -> bool:
        """Whether its results are there."""

    def run(self, interruption: StopRequest) -> Outcome:
        """Do it, or stop early once ``interruption`` is requested; errors may also be raised."""


@dataclass(frozen=True)
class Job:
    """Works that one job does, side by side where there are several."""

    works: tuple[Work, ...]
    folder: Path
    """Folder of the outcomes."""
    devices: str | None = None
    """CUDA_VISIBLE_DEVICES of the job; None: as the executor sets it."""

    def __call__(self) -> None:
        """Do the works.

        Raises:
            SystemExit: one of them failed.
        """
        with StopRequest(also=(REQUEUE,)) as stop:
            if self.devices is not None:
                os.environ["CUDA_VISIBLE_DEVICES"] = self.devices
            _join_processes()
            succeeded = do(self.works[0], self.folder, stop) if len(self.works) == 1 else self._side_by_side(stop)
        if stop.name == REQUEUE and not all(work.finished() for work in self.works):
            signal.raise_signal(getattr(signal, REQUEUE))  # submitit's handler, which asks for the job again
        if not succeeded:
            raise SystemExit(PixConError.exit_code)

    def checkpoint(self) -> "DelayedSubmission":
        """What submitit submits again: the same job, which goes on from what is saved."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _side_by_side(self, stop: StopRequest) -> bool:
        """Do each work in a process of its own."""
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=_alone, args=(work, self.folder)) for work in self.works]
        for process in processes:
            process.start()
        while going_on := [process for process in processes if process.is_alive()]:
            if stop.requested:
                for process in going_on:
                    process.terminate()
            going_on[0].join(_AGAIN)
        return all(process.exitcode == 0 for process in processes)


def do(work: Work, folder: Path, stop: StopRequest) -> bool:
    """Do ``work`` alone among all processes and save its outcome; whether it had no error.

    Another process that is doing it is waited for: a job whose queue was killed goes on beside that of the next queue.
    """
    if int(os.environ.get("RANK", "0")) > 0:  # of several processes that train together, the first one reports
        return _outcome(work, stop).message is None
    while not stop.requested:
        try:
            with exclusive(folder / f"{work.name}.lock", _refuse):
                outcome = _outcome(work, stop)
                write_outcome(folder, work.name, outcome)
                return outcome.message is None
        except _BusyError:
            time.sleep(_AGAIN)
    write_outcome(folder, work.name, Outcome(stopped=stop.name))
    return True


class _BusyError(Exception):
    """Another process is doing the work."""


def _refuse(holder: str) -> None:
    print(f"waiting for {holder}, which is doing this work", flush=True)
    raise _BusyError


def _outcome(work: Work, stop: StopRequest) -> Outcome:
    try:
        return work.run(stop)
    except PixConError as error:
        return Outcome(str(error))
    except Exception as error:
        return Outcome(repr(error), traceback.format_exc())


def _alone(work: Work, folder: Path) -> None:
    """A process of a job with several works."""
    with StopRequest() as stop:
        raise SystemExit(0 if do(work, folder, stop) else PixConError.exit_code)


def _join_processes() -> None:
    """Tell PyTorch of the other processes of this job, if the executor started several."""
    from submitit import JobEnvironment
    from submitit.helpers import TorchDistributedEnvironment

    if JobEnvironment().num_tasks > 1:
        TorchDistributedEnvironment().export(set_cuda_visible_devices=False, overwrite=True)
