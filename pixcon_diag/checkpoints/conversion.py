"""One network of a checkpoint of any known layout as a safetensors file of this project."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.finding import WeightsAsked
from pixcon_diag.checkpoints.network import read_network
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.paths import exists
from pixcon_train.core.version import VERSION
from pixcon_train.runs.export import write_weights


@dataclass(frozen=True)
class Converted:
    """A file that was written."""

    layout: str
    """Of the source."""
    remarks: tuple[str, ...]
    """On how the source was read."""
    description: dict[str, Any]
    """As in the file's metadata."""


def convert(source: Path, target: Path, *, weights: WeightsAsked = None, allow_legacy: bool = False) -> Converted:
    """Write the weights of one network of ``source`` and their description to ``target``, and nothing else.

    Raises:
        CheckpointError: ``source`` is missing, damaged, unsafe, of no known layout, or lacks the requested weights.
        ConfigError: ``target`` exists, or does not end in ``.safetensors``.
        PixConError: ``target`` cannot be written.
    """
    if target.suffix != ".safetensors":
        raise ConfigError(f"{target} would be a safetensors file. Give it a name that ends in .safetensors.")
    if exists(target):
        raise ConfigError(f"{target} exists already. Remove it, or give another name.")
    network = read_network(source, weights, allow_legacy=allow_legacy)
    info, state = network.description.info, network.model.state_dict()
    embedding = state.get("proj_head.3.weight")
    description = {
        "architecture": info.architecture,
        "size": info.size,
        "num_classes": info.num_classes,
        "projection": info.projection,
        "embedding_dim": 256 if embedding is None else len(embedding),
        "weights": info.weights,
        "data": network.description.data or {},
        "epoch": info.scores.epoch,
        "metrics": {"student": {"miou": info.scores.student}, "ema": {"miou": info.scores.ema}},
        "config": network.description.run.config if network.description.run else {},
        "version": VERSION,
        "layout": info.layout,
    }
    tensors = {name: value.contiguous() for name, value in state.items()}
    write_weights(tensors, target, description, source_sha256=info.sha256)
    return Converted(info.layout, network.description.remarks, description)
