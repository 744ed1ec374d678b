"""The watch over the loss."""

from pathlib import Path

import pytest
import torch

from pixcon_train.core.errors import TrainingError
from pixcon_train.engine.failures import NonFiniteLossDetector, lower_memory
from tests.pixcon_train.tiny import tiny_config


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_bad_loss_names_iteration_and_files(bad: float) -> None:
    watch = NonFiniteLossDetector()
    watch.add(1, torch.tensor(2.0), ["a.jpg"])
    with pytest.raises(TrainingError, match=r"iteration 2, on b\.jpg, c\.jpg"):
        watch.add(2, torch.tensor(bad), ["b.jpg", "c.jpg"])


def test_finite_losses_pass() -> None:
    watch = NonFiniteLossDetector()
    for iteration in range(5):
        watch.add(iteration, torch.tensor(float(iteration), requires_grad=True), [])
    watch.check(wait=True)


def test_only_what_can_be_lowered_is_named() -> None:
    options = {"schedule__batch": 8, "runtime__precision": "bf16", "runtime__activation_checkpointing": True}
    text = lower_memory(tiny_config(Path("tiny.yaml"), **options))
    assert "--micro-batch (now 8" in text and "--crop (now 28)" in text
    assert "activation_checkpointing=true" not in text and "--precision" not in text and "--workers" not in text
    assert "fewer --workers" in lower_memory(tiny_config(Path("tiny.yaml"), runtime__workers=2))
