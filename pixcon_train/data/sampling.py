"""The labeled and unlabeled crops of each step's batch: a function of (seed, epoch, position) alone.

No loader state is saved: a run that resumes within an epoch skips to its position without reading earlier items, and
several processes divide the same global batches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from pixcon_train.core.seeding import seeded
from pixcon_train.data.datasets import TrainingDataset

Key = tuple[int, int, int]
"""Epoch, position in the labeled data, position in the unlabeled data."""


@dataclass(frozen=True)
class BatchLayout:
    """The division of an optimizer step's batch: ``processes`` × ``accumulation`` pieces of ``micro`` pairs."""

    micro: int
    accumulation: int
    processes: int = 1
    rank: int = 0

    def piece(self, number: int) -> int:
        """Index of this process's micro-batch ``number`` in the step: those of rank 0 come first."""
        return self.rank * self.accumulation + number

    @property
    def batch(self) -> int:
        """Pairs per optimizer step."""
        return self.micro * self.accumulation * self.processes


@dataclass(eq=False)
class PairedDataset(Dataset[tuple[dict[str, Any], dict[str, Any]]]):
    """Labeled and unlabeled items fetched together.

    The key holds the epoch, because loader workers live through all epochs and work on a copy of the data sets.
    """

    labeled: TrainingDataset
    unlabeled: TrainingDataset

    def __getitem__(self, key: Key) -> tuple[dict[str, Any], dict[str, Any]]:
        epoch, labeled, unlabeled = key
        self.labeled.epoch = self.unlabeled.epoch = epoch
        return self.labeled[labeled], self.unlabeled[unlabeled]


class StepSampler:
    """Yields the keys of one process's micro-batches, epoch by epoch; a last incomplete batch is dropped."""

    def __init__(self, *, labeled: int, unlabeled: int, seed: int, layout: BatchLayout) -> None:
        """``labeled`` and ``unlabeled`` are lengths; an epoch is one pass of the unlabeled data."""
        self._labeled = labeled
        self._unlabeled = unlabeled
        self._seed = seed
        self._layout = layout
        self._epoch = 0
        self._start = 0

    @property
    def steps(self) -> int:
        """Optimizer steps in an epoch."""
        return self._unlabeled // self._layout.batch

    def seek(self, epoch: int, start: int) -> None:
        """Start the next pass at optimizer step ``start`` of ``epoch``."""
        self._epoch = epoch
        self._start = start

    def __len__(self) -> int:
        """Micro-batches in the next pass."""
        return (self.steps - self._start) * self._layout.accumulation

    def __iter__(self) -> Iterator[list[Key]]:
        epoch, layout = self._epoch, self._layout
        labeled = self._order(self._labeled, stream=0)
        unlabeled = self._order(self._unlabeled, stream=1)
        for step in range(self._start, self.steps):
            first = step * layout.batch + layout.rank * layout.micro * layout.accumulation
            for low in range(first, first + layout.micro * layout.accumulation, layout.micro):
                yield [(epoch, labeled[i % self._labeled], unlabeled[i]) for i in range(low, low + layout.micro)]

    def _order(self, length: int, stream: int) -> list[int]:
        """A permutation of ``length`` positions, another one for each (seed, epoch, stream)."""
        return torch.randperm(length, generator=seeded(self._seed, self._epoch, stream)).tolist()
