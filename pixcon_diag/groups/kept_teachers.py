"""The teachers that runs kept of some epochs, each measured on its run's validation images."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pixcon_diag.checkpoints.loading import load
from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_train.core.errors import ConfigError
from pixcon_train.runs.file_names import KEPT


class KeptTeacher(NamedTuple):
    """The EMA teacher of one epoch of a run."""

    group: str
    run: str
    epoch: int
    measured: MeasuredPass


def kept_teachers(methods: Methods, histories: Mapping[str, Sequence[RunHistory]]) -> list[KeptTeacher]:
    """The passes of the kept teachers of every run, in the order of their epochs, computed or cached.

    Raises:
        ConfigError: no run has kept a teacher.
        PixConError: one cannot be measured.
    """
    found = []
    for group, runs in histories.items():
        for run in runs:
            for epoch, path in sorted((_epoch(path), path) for path in Path(run.source).parent.glob(KEPT)):
                checkpoint = load(path, weights="ema")
                named = replace(checkpoint, name=f"{run.name} epoch {epoch}")
                found.append(KeptTeacher(group, run.name, epoch, methods.measure(group, named)))
    if not found:
        raise ConfigError(
            f"No run here has kept a teacher: expected {KEPT} beside its log. Train with `pixcon-train run "
            "--keep-every N`, or leave --measure-kept out."
        )
    return found


def _epoch(path: Path) -> int:
    """The epoch in the name of a kept state; 0 for another file of the pattern."""
    number = path.stem.removeprefix("epoch_")
    return int(number) if number.isdecimal() else 0
