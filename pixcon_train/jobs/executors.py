"""What an executor is, and the library behind those that start jobs."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pixcon_train.core.errors import ConfigError
from pixcon_train.jobs.book import Life, Submitted
from pixcon_train.jobs.job import Work


class Executor(Protocol):
    """Starts jobs, and knows what has become of those that it started, in this process or an earlier one."""

    poll: float
    """Seconds between two questions."""
    leaves_jobs: bool
    """Whether jobs go on when the queue is interrupted."""

    def room(self, going_on: Sequence[Submitted]) -> int:
        """How many works may be submitted beside the jobs ``going_on``."""

    def submit(self, works: Sequence[Work], going_on: Sequence[Submitted]) -> list[Submitted]:
        """Submit jobs for ``works``, of which there is room for all.

        Raises:
            ConfigError: the executor refuses them.
        """

    def stop(self, jobs: Iterable[Submitted]) -> None:
        """Ask jobs to save their state and end."""


Lives = Mapping[str, Life]
"""What has become of jobs, by the name of their work; a work whose job nothing is known of is left out."""


def submitit_for(executor: str) -> Any:
    """The library that starts jobs.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import submitit
    except ModuleNotFoundError:
        raise ConfigError(
            f"--executor {executor} needs submitit, which is not installed. Install it with "
            "`pip install 'pixcon-diag[sweeps]'`."
        ) from None
    return submitit


def log_of(folder: Path, job: Submitted) -> Path:
    """The file with what a job printed as errors."""
    return folder / f"{job.id}_0_log.err"
