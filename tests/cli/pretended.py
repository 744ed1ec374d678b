"""Sweeps whose runs are not trained: an example checkpoint says that they were."""

import socket
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.signals import StopRequest
from pixcon_train.core.version import VERSION
from pixcon_train.jobs.book import Submitted
from pixcon_train.jobs.job import Work, do
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.file_names import LATEST
from tests.checkpoints import example_checkpoint

NO_PROCESS = "99999999"
"""A number that no process has."""


def pretend(config: TrainConfig, folder: Path, **_: Any) -> None:
    """Leave the checkpoint of a finished run in ``folder``, in place of training it."""
    epochs = config.schedule.epochs
    best = {"ema": {"miou": 0.5, "epoch": 1}}
    finished = example_checkpoint(
        config=config.model_dump(), epoch=epochs, best=best, progress={"finished": True}, version=VERSION
    )
    save_checkpoint(folder / LATEST, finished)


class HereExecutor:
    """Does each work in this process when it is submitted.

    Args:
        folder: folder of the outcomes.
        begins: called before each work, with the request that stops it.
    """

    poll = 0.01
    leaves_jobs = False

    def __init__(self, folder: Path, begins: Callable[[StopRequest], None]) -> None:
        self._folder, self._begins = folder, begins

    def room(self, going_on: Sequence[Submitted]) -> int:
        """One."""
        return 1

    def submit(self, works: Sequence[Work], going_on: Sequence[Submitted]) -> list[Submitted]:
        """Do them."""
        for work in works:
            stop = StopRequest()
            self._begins(stop)
            do(work, self._folder, stop)
        return [Submitted(work.name, "local", NO_PROCESS, socket.gethostname()) for work in works]

    def stop(self, jobs: Iterable[Submitted]) -> None:
        """Nothing goes on."""
