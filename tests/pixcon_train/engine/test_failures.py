"""The watch over the loss."""

import pytest
import torch

from pixcon_train.core.errors import TrainingError
from pixcon_train.engine.failures import FiniteWatch


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_bad_loss_names_iteration_and_files(bad: float) -> None:
    watch = FiniteWatch()
    watch.add(1, torch.tensor(2.0), ["a.jpg"])
    with pytest.raises(TrainingError, match=r"iteration 2, on b\.jpg, c\.jpg"):
        watch.add(2, torch.tensor(bad), ["b.jpg", "c.jpg"])


def test_finite_losses_pass() -> None:
    watch = FiniteWatch()
    for iteration in range(5):
        watch.add(iteration, torch.tensor(float(iteration), requires_grad=True), [])
    watch.check(wait=True)
