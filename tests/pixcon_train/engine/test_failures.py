"""The watch over the loss."""

from pathlib import Path

import pytest
import torch

from pixcon_train.core.errors import ConfigError, TrainingError
from pixcon_train.engine.failures import NonFiniteLossDetector, explain_out_of_memory
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


def test_a_cpu_s_memory_too() -> None:
    with (
        pytest.raises(ConfigError, match=r"Out of memory: DefaultCPUAllocator: can't allocate memory"),
        explain_out_of_memory(tiny_config(Path("tiny.yaml"))),
    ):
        torch.empty(1 << 60, dtype=torch.uint8)


def test_only_what_can_be_lowered_is_named() -> None:
    options = {"schedule__batch": 8, "runtime__precision": "bf16", "runtime__activation_checkpointing": True}
    with pytest.raises(ConfigError) as caught, explain_out_of_memory(tiny_config(Path("tiny.yaml"), **options)):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    text = str(caught.value)
    assert "--micro-batch (now 8" in text and "--crop (now 28)" in text
    assert "activation_checkpointing=true" not in text and "--precision" not in text


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="something else"), explain_out_of_memory(tiny_config(Path("tiny.yaml"))):
        raise RuntimeError("something else")
