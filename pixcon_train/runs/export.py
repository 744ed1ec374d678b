"""Inference weights as safetensors, with their description in the file's metadata."""

from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.files import remove_leftovers, replacing, to_json
from pixcon_train.core.weight_checks import refuse_non_finite
from pixcon_train.core.weight_files import CONTENT_HASH, content_hash, read_weights
from pixcon_train.runs.checkpoint import Checkpoint, parse_checkpoint

FORMAT = "pixcon-diag/weights"
FORMAT_VERSION = "1"
PROJECTION = "proj_head."

Weights = Literal["ema", "student"]

DESCRIBED = (
    *("architecture", "size", "num_classes", "projection", "embedding_dim", "weights"),
    *("classes", "palette", "data", "epoch", "iteration", "metrics", "config", "version"),
)
"""Entries of the description of exported weights, in order."""


def describe(checkpoint: Checkpoint, weights: Weights, *, projection: bool) -> dict[str, Any]:
    """Description of exported weights: model, data, recipe, epoch and both mIoUs of that epoch."""
    values = vars(checkpoint) | {"projection": projection, "weights": weights}
    return {name: values[name] for name in DESCRIBED}


def export_weights(source: Path, target: Path, *, weights: Weights = "ema", projection: bool = False) -> dict[str, Any]:
    """Write one network of the checkpoint ``source`` to ``target`` and return its description.

    The metadata holds `format`, `format_version`, `source_sha256`, `description`, the JSON of that dict, and
    `content_sha256`, a hash of all of this and of the weights, which loading checks.

    Args:
        projection: keep ``proj_head.*``, which inference does not need but the embedding measurements use.

    Raises:
        CheckpointError: ``source`` is no whole checkpoint of this package, or the network is NaN or infinite.
        PixConError: ``target`` cannot be written; a previous file is intact.
    """
    read = read_weights(source)
    checkpoint = parse_checkpoint(read.content, source)
    state = checkpoint.ema if weights == "ema" else checkpoint.student
    kept = projection and checkpoint.projection
    tensors = {name: value.contiguous() for name, value in state.items() if kept or not name.startswith(PROJECTION)}
    try:
        refuse_non_finite(tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{source}: {error}") from error
    description = describe(checkpoint, weights, projection=kept)
    write_weights(tensors, target, description, source_sha256=read.sha256)
    return description


def write_weights(tensors: dict[str, Tensor], target: Path, description: dict[str, Any], *, source_sha256: str) -> None:
    """Write weights, contiguous, with their description.

    Args:
        source_sha256: hash of the file that they are from.

    Raises:
        PixConError: ``target`` cannot be written; a previous file is intact.
    """
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "source_sha256": source_sha256,
        "description": to_json(description, indent=None),
    }
    metadata[CONTENT_HASH] = content_hash(tensors, metadata)
    remove_leftovers(target.parent, target.name)
    with replacing(target) as temporary:
        try:
            save_file(tensors, temporary, metadata=metadata)
        except SafetensorError as error:  # raised for a failed write
            raise OSError(str(error)) from error
