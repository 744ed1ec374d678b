"""The per-class FIFO against the release, a naive queue, and its own promises."""

from collections import deque

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixcon_train.method.class_bank import ClassBank, bank_fill


def _sorted_rows(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T[::-1])]


@pytest.mark.reference
def test_five_enqueues_match_the_release(golden: dict[str, np.ndarray]) -> None:
    bank = ClassBank(6, 8, 16)
    for step in range(5):
        bank.enqueue(
            torch.from_numpy(golden[f"bank/step{step}_embeddings"]), torch.from_numpy(golden[f"bank/step{step}_labels"])
        )
        for k in range(6):
            content = bank.queue[k, : bank.filled[k]].numpy()
            expected = golden[f"bank/after{step}_class{k}"]
            np.testing.assert_allclose(_sorted_rows(content), _sorted_rows(expected), atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(-1, 2), max_size=12), max_size=6))
def test_content_is_that_of_a_queue_per_class(batches: list[list[int]]) -> None:
    bank, naive = ClassBank(3, 4, 1), [deque(maxlen=4) for _ in range(3)]
    serial = 0
    for labels in batches:
        values = torch.arange(serial, serial + len(labels), dtype=torch.float32)[:, None]
        serial += len(labels)
        if labels:
            bank.enqueue(values, torch.tensor(labels))
        for value, label in zip(values.flatten().tolist(), labels, strict=True):
            if label >= 0:
                naive[label].append(value)
    for k in range(3):
        assert sorted(bank.queue[k, : bank.filled[k], 0].tolist()) == sorted(naive[k])
        assert bank.filled[k] == len(naive[k])


def test_padding_alone_changes_nothing() -> None:
    bank = ClassBank(2, 2, 1)
    bank.enqueue(torch.ones(1, 1), torch.tensor([0]))
    before = {name: value.clone() for name, value in bank.state_dict().items()}
    bank.enqueue(torch.full((3, 1), 7.0), torch.tensor([-1, -1, -1]))
    for name, value in bank.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_entries_say_which_rows_are_held() -> None:
    bank = ClassBank(2, 3, 1)
    bank.enqueue(torch.tensor([[5.0], [6.0]]), torch.tensor([1, 1]))
    entries, labels, held = bank.entries()
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert held.tolist() == [False, False, False, True, True, False]
    assert entries[held].flatten().tolist() == [5.0, 6.0]


def test_truth_and_weight_stay_beside_their_entry() -> None:
    """Seven entries of two classes into three places each: whatever wraps around, the three columns agree."""
    bank = ClassBank(2, 3, 1)
    for start in (0, 4):
        values = torch.arange(start, start + 4)
        bank.enqueue(values[:, None].float(), values % 2, target=values + 10, weights=values / 100)
    bank.enqueue(torch.tensor([[8.0]]), torch.tensor([-1]), target=torch.tensor([99]), weights=torch.tensor([9.0]))
    assert sorted(bank.queue.flatten().tolist()) == [2, 3, 4, 5, 6, 7]
    assert torch.equal(bank.truth, bank.queue[..., 0].long() + 10)
    torch.testing.assert_close(bank.weight, bank.queue[..., 0] / 100)


def test_contamination_counts_entries_of_known_truth() -> None:
    bank = ClassBank(2, 4, 1)
    bank.enqueue(torch.ones(5, 1), torch.tensor([0, 0, 0, 1, -1]), target=torch.tensor([0, 1, -1, 1, 0]))
    wrong, known = bank.contamination()
    assert (wrong.tolist(), known.tolist()) == ([1, 0], [2, 1])
    bank.enqueue(torch.ones(2, 1), torch.tensor([1, 1]))
    assert bank.contamination()[1].tolist() == [2, 1], "without a truth given there is none"
    assert bank.weight.eq(1).all()


def partly_filled() -> ClassBank:
    """Four classes of three places: more entries than places, as many, one, none."""
    bank = ClassBank(4, 3, 1)
    labels = torch.tensor([0] * 5 + [1] * 3 + [2])
    bank.enqueue(torch.arange(9.0)[:, None], labels)
    return bank


def test_a_saved_bank_is_read_by_the_release_s_rule() -> None:
    """`filled` is true where a class is full; any other holds `ptr` entries."""
    state = partly_filled().state_dict()
    assert state["filled"].tolist() == [True, True, False, False]
    held = [3 if full else int(ptr) for full, ptr in zip(state["filled"], state["ptr"], strict=True)]
    assert held == bank_fill(state).tolist() == partly_filled().filled.tolist() == [3, 3, 1, 0]


@pytest.mark.parametrize("early", [False, True])
def test_a_saved_bank_goes_on_where_it_was(early: bool) -> None:
    """Early checkpoints saved the number of entries."""
    bank, again = partly_filled(), ClassBank(4, 3, 1)
    state = bank.state_dict()
    again.load_state_dict(state | {"filled": bank.filled} if early else state)
    for filling in (bank, again):
        filling.enqueue(torch.tensor([[20.0], [21.0]]), torch.tensor([2, 3]))
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in bank.state_dict().items())
    assert again.filled.tolist() == [3, 3, 2, 1]
