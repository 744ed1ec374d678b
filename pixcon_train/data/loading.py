"""Batches of labeled and unlabeled crops whose order and content are a function of (seed, epoch, position) alone.

Hence nothing of a loader's state has to be saved: a run that goes on in the middle of an epoch skips to its position
without reading what lies before, and several processes cut the same global batches into shares.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from pixcon_train.core.errors import PixConError, WorkerError
from pixcon_train.core.seeding import seeded
from pixcon_train.core.signals import stand_aside

Key = tuple[int, int, int]
"""Epoch, position in the labeled data, position in the unlabeled data."""


class EpochDataset(Protocol):
    """Training data whose item i is a function of (seed, epoch, i)."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> dict[str, Any]: ...

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that later items belong to."""


@dataclass(frozen=True)
class Share:
    """How the optimizer step's batch is cut: ``processes`` × ``accumulation`` pieces of ``micro`` pairs."""

    micro: int
    accumulation: int
    processes: int = 1
    rank: int = 0

    def piece(self, number: int) -> int:
        """Place of this process's micro-batch ``number`` among all of the step's: those of rank 0 come first."""
        return self.rank * self.accumulation + number

    @property
    def batch(self) -> int:
        """Pairs behind one optimizer step."""
        return self.micro * self.accumulation * self.processes


class PairedDataset(Dataset[tuple[dict[str, Any], dict[str, Any]]]):
    """Labeled and unlabeled items fetched together.

    The key carries the epoch, because loader workers live through all epochs and never see a ``set_epoch`` call in
    the process that started them.
    """

    def __init__(self, labeled: EpochDataset, unlabeled: EpochDataset) -> None:
        self._labeled = labeled
        self._unlabeled = unlabeled

    def __getitem__(self, key: Key) -> tuple[dict[str, Any], dict[str, Any]]:
        epoch, labeled, unlabeled = key
        self._labeled.set_epoch(epoch)
        self._unlabeled.set_epoch(epoch)
        return self._labeled[labeled], self._unlabeled[unlabeled]


class Guarded(Dataset[Any]):
    """A data set that gives a user's mistake as an item instead of raising it.

    A loader worker that raises has its traceback pasted into the message; see :func:`opened`.
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


class Collate:
    """``collate`` for items of a :class:`Guarded` data set: a batch with a mistake in it becomes that mistake."""

    def __init__(self, collate: Callable[[list[Any]], Any] = default_collate) -> None:
        self._collate = collate

    def __call__(self, items: list[Any]) -> Any:
        return next((item for item in items if isinstance(item, PixConError)), None) or self._collate(items)


def opened(batches: Iterable[Any]) -> Iterator[Any]:
    """``batches``, raising the mistake that stands in for one.

    Raises:
        PixConError: an item could not be made.
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

    PyTorch raises it from a signal handler, hence at any line of the training process; where a batch is being received
    at that moment, the connection breaks instead.

    Raises:
        WorkerError: a worker process died.
    """
    try:
        yield
    except (RuntimeError, ConnectionError, EOFError) as error:
        if isinstance(error, RuntimeError) and "DataLoader worker (pid" not in str(error):
            raise
        reason = str(error).splitlines()[0] if isinstance(error, RuntimeError) else "A DataLoader worker was killed."
        raise WorkerError(f"{reason} The usual reason is too little memory: try fewer --workers.") from error


class StepSampler:
    """Yields the keys of one process's micro-batches, epoch by epoch; a last incomplete batch is left out."""

    def __init__(self, *, labeled: int, unlabeled: int, seed: int, share: Share) -> None:
        """``labeled`` and ``unlabeled`` are lengths; an epoch is one pass of the unlabeled data."""
        self._labeled = labeled
        self._unlabeled = unlabeled
        self._seed = seed
        self._share = share
        self._epoch = 0
        self._start = 0

    @property
    def steps(self) -> int:
        """Optimizer steps in an epoch."""
        return self._unlabeled // self._share.batch

    def seek(self, epoch: int, start: int) -> None:
        """Let the next pass be ``epoch``, from optimizer step ``start`` on."""
        self._epoch = epoch
        self._start = start

    def __len__(self) -> int:
        """Micro-batches in the next pass."""
        return (self.steps - self._start) * self._share.accumulation

    def __iter__(self) -> Iterator[list[Key]]:
        epoch, share = self._epoch, self._share
        labeled = self._order(self._labeled, stream=0)
        unlabeled = self._order(self._unlabeled, stream=1)
        for step in range(self._start, self.steps):
            first = step * share.batch + share.rank * share.micro * share.accumulation
            for low in range(first, first + share.micro * share.accumulation, share.micro):
                yield [(epoch, labeled[i % self._labeled], unlabeled[i]) for i in range(low, low + share.micro)]

    def _order(self, length: int, stream: int) -> list[int]:
        """A permutation of ``length`` positions, another one for each (seed, epoch, stream)."""
        return torch.randperm(length, generator=seeded(self._seed, self._epoch, stream)).tolist()


def default_workers() -> int:
    """Loader processes for one training process: usable CPU cores less one for the training itself, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(0, min(8, cores - 1))


def training_loader(dataset: PairedDataset, sampler: StepSampler, *, workers: int, pin: bool) -> DataLoader[Any]:
    """Loader of collated (labeled, unlabeled) micro-batches; its workers live until the run ends."""
    return DataLoader(
        Guarded(dataset),
        collate_fn=Collate(),
        batch_sampler=sampler,  # type: ignore[arg-type]  # any iterable of key lists works
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=2 if workers else None,
        pin_memory=pin,
        worker_init_fn=stand_aside,
    )
