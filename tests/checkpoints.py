"""A small checkpoint, and changes of a file while it is read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.weight_files import read_weights
from pixcon_train.runs.checkpoint import Checkpoint


def example_checkpoint(**changes: Any) -> Checkpoint:
    """A checkpoint of two weights, with ``changes`` to its fields."""
    state = {"head.weight": torch.arange(6.0).reshape(2, 3), "head.bias": torch.zeros(2)}
    checkpoint = Checkpoint(
        architecture="pixcon",
        size="nano",
        num_classes=2,
        projection=True,
        embedding_dim=4,
        classes=["sky", "road"],
        palette=[[0, 0, 0], [255, 0, 0]],
        data={"name": "test", "void": 255},
        root="/data",
        lists={"val": {"path": "val.txt", "sha256": "0", "text": "a.jpg a.png\n"}},
        config={"schedule": {"epochs": 2}},
        version="0.1.0",
        epoch=1,
        iteration=10,
        metrics={"student": {"miou": 0.5, "miou_zero": 0.4, "iou": [0.5, float("nan")]}},
        best={"student": {"miou": 0.5, "epoch": 1}},
        student=state,
        ema={key: value + 1 for key, value in state.items()},
        bank={"queue": torch.zeros(2, 3, 4), "ptr": torch.zeros(2, dtype=torch.int64)},
        optimizer={"state": {}, "param_groups": [{"lr": 0.1, "params": [0]}]},
        scaler=None,
        rng={"seed": 0},
        progress={"step": 0, "meters": {}},
    )
    return replace(checkpoint, **changes)


def overwritten(path: Path, data: bytes) -> None:
    with path.open("r+b") as handle:
        handle.write(data)


def replaced(path: Path, data: bytes) -> None:
    (other := path.with_suffix(".new")).write_bytes(data)
    other.replace(path)


def refused(path: Path, *, allow_legacy: bool = False) -> str:
    """The message with which reading ``path`` is refused."""
    with pytest.raises(CheckpointError) as caught:
        read_weights(path, allow_legacy=allow_legacy)
    assert str(path) in str(caught.value)
    return str(caught.value)
