"""The cache key of a pass, and the folder of a checkpoint's cached passes."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.finding import RESULTS, results_folder
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.data.evaluation_data import EvaluationData, files_hash
from pixcon_diag.passes.options import PassOptions
from pixcon_train.core.version import VERSION
from pixcon_train.data.digits import cache_folder

FORMAT = 6
"""Raised when the same key gives other numbers, or a state of another layout. 2: labels outside the classes are counted
by map and value; images are rotated as their EXIF data say and 16-bit ones are not truncated at 255. 3: boundary errors
per image. 4: confidence maps. 5: cells per image. 6: the statistics of each image in files of their own."""


def pass_key(
    checkpoint: LoadedCheckpoint, data: EvaluationData, options: PassOptions, counted: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that determines the results of a pass except the type of its device.

    Args:
        counted: the options that determine the statistics.
    """
    about = asdict(data.info())
    del about["list_name"]  # the name of the list does not matter
    return {
        "format": FORMAT,
        "version": VERSION,
        "checkpoint": checkpoint.info.sha256,
        "weights": checkpoint.info.weights,
        "recipe": checkpoint.info.recipe,
        "module": _module(checkpoint),
        "data": about,
        "spec": data.spec.to_dict(),
        "files": files_hash(data),
        "protocol": options.protocol,
        "window": None if options.window is None else options.window.crop,
        # A network's output depends in its last digits on the other images of the batch: a pixel at a threshold or
        # between two classes may change.
        "batch_size": options.batch_size,
        "options": dict(counted),
    }


def made_by_another_version(manifest: Any, sha256: str) -> bool:
    """Whether a manifest is of a pass of the checkpoint ``sha256``, in another format or by another version."""
    key = manifest.get("key") if isinstance(manifest, dict) else None
    if not isinstance(key, dict) or key.get("checkpoint") != sha256:
        return False
    return (key.get("format"), key.get("version")) != (FORMAT, VERSION)


def pass_folder(checkpoint: LoadedCheckpoint) -> Path | None:
    """Folder for the passes of a checkpoint: the user's cache for saved maps; None for a network in memory."""
    if checkpoint.maps is not None:
        return cache_folder() / RESULTS
    in_memory = checkpoint.wrapped is not None and checkpoint.wrapped.spec is None
    return None if in_memory else results_folder(checkpoint.info.source)


def _module(checkpoint: LoadedCheckpoint) -> dict[str, Any] | None:
    """What identifies a network of other code beside its weights."""
    wrapped = checkpoint.wrapped
    return None if wrapped is None else {"layout": checkpoint.info.layout, **asdict(wrapped)}
