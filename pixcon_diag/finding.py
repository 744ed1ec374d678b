"""From what the user names to checkpoint files: a file, a hub address, a run's folder, a folder of runs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pixcon_diag.reading import HUB
from pixcon_train.checkpoint import BEST_EMA, BEST_STUDENT, LATEST
from pixcon_train.errors import CheckpointError

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


def find_checkpoints(sources: Iterable[str], weights: WeightsAsked = None) -> list[str]:
    """One source per checkpoint to measure: a folder of runs stands for the runs in it, in order of their names.

    Raises:
        CheckpointError: a folder holds neither a checkpoint nor runs.
    """
    return [found for source in sources for found in _expand(source, weights)]


def _expand(source: str, weights: WeightsAsked) -> list[str]:
    folder = Path(source)
    if source.startswith(HUB) or not folder.is_dir() or _is_run(folder, weights):
        return [source]
    runs = sorted(str(each) for each in folder.iterdir() if each.is_dir() and _is_run(each, weights))
    return runs or [str(checkpoint_path(folder, weights))]  # the latter raises: there is none


def _is_run(folder: Path, weights: WeightsAsked) -> bool:
    return any((folder / name).is_file() for name in _names(weights))


def _names(weights: WeightsAsked) -> tuple[str, str]:
    """Checkpoints of a run's folder in the order of preference."""
    return BEST_STUDENT if weights == "student" else BEST_EMA, LATEST
