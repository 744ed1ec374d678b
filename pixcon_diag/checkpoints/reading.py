"""Reading a checkpoint file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.pickle_values import Inert, shown
from pixcon_train.core.weight_files import EXPECTED, WeightFile, read_weights

_SHOWN = 3
"""Most objects that are named."""


@dataclass(frozen=True)
class CheckpointFile(WeightFile):
    """A file of weights that holds a dictionary."""

    content: dict[str, Any]
    """The dictionary; tensors by key for safetensors."""
    path: Path

    @property
    def left_out(self) -> str | None:
        """What was not restored, as a short phrase; None where everything was."""
        more = f" and {len(self.inert) - _SHOWN} more" if len(self.inert) > _SHOWN else ""
        return f"objects not restored: {', '.join(self.inert[:_SHOWN])}{more}" if self.inert else None


def read_file(path: Path, *, allow_legacy: bool = False) -> CheckpointFile:
    """Read a checkpoint file; nothing in it is run.

    Args:
        allow_legacy: as :func:`pixcon_train.core.weight_files.read_weights`.

    Raises:
        CheckpointError: the file is missing, truncated, damaged, no checkpoint, changes while it is read, holds
            something other than a dictionary, or tensors of a kind that is not read.
    """
    read = read_weights(path, allow_legacy=allow_legacy)
    if isinstance(read.content, Inert):
        raise CheckpointError(
            f"{path} holds a Python object ({shown(read.content.name)}) that could only be restored by running "
            "code from it. Nothing was run. Expected a dictionary of weights: if you trust its author, save its state "
            "dict alone, torch.save(model.state_dict(), FILE)."
        )
    if not isinstance(read.content, dict):
        raise CheckpointError(f"{path} holds a {type(read.content).__name__}, not a dictionary of weights. {EXPECTED}")
    return CheckpointFile(**vars(read), path=path)
