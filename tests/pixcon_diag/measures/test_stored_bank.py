import math

import pytest
import torch

from pixcon_diag.measures.stored_bank import measure_stored_bank
from pixcon_train.bank import ClassBank
from pixcon_train.errors import CheckpointError


def bank() -> ClassBank:
    """Class 0 at 0° and 90°, class 1 at 90°, class 2 empty; four places each."""
    bank = ClassBank(3, 4, 2)
    bank.enqueue(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 0, 1]))
    return bank


def test_hand_computed_table() -> None:
    state = bank().state_dict()
    result = measure_stored_bank(
        state["queue"], state["filled"], torch.tensor([[7.0, 7.0], [3.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    )
    assert (result.size, result.dim, result.fill) == (4, 2, (2, 1, 0))
    assert (result.with_entry, result.at_capacity) == (2, 0)
    assert result.staleness[:2] == pytest.approx((1, 0))
    assert math.isnan(result.staleness[2])
    assert result.mean_staleness == pytest.approx(0.5)
    assert result.to_dict()["purity"].startswith("Not knowable")


def test_what_lies_behind_the_fill_is_no_entry() -> None:
    state = bank().state_dict()
    queue = state["queue"].clone()
    queue[0, 2:] = -100.0
    current = torch.tensor([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    assert measure_stored_bank(queue, state["filled"], current).staleness[:2] == pytest.approx((1, 1))


def test_a_class_without_current_pixels_has_no_staleness() -> None:
    state = bank().state_dict()
    result = measure_stored_bank(state["queue"], state["filled"], torch.tensor([[0.0, 0.0], [0.0, -1.0], [0.0, 0.0]]))
    assert math.isnan(result.staleness[0])
    assert result.mean_staleness == pytest.approx(-1)


def test_without_current_embeddings_only_the_fill_is_known() -> None:
    state = bank().state_dict()
    result = measure_stored_bank(state["queue"], state["filled"])
    assert result.fill == (2, 1, 0)
    assert math.isnan(result.mean_staleness)


def test_a_full_class_is_counted() -> None:
    full = ClassBank(2, 3, 2)
    full.enqueue(torch.ones(5, 2), torch.zeros(5, dtype=torch.long))
    assert measure_stored_bank(full.queue, full.filled).at_capacity == 1


def test_damage_is_named() -> None:
    state = bank().state_dict()
    with pytest.raises(CheckpointError, match="damaged"):
        measure_stored_bank(state["queue"], state["filled"][:2])
    with pytest.raises(CheckpointError, match=r"fill \[2, 9, 0\]"):
        measure_stored_bank(state["queue"], torch.tensor([2, 9, 0]))
    with pytest.raises(CheckpointError, match="same run"):
        measure_stored_bank(state["queue"], state["filled"], torch.zeros(3, 5))
