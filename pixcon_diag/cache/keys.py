"""What tells one pass from another, and where the passes of a checkpoint are kept."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.checkpoints.reading import HUB
from pixcon_diag.checkpoints.wrapping import WrappedModule
from pixcon_diag.data.evaluation_data import EvaluationData, files_hash
from pixcon_diag.passes.run import PassOptions
from pixcon_train.data.digits import cache_folder

FORMAT = 2
"""Raised when the same key would now give other numbers, or a state of another layout. 2: labels outside the classes
are counted by map and value; images are turned upright and those of 16 bits are not cut off at 255."""

FOLDER = "diag"


def pass_key(
    checkpoint: LoadedCheckpoint, data: EvaluationData, passing: PassOptions, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that decides what a pass finds: another value of anything here is another pass."""
    about = asdict(data.info())
    del about["list_name"]  # the same pairs under another name are the same
    return {
        "format": FORMAT,
        "version": version("pixcon-diag"),
        "checkpoint": checkpoint.info.sha256,
        "weights": checkpoint.info.weights,
        "module": _module(checkpoint),
        "data": about,
        "spec": data.spec.to_dict(),
        "files": files_hash(data),
        "protocol": passing.protocol,
        "window": None if passing.window is None else passing.window.crop,
        "device": passing.device.type,
        # A network's output depends in its last digits on what else is in the batch: a pixel that lies on a threshold
        # or between two classes may change sides.
        "batch_size": passing.batch_size,
        "options": dict(options),
    }


def _module(checkpoint: LoadedCheckpoint) -> dict[str, Any] | None:
    """What a wrapped module is, as far as that can be told beside its weights: changes of its code cannot."""
    if not isinstance(checkpoint.model, WrappedModule):
        return None
    feature, multiple = checkpoint.model.feature, checkpoint.model.patch_size
    return {"layout": checkpoint.info.layout, "feature": feature, "multiple": multiple}


def store_place(checkpoint: LoadedCheckpoint) -> Path | None:
    """Folder for the passes of a checkpoint; None for a wrapped module, which lies nowhere."""
    if isinstance(checkpoint.model, WrappedModule):
        return None
    source = checkpoint.info.source
    if source.startswith(HUB):
        return cache_folder() / FOLDER
    beside = Path(source).parent / FOLDER
    return beside if os.access(beside if beside.exists() else beside.parent, os.W_OK) else cache_folder() / FOLDER
