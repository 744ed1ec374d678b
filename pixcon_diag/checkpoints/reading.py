"""Reading a checkpoint file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.weight_files import EXPECTED, WeightFile, read_weights


@dataclass(frozen=True)
class CheckpointFile(WeightFile):
    """A file of weights that holds a dictionary."""

    content: dict[str, Any]
    """The dictionary; tensors by key for safetensors."""
    path: Path


def read_file(path: Path) -> CheckpointFile:
    """Read a checkpoint file.

    Raises:
        CheckpointError: the file is missing, truncated, damaged, no checkpoint, changes while it is read, holds
            something other than a dictionary, or holds objects that could not be restored without running code (which
            is not done).
    """
    read = read_weights(path)
    if not isinstance(read.content, dict):
        raise CheckpointError(f"{path} holds a {type(read.content).__name__}, not a dictionary of weights. {EXPECTED}")
    return CheckpointFile(**vars(read), path=path)
