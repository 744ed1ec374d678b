"""Order of the batches: a function of (seed, epoch), each image once an epoch, the same cut over any processes."""

from typing import Any

import pytest

from pixcon_train.core.errors import DataError, WorkerError
from pixcon_train.data.loading import Collate, Guarded, opened, training_loader, worker_deaths
from pixcon_train.data.sampling import BatchLayout, PairedDataset, StepSampler


def sampler(*, seed: int = 0, labeled: int = 12, unlabeled: int = 12, **share: int) -> StepSampler:
    return StepSampler(
        labeled=labeled, unlabeled=unlabeled, seed=seed, share=BatchLayout(**{"micro": 2, "accumulation": 1, **share})
    )


def keys(source: StepSampler, epoch: int = 0, start: int = 0) -> list[list[tuple[int, int, int]]]:
    source.seek(epoch, start)
    return list(source)


def test_an_epoch_is_one_pass_of_the_unlabeled_data() -> None:
    seen = [unlabeled for batch in keys(sampler()) for _, _, unlabeled in batch]
    assert sorted(seen) == list(range(12))


def test_a_last_incomplete_batch_is_left_out() -> None:
    source = sampler(unlabeled=11, micro=4)
    assert source.steps == 2
    assert [len(batch) for batch in keys(source)] == [4, 4]


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    assert keys(sampler(), epoch=3) == keys(sampler(), epoch=3)
    orders = [keys(sampler(), epoch=0), keys(sampler(), epoch=1), keys(sampler(seed=1), epoch=0)]
    assert all(a != b for i, a in enumerate(orders) for b in orders[i + 1 :])
    labeled, unlabeled = ([key[part] for batch in orders[0] for key in batch] for part in (1, 2))
    assert labeled != unlabeled


@pytest.mark.parametrize("start", [0, 1, 5, 6])
def test_going_on_skips_what_was_done(start: int) -> None:
    source = sampler()
    assert keys(source, start=start) == keys(sampler())[start:]
    source.seek(0, start)
    assert len(source) == 6 - start


@pytest.mark.parametrize(
    ("processes", "accumulation", "micro"), [(1, 1, 4), (2, 1, 2), (1, 2, 2), (2, 2, 1), (4, 1, 1)]
)
def test_any_cut_gives_the_same_global_batches(processes: int, accumulation: int, micro: int) -> None:
    whole = [sorted(batch) for batch in keys(sampler(micro=4))]
    shares = [
        keys(sampler(micro=micro, accumulation=accumulation, processes=processes, rank=rank))
        for rank in range(processes)
    ]
    for step, batch in enumerate(whole):
        parts = [share[step * accumulation + piece] for share in shares for piece in range(accumulation)]
        assert sorted(key for part in parts for key in part) == batch


class Recorder:
    """Training data whose item says which epoch it was asked in."""

    def __init__(self) -> None:
        self.epoch = -1

    def __len__(self) -> int:
        return 4

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __getitem__(self, index: int) -> dict[str, Any]:
        if index == 3 and self.epoch == 2:
            raise DataError("unreadable.jpg cannot be read")
        return {"epoch": self.epoch, "index": index}


@pytest.mark.parametrize("workers", [0, 1])
def test_workers_that_live_through_epochs_see_each_one(workers: int) -> None:
    source = sampler(labeled=4, unlabeled=4)
    loader = training_loader(PairedDataset(Recorder(), Recorder()), source, workers=workers, pin=False)
    for epoch in (0, 1):
        source.seek(epoch, 0)
        assert {int(e) for labeled, _ in opened(loader) for e in labeled["epoch"]} == {epoch}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_mistake_in_a_worker_arrives_as_itself(workers: int) -> None:
    source = sampler(labeled=4, unlabeled=4)
    loader = training_loader(PairedDataset(Recorder(), Recorder()), source, workers=workers, pin=False)
    source.seek(2, 0)
    with pytest.raises(DataError, match=r"^unreadable\.jpg cannot be read$"):
        list(opened(loader))


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(IndexError):
        Guarded([1, 2])[5]
    assert Collate(sum)([1, 2]) == 3


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
