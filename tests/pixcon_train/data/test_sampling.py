"""The order of an epoch's images, and how it is cut over processes and micro-batches."""

import pytest

from pixcon_train.data.sampling import BatchLayout, StepSampler


def sampler(*, seed: int = 0, labeled: int = 12, unlabeled: int = 12, **layout: int) -> StepSampler:
    return StepSampler(
        labeled=labeled, unlabeled=unlabeled, seed=seed, layout=BatchLayout(**{"micro": 2, "accumulation": 1, **layout})
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
        parts = [layout[step * accumulation + piece] for layout in shares for piece in range(accumulation)]
        assert sorted(key for part in parts for key in part) == batch
