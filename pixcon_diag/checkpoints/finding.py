"""The checkpoint in a run's folder."""

from pathlib import Path
from typing import Literal

from pixcon_diag.checkpoints.reading import HUB
from pixcon_train.core.errors import CheckpointError
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, CHECKPOINT_FORMAT, LATEST

_START = 2**16
"""Bytes in which a checkpoint of this project names its format, the first entry of its content."""

WeightsAsked = Literal["ema", "student"] | None
"""Which network the user wants; None for the EMA teacher, or the only one where a file holds one."""


def checkpoint_path(path: Path, weights: WeightsAsked = None) -> Path:
    """``path`` itself, or in a run's folder the checkpoint of the best epoch of the weights asked for.

    Raises:
        CheckpointError: a folder without a checkpoint of this project.
    """
    if not path.is_dir():
        return path
    names = _names(weights)
    for name in names:
        if (path / name).is_file():
            return path / name
    raise CheckpointError(
        f"The folder {path} holds no checkpoint ({' or '.join(names)}). Expected a run's folder or a folder of runs, "
        "or give a file's path."
    )


def is_run(folder: Path, weights: WeightsAsked = None) -> bool:
    """Whether ``folder`` holds a checkpoint of a run of this project."""
    return any((folder / name).is_file() for name in _names(weights))


def may_be_own(source: str) -> bool:
    """Whether ``source`` may be a checkpoint of this project, as far as a folder or the start of a file tells.

    An address on the hub may be: its file is not looked for.
    """
    path = Path(source)
    if source.startswith(HUB) or path.is_dir():
        return True
    try:
        with path.open("rb") as handle:
            return CHECKPOINT_FORMAT.encode() in handle.read(_START)
    except OSError:  # loading it says what is wrong
        return True


def _names(weights: WeightsAsked) -> tuple[str, str]:
    """Checkpoints of a run's folder in the order of preference."""
    return BEST_STUDENT if weights == "student" else BEST_EMA, LATEST
