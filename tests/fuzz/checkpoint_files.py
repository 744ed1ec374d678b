"""Good checkpoints of each layout, small but whole, and what is read from a checkpoint."""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from pixcon_diag.checkpoints.loading import load
from pixcon_train.core.errors import PixConError
from pixcon_train.core.weight_files import content_hash
from pixcon_train.engine.resumed_state import require_resumable
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.optimizer import build_optimizer
from pixcon_train.method.thresholds import Threshold
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from pixcon_train.runs.checkpoint import describe_checkpoint, load_checkpoint, save_checkpoint
from pixcon_train.runs.export import export_weights
from tests.checkpoints import example_checkpoint

CLASSES = 3


def attempt(path: Path) -> str:
    """Hash of all that is read from a file, in every way in which the project reads one."""
    loaded = load(path)
    with suppress(PixConError):  # only files of this project are read so
        describe_checkpoint(path)
        require_resumable(load_checkpoint(path), parts(), "stop")
        export_weights(path, path.with_name("export.safetensors"))
    info = asdict(loaded.info) | {"source": "", "sha256": ""}
    tensors = {f"model {key}": value for key, value in loaded.model.state_dict().items()}
    tensors |= {f"bank {key}": value for key, value in (loaded.bank or {}).items()}
    about = [loaded.describe(), info, loaded.data, loaded.run and asdict(loaded.run), loaded.parameters, loaded.name]
    shown = json.dumps(about, default=repr).replace(str(path), "")
    return hashlib.sha256(f"{shown} {content_hash(tensors)}".encode()).hexdigest()


@cache
def weights(architecture: str = "unimatch_v2", *, projection: bool = False, seed: int = 0) -> dict[str, Tensor]:
    """Weights of the smallest network."""
    torch.manual_seed(seed)
    state = network(architecture, projection=projection).state_dict()
    return {key: torch.randn_like(value) if value.is_floating_point() else value for key, value in state.items()}


def network(architecture: str, *, projection: bool) -> SegmentationModel:
    """The smallest network."""
    return build_model(architecture, "nano", CLASSES, projection=projection)


@cache
def parts() -> Any:
    """What a run goes on with from the good checkpoint of this project: two epochs of ten steps."""
    model = network("unimatch_v2", projection=False)
    return SimpleNamespace(
        student=model,
        teacher=model,
        bank=ClassBank(CLASSES, 2, 4),
        rules=SimpleNamespace(modules=lambda: {"threshold": Threshold()}),
        optimizer=build_optimizer(model, lr=0.1, lr_factor=1.0, weight_decay=0.0, decay_1d=True),
        sampler=SimpleNamespace(steps=10),
        iterations=20,
        accelerator=SimpleNamespace(scaler=None),
        data=SimpleNamespace(lists={"val": {}}),
    )


def bank() -> dict[str, Tensor]:
    """A stored memory bank."""
    filled = torch.tensor([True, False, False])
    return {"queue": torch.ones(CLASSES, 2, 4), "ptr": torch.zeros(CLASSES, dtype=torch.int64), "filled": filled}


def own_content(**changes: Any) -> Any:
    """A checkpoint of this project."""
    first = next(network("unimatch_v2", projection=False).encoder_parameters())[1]
    moments = {"step": torch.tensor(3.0), "exp_avg": torch.ones(first.shape), "exp_avg_sq": torch.ones(first.shape)}
    means = {"names": ["loss"], "window": torch.ones(1), "window_count": 1, "epoch": [1.0], "epoch_count": 1}
    defaults: dict[str, Any] = {
        "architecture": "unimatch_v2",
        "num_classes": CLASSES,
        "projection": False,
        "classes": ["sky", "road", "car"],
        "palette": [[0, 0, 0], [255, 0, 0], [0, 255, 0]],
        "student": weights(seed=1),
        "ema": weights(),
        "bank": bank(),
        "optimizer": {**parts().optimizer.state_dict(), "state": {0: moments}},
        "progress": {"step": 2, "stale": 0, "finished": False, "meters": means},
        "iteration": 12,
        "best": {"ema": {"miou": 0.5, "epoch": 1, "score": 0.5}},
    }
    return example_checkpoint(**defaults | changes)


def unimatch_content() -> dict[str, Any]:
    """What UniMatch V2 saves."""
    model = {f"module.{key}": value for key, value in weights(seed=1).items()}
    teacher = {f"module.{key}": value for key, value in weights().items()}
    return {"model": model, "model_ema": teacher, "epoch": 3, "previous_best": np.float64(86.5), "best_epoch": 3}


def pixcon_content() -> dict[str, Any]:
    """What PixCon's release saves."""
    student, teacher = (weights("pixcon", projection=True, seed=seed) for seed in (1, 0))
    teacher_part = {"decay": 0.996, "model_state_dict": teacher}
    return {"student": student, "teacher": teacher_part, "best_miou_ema": 87.9, "epoch": 3, "bank": bank()}


def _own(path: Path) -> None:
    save_checkpoint(path, own_content())


def _export(path: Path) -> None:
    _own(source := path.with_name("latest.pth"))
    export_weights(source, path)


_WRITERS: dict[str, Callable[[Path], Any]] = {
    "own.pth": _own,
    "export.safetensors": _export,
    "unimatch.pth": lambda path: torch.save(unimatch_content(), path),
    "pixcon.pth": lambda path: torch.save(pixcon_content(), path),
    "bare.pth": lambda path: torch.save(weights(), path),
    "plain.safetensors": lambda path: save_file(weights(), path, metadata={"who": "someone"}),
}
GOOD = tuple(_WRITERS)
HASHED = ("own.pth", "export.safetensors", "unimatch.pth", "pixcon.pth", "bare.pth")
"""Those with checksums: no damage to them may give other numbers."""


@cache
def good(name: str) -> tuple[bytes, str]:
    """A good file, and what is read from it."""
    with TemporaryDirectory() as folder, patch.dict(os.environ, PIXCON_CACHE=f"{folder}/cache"):
        _WRITERS[name](path := Path(folder) / name)
        return path.read_bytes(), attempt(path)
