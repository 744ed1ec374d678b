"""Jobs on this machine: each is a process that goes on if the one that started it is killed."""

import os
import signal
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pixcon_train.core.cores import usable_cores
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.paths import exists
from pixcon_train.core.process_times import goes_on, start_time
from pixcon_train.jobs.book import Life, Submitted
from pixcon_train.jobs.executors import submitit_for
from pixcon_train.jobs.job import Job, Work

_NEVER = 60 * 24 * 365
"""Minutes until submitit ends a job on its own."""
_THREADS = "OMP_NUM_THREADS"


class LocalExecutor:
    """At most as many jobs at a time as there are places.

    Args:
        folder: folder of the jobs' files.
        places: CUDA_VISIBLE_DEVICES of each place; None: as this process has it.
        processes: processes of one job, which train together.

    Raises:
        ConfigError: submitit is not installed.
    """

    poll = 0.5
    leaves_jobs = False

    def __init__(self, folder: Path, places: Sequence[str | None], *, processes: int = 1) -> None:
        self._folder, self._places = folder, tuple(places)
        self._executor = submitit_for("local").LocalExecutor(folder)
        self._executor.update_parameters(timeout_min=_NEVER, tasks_per_node=processes)
        self._threads = max(1, usable_cores() // (len(places) * processes))

    def room(self, going_on: Sequence[Submitted]) -> int:
        """Places that are free."""
        return len(self._places) - len(going_on)

    def submit(self, works: Sequence[Work], going_on: Sequence[Submitted]) -> list[Submitted]:
        """Start a job for each work, each at a free place."""
        taken = {job.place for job in going_on}
        free = [place for place in range(len(self._places)) if place not in taken]
        return [self._started(work, place) for work, place in zip(works, free, strict=False)]

    def _started(self, work: Work, place: int) -> Submitted:
        devices = self._places[place]
        devices = os.environ.get("CUDA_VISIBLE_DEVICES") if devices is None else devices
        with _unheard_interrupts(), _threads(self._threads):
            started = self._executor.submit(Job((work,), self._folder, devices=devices))
        return Submitted(
            work.name, "local", started.job_id, socket.gethostname(), start_time(int(started.job_id)), place
        )

    def stop(self, jobs: Iterable[Submitted]) -> None:
        """Send SIGTERM, after which a training saves its state; asked again, a job that had not begun ends too."""
        for job in jobs:
            if job.here:
                with suppress(ProcessLookupError):
                    os.kill(int(job.id), signal.SIGTERM)


def local_life(job: Submitted, folder: Path) -> Life:
    """What has become of a job; of one of another machine the lock on its work tells."""
    if job.here:
        return "running" if goes_on(int(job.id), job.started) else "ended"
    return "running" if _held(folder / f"{job.work}.lock") else "ended"


def places_of(gpus: Sequence[str], *, gpus_per_run: int, runs_per_gpu: int, most: int | None) -> list[str | None]:
    """The places of this machine: each has its GPUs, which ``runs_per_gpu`` places share; without GPUs the cores.

    Args:
        gpus: the GPUs by their numbers or names.
        gpus_per_run: 0: the runs use none.
        most: places at most; None: as many as there are GPUs or cores for.

    Raises:
        ConfigError: there are too few GPUs for one run, or for that many places.
    """
    if not gpus_per_run:
        return [None] * (most or usable_cores())
    groups = [",".join(gpus[at : at + gpus_per_run]) for at in range(0, len(gpus) - gpus_per_run + 1, gpus_per_run)]
    places: list[str | None] = [*groups] * runs_per_gpu
    if not places or len(places) < (most or 0):
        raise ConfigError(
            f"{len(gpus)} GPUs are usable here, which is room for {len(places)} runs of {gpus_per_run} GPUs at a time"
            + (f", not for {most}" if most and places else "")
            + ". Change --gpus-per-run, --runs-per-gpu or --jobs; CUDA_VISIBLE_DEVICES says which GPUs are usable."
        )
    return places[:most]


def _held(file: Path) -> bool:
    """Whether a process holds the lock ``file``."""
    if not exists(file):
        return False
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    lock.release()
    return False


@contextmanager
def _unheard_interrupts() -> Iterator[None]:
    """Processes that are started within the block do not hear Ctrl-C: the queue asks them to stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Processes that are started within the block compute with ``count`` threads, unless the user has said how many."""
    if given := _THREADS in os.environ:
        yield
        return
    os.environ[_THREADS] = str(count)
    try:
        yield
    finally:
        if not given:
            del os.environ[_THREADS]
