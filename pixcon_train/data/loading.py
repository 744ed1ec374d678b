"""Data loaders whose workers pass on a user's mistake as one message."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.utils.data import DataLoader, Dataset, default_collate

from pixcon_train.core.cores import usable_cores
from pixcon_train.core.errors import PixConError, WorkerError
from pixcon_train.core.signals import ignore_stop_signals
from pixcon_train.data.sampling import PairedDataset, StepSampler


class ErrorsAsItems(Dataset[Any]):
    """A data set that returns a user's mistake as an item instead of raising it; see :func:`raise_errors`.

    PyTorch would paste the traceback of a loader worker into the message.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._dataset[key]
        except PixConError as error:
            return error


def collate_or_error(items: list[Any], collate: Callable[[list[Any]], Any] = default_collate) -> Any:
    """A batch of items of an :class:`ErrorsAsItems` data set; with a mistake among them, the mistake."""
    return next((item for item in items if isinstance(item, PixConError)), None) or collate(items)


def raise_errors(batches: Iterable[Any]) -> Iterator[Any]:
    """``batches``; a mistake among them is raised.

    Raises:
        PixConError: an item could not be read.
        WorkerError: a worker process died.
    """
    iterator = iter(batches)
    while True:
        with worker_deaths():
            batch = next(iterator, None)
        if batch is None:
            return
        if isinstance(batch, PixConError):
            raise batch
        yield batch


@contextmanager
def worker_deaths() -> Iterator[None]:
    """Turn a loader worker's death within the block into one message.

    PyTorch raises it from a signal handler, hence at any line of the training process; while a batch is received, the
    connection breaks instead.

    Raises:
        WorkerError: a worker process died.
    """
    try:
        yield
    except (RuntimeError, ConnectionError, EOFError) as error:
        if isinstance(error, RuntimeError) and "DataLoader worker (pid" not in str(error):
            raise
        # The other workers end too, and torch's handler would raise for each, also while the loader is deleted. Without
        # it, a loader finds its dead workers when it waits for a batch.
        if hasattr(signal, "SIGCHLD") and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for worker in multiprocessing.active_children():
            worker.kill()  # one that is still starting would print a traceback when this process ends
        reason = str(error).splitlines()[0] if isinstance(error, RuntimeError) else "A DataLoader worker was killed."
        raise WorkerError(f"{reason} The usual reason is too little memory: try fewer --workers.") from error


def default_workers() -> int:
    """Loader processes for one training process: usable CPU cores less one for the training itself, at most 8."""
    return max(0, min(8, usable_cores() - 1))


def training_loader(dataset: PairedDataset, sampler: StepSampler, *, workers: int, pin: bool) -> DataLoader[Any]:
    """Loader of collated (labeled, unlabeled) micro-batches; its workers live until the run ends."""
    return DataLoader(
        ErrorsAsItems(dataset),
        collate_fn=collate_or_error,
        batch_sampler=sampler,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=2 if workers else None,
        pin_memory=pin,
        worker_init_fn=ignore_stop_signals,
    )
