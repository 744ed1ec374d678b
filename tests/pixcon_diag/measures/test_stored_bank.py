import math
from typing import Any

import numpy as np
import pytest
import torch

from pixcon_diag.measures.stored_bank import StoredBank, measure_stored_bank
from pixcon_train.core.errors import CheckpointError
from pixcon_train.method.class_bank import ClassBank, bank_fill

State = dict[str, np.ndarray]


def state_of(bank: ClassBank) -> State:
    """What a checkpoint saves of the bank, with the fill as numbers."""
    saved = bank.state_dict()
    return {name: value.numpy() for name, value in (saved | {"filled": bank_fill(saved)}).items()}


def bank() -> State:
    """Class 0 at 0° and 90°, class 1 at 90°, class 2 empty; four places each."""
    bank = ClassBank(3, 4, 2)
    bank.enqueue(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 0, 1]))
    return state_of(bank)


def test_hand_computed_table() -> None:
    state = bank()
    result = measure_stored_bank(
        state["queue"], state["filled"], np.array([[7.0, 7.0], [3.0, 0.0], [1.0, 0.0]], dtype=np.float64)
    )
    assert (result.size, result.dim, result.fill) == (4, 2, (2, 1, 0))
    assert (result.with_entry, result.at_capacity) == (2, 0)
    assert result.staleness[:2] == pytest.approx((1, 0))
    assert math.isnan(result.staleness[2])
    assert result.mean_staleness == pytest.approx(0.5)
    assert result.to_dict()["purity"].startswith("Not knowable from this checkpoint")
    assert result.known is None and math.isnan(result.overall_contamination)
    assert all(math.isnan(value) for value in result.contamination)
    assert result.weight[:2] == (1, 1) and math.isnan(result.weight[2]) and result.mean_weight == 1


def told_bank(truth: list[int], weights: list[float] | None = None) -> State:
    """State of a bank of four places a class with three entries of class 0 and two of class 1, of this truth."""
    bank = ClassBank(3, 4, 2)
    own = None if weights is None else torch.tensor(weights)
    bank.enqueue(torch.ones(5, 2), torch.tensor([0, 0, 0, 1, 1]), torch.tensor(truth), own)
    return state_of(bank)


def told(state: State) -> StoredBank:
    return measure_stored_bank(state["queue"], state["filled"], truth=state["truth"], weight=state["weight"])


def test_hand_computed_purity() -> None:
    """Of class 0 two are known and one of them wrong; of class 1 both, and right; nothing of class 2."""
    result = told(told_bank([0, 2, -1, 1, 1]))
    assert result.known == (2, 2, 0) and result.contamination[:2] == (0.5, 0.0) and math.isnan(result.contamination[2])
    assert result.overall_contamination == 0.25 and result.purity is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("part", ["queue", "weight"])
def test_entries_that_are_not_finite_are_refused(value: float, part: str) -> None:
    state = told_bank([0, 2, -1, 1, 1])
    state[part][1, 1] = value
    with pytest.raises(CheckpointError, match=r"1 of its 5 entries are NaN or infinite.* class 1"):
        told(state)
    state[part][1, 1], state[part][1, 3] = 1, value
    told(state)


def test_what_lies_behind_the_fill_has_no_truth_and_no_weight() -> None:
    state = told_bank([0, 2, -1, 1, 1])
    state["truth"][:, 3:] = 1
    state["weight"][:, 3:] = float("nan")
    result = told(state)
    assert result.known == (2, 2, 0) and result.overall_contamination == 0.25 and result.mean_weight == 1


def test_a_bank_of_pixels_without_ground_truth_is_not_known_to_be_pure() -> None:
    result = told(told_bank([-1] * 5))
    assert result.known == (0, 0, 0) and math.isnan(result.overall_contamination)
    assert result.purity is not None and result.purity.startswith("Not known:")


def test_hand_computed_weights() -> None:
    result = told(told_bank([0, 0, 0, 1, 1], [0.5, 0.25, 0.75, 1.0, 0.0625]))
    assert result.weight[:2] == (0.5, 0.53125) and math.isnan(result.weight[2])
    assert result.mean_weight == 2.5625 / 5
    none = measure_stored_bank(np.zeros((2, 3, 4)), np.zeros(2, dtype=np.int64))
    assert math.isnan(none.mean_weight) and none.with_entry == 0


def test_what_lies_behind_the_fill_is_no_entry() -> None:
    state = bank()
    queue = state["queue"].copy()
    queue[0, 2:] = -100.0
    current = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    assert measure_stored_bank(queue, state["filled"], current).staleness[:2] == pytest.approx((1, 1))


def test_a_class_without_current_pixels_has_no_staleness() -> None:
    state = bank()
    result = measure_stored_bank(state["queue"], state["filled"], np.array([[0.0, 0.0], [0.0, -1.0], [0.0, 0.0]]))
    assert math.isnan(result.staleness[0])
    assert result.mean_staleness == pytest.approx(-1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_embeddings_that_cancel_have_no_staleness(dtype: type[np.floating[Any]]) -> None:
    """Two opposite ones, but for rounding: the direction of their sum says nothing."""
    first = np.array([0.6, -0.3, 0.7], dtype=dtype)
    first /= np.linalg.norm(first)
    nearly = -first + np.finfo(dtype).eps * np.array([0.5, 1, -1], dtype=dtype)
    queue, filled = np.stack([np.stack([first, nearly])] * 2), np.array([2, 1])
    assert (queue[0].sum(0) != 0).any()
    current = np.eye(3, dtype=dtype)[:2]
    stored = measure_stored_bank(queue, filled, current).staleness
    assert math.isnan(stored[0]) and stored[1] == pytest.approx(float(first[1]))
    moved = measure_stored_bank(queue, np.array([1, 1]), np.stack([queue[0].mean(0), current[1]])).staleness
    assert math.isnan(moved[0]) and not math.isnan(moved[1])


@pytest.mark.parametrize(("rest", "directed"), [(8, False), (15, False), (17, True), (40, True)])
def test_a_centroid_longer_than_sixteen_roundings_has_a_direction(rest: int, directed: bool) -> None:
    """The mean of two opposite embeddings that differ by ``2 * rest`` roundings along the second axis."""
    eps = float(np.finfo(np.float64).eps)
    queue = np.array([[[1.0, 0.0], [-1.0, 2 * rest * eps]]])
    current = np.array([[0.0, 1.0]])
    for stored, now in ((queue, current), (np.array([[[0.0, 1.0], [0.0, 1.0]]]), np.array([[0.0, rest * eps]]))):
        (staleness,) = measure_stored_bank(stored, np.array([2]), now).staleness
        assert staleness == pytest.approx(1.0 if directed else math.nan, nan_ok=True)


def test_without_current_embeddings_only_the_fill_is_known() -> None:
    state = bank()
    result = measure_stored_bank(state["queue"], state["filled"])
    assert result.fill == (2, 1, 0)
    assert math.isnan(result.mean_staleness)


def test_a_full_class_is_counted() -> None:
    full = ClassBank(2, 3, 2)
    full.enqueue(torch.ones(5, 2), torch.zeros(5, dtype=torch.long))
    state = state_of(full)
    assert measure_stored_bank(state["queue"], state["filled"]).at_capacity == 1


def test_damage_is_named() -> None:
    state = bank()
    with pytest.raises(CheckpointError, match="damaged"):
        measure_stored_bank(state["queue"], state["filled"][:2])
    with pytest.raises(CheckpointError, match=r"fill \[2, 9, 0\]"):
        measure_stored_bank(state["queue"], np.array([2, 9, 0]))
    with pytest.raises(CheckpointError, match="truth and weight, if any, of"):
        measure_stored_bank(state["queue"], state["filled"], truth=state["truth"][:2])
    with pytest.raises(CheckpointError, match="damaged"):
        measure_stored_bank(state["queue"], state["filled"], weight=state["weight"][:, :2])
    with pytest.raises(CheckpointError, match="same run"):
        measure_stored_bank(state["queue"], state["filled"], np.zeros((3, 5)))
