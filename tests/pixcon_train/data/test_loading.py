"""Loaders whose workers live through epochs, and what becomes of a mistake or a death in one."""

from collections.abc import Iterable
from typing import Any

import pytest

from pixcon_train.core.errors import DataError, WorkerError
from pixcon_train.data.datasets import TrainingDataset
from pixcon_train.data.loading import ErrorsAsItems, collate_or_error, raise_errors, training_loader, worker_deaths
from pixcon_train.data.sampling import BatchLayout, PairedDataset, StepSampler


class Recorder(TrainingDataset):
    """Training data whose items hold the epoch in which they are read."""

    def __init__(self) -> None:
        self.epoch = -1

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict[str, Any]:
        if index == 3 and self.epoch == 2:
            raise DataError("unreadable.jpg cannot be read")
        return {"epoch": self.epoch, "index": index}


def loader(workers: int) -> tuple[StepSampler, Iterable[Any]]:
    """Two steps an epoch over :class:`Recorder`, with their sampler."""
    layout = BatchLayout(micro=2, accumulation=1)
    source = StepSampler(labeled=4, unlabeled=4, seed=0, layout=layout)
    return source, training_loader(PairedDataset(Recorder(), Recorder()), source, workers=workers, pin=False)


@pytest.mark.parametrize("workers", [0, 1])
def test_workers_that_live_through_epochs_see_each_one(workers: int) -> None:
    source, batches = loader(workers)
    for epoch in (0, 1):
        source.seek(epoch, 0)
        assert {int(e) for labeled, _ in raise_errors(batches) for e in labeled["epoch"]} == {epoch}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_mistake_in_a_worker_arrives_as_itself(workers: int) -> None:
    source, batches = loader(workers)
    source.seek(2, 0)
    with pytest.raises(DataError, match=r"^unreadable\.jpg cannot be read$"):
        list(raise_errors(batches))


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(IndexError):
        ErrorsAsItems([1, 2])[5]
    assert collate_or_error([1, 2], sum) == 3


@pytest.mark.parametrize(
    "raised",
    [
        RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."),
        ConnectionResetError(104, "reset"),
        EOFError(),
    ],
)
def test_a_dead_worker_is_one_message_however_it_is_noticed(raised: Exception) -> None:
    with pytest.raises(WorkerError, match=r"^(A )?DataLoader worker .* .*fewer --workers"), worker_deaths():
        raise raised


def test_another_runtime_error_passes_unchanged() -> None:
    with pytest.raises(RuntimeError, match=r"^shapes$"), worker_deaths():
        raise RuntimeError("shapes")
