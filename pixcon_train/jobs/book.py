"""The book of a queue: the job that was last submitted for each piece of work, in ``jobs.json``."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import read_json, write_json
from pixcon_train.core.locks import exclusive
from pixcon_train.core.progress import Notify

BOOK = "jobs.json"

Life = Literal["queued", "running", "cancelled", "ended"]
"""What has become of a job."""


@dataclass(frozen=True)
class Submitted:
    """A job that was submitted."""

    work: str
    executor: Literal["local", "slurm"]
    id: str
    """The number of its process, or Slurm's number."""
    host: str
    """The machine from which it was submitted."""
    started: str | None = None
    """When its process was started."""
    place: int | None = None
    """Its place among the workers of a machine."""

    @property
    def here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.executor == "local" and self.host == socket.gethostname()


class Book:
    """The submitted jobs of a queue, by the name of their work."""

    def __init__(self, folder: Path, notify: Notify) -> None:
        self._file, self._notify = folder / BOOK, notify

    def read(self) -> dict[str, Submitted]:
        """The jobs; empty where none was submitted.

        Raises:
            ConfigError: the file is damaged.
        """
        try:
            content = read_json(self._file)
            return {job.work: job for job in map(_submitted, content["jobs"])}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{self._file} is no list of submitted jobs: {error}. If none of its jobs is running, remove it; "
                "runs go on from what they saved."
            ) from None

    @contextmanager
    def opened(self) -> Iterator[dict[str, Submitted]]:
        """The jobs, which may be added to within the block; no other process reads or changes them meanwhile.

        What was added is kept if the block fails too: the jobs are there.

        Raises:
            ConfigError: the file is damaged.
            PixConError: it cannot be written.
        """
        with exclusive(self._file.with_suffix(".lock"), lambda holder: None, self._notify):
            jobs = self.read()
            before = dict(jobs)
            try:
                yield jobs
            finally:
                if jobs != before:
                    write_json(self._file, {"jobs": [asdict(job) for job in jobs.values()]})


def _submitted(record: dict[str, Any]) -> Submitted:
    job = Submitted(**record)
    texts = (job.work, job.id, job.host, *([] if job.started is None else [job.started]))
    if not all(isinstance(value, str) for value in texts) or job.executor not in ("local", "slurm"):
        raise ValueError(f"the entry of {job.work!a} is none")
    if not job.id.replace("_", "").isdecimal() or not isinstance(job.place, int | None):
        raise ValueError(f"{job.id!a} is no number of a job")
    return job
