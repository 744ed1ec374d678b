"""Putting a measurement aside and going on with it."""

import warnings
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from pixcon_train.evaluation.measurement import Measurement


@dataclass(frozen=True)
class Found:
    total: int
    rows: list[int]


class Sums(Measurement):
    """A sum, and every row there was."""

    total: Tensor
    rows: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("rows", [], dist_reduce_fx="cat")

    def update(self, values: Tensor) -> None:
        self.total += values.sum()
        self.rows.append(values)

    def compute(self) -> Found:
        return Found(int(self.total), self.snapshot().get("rows", torch.zeros(0)).tolist())


def fed(*batches: list[int]) -> Sums:
    metric = Sums()
    for batch in batches:
        metric.update(torch.tensor(batch))
    return metric


def test_a_restored_measurement_goes_on_where_it_was() -> None:
    after = Sums()
    after.restore(fed([1, 2], [3]).snapshot())
    assert after.compute() == Found(6, [1, 2, 3])
    after.update(torch.tensor([4]))
    assert after.compute() == Found(10, [1, 2, 3, 4])


def test_a_snapshot_stays_as_it_was() -> None:
    metric = fed([1, 2])
    kept = metric.snapshot()
    metric.update(torch.tensor([3]))
    other = Sums()
    other.restore(kept)
    other.update(torch.tensor([5]))
    assert {name: value.tolist() for name, value in kept.items()} == {"total": 3, "rows": [1, 2]}


def test_rows_are_taken_and_the_sum_stays() -> None:
    metric = fed([1, 2], [3])
    assert {name: rows.tolist() for name, rows in metric.take_rows().items()} == {"rows": [1, 2, 3]}
    assert metric.take_rows() == {}
    metric.update(torch.tensor([4]))
    assert metric.compute() == Found(10, [4])


def test_what_was_there_before_is_forgotten() -> None:
    metric = fed([7, 8])
    assert metric.compute().total == 15
    metric.restore(fed([1]).snapshot())
    assert metric.compute() == Found(1, [1])


def test_nothing_counted_is_a_state_too() -> None:
    assert "rows" not in Sums().snapshot()
    metric = fed([1])
    metric.restore(Sums().snapshot())
    assert metric.compute() == Found(0, [])


def test_a_missing_sum_is_an_error() -> None:
    with pytest.raises(KeyError, match="total"):
        Sums().restore({"rows": torch.tensor([1])})


def test_no_warning_that_nothing_was_counted() -> None:
    metric = Sums()
    metric.restore(fed([1]).snapshot())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metric.compute()
