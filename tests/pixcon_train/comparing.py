"""Whether two runs are the same one, bit for bit."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pixcon_train.runs.checkpoint import Checkpoint
from pixcon_train.runs.log import LOG, read_log


def timeless(folder: Path) -> list[dict[str, Any]]:
    """The log without what a clock says."""
    return [{key: value for key, value in record.items() if key != "seconds"} for record in read_log(folder / LOG)]


def tensors(value: Any) -> list[torch.Tensor]:
    """Every tensor in a nested value, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        return [tensor for item in value.values() for tensor in tensors(item)]
    return [tensor for item in value for tensor in tensors(item)] if isinstance(value, list | tuple) else []


def assert_same_state(one: Checkpoint, other: Checkpoint) -> None:
    for name in ("student", "ema", "bank", "optimizer", "progress", "rules"):
        pairs = zip(tensors(getattr(one, name)), tensors(getattr(other, name)), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs), name
    assert _text(one) == _text(other), "epoch, iteration, metrics or best"


def _text(checkpoint: Checkpoint) -> str:
    """The numbers of a checkpoint at full precision; an undefined IoU, NaN, equals another one."""
    numbers = (checkpoint.epoch, checkpoint.iteration, checkpoint.metrics, checkpoint.best)
    return json.dumps(numbers, sort_keys=True)
