"""What is said when the memory is out."""

from pathlib import Path

import pytest
import torch

from pixcon_train.core.errors import ConfigError
from pixcon_train.engine.failures import explain_out_of_memory
from tests.pixcon_train.tiny import tiny_config


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
