"""What each run of a sweep has come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pixcon_train.core.errors import PixConError
from pixcon_train.core.yaml_files import flatten
from pixcon_train.runs.file_names import LATEST
from pixcon_train.sweeps.grid import Point

State = Literal["not started", "unfinished", "finished", "failed"]


@dataclass(frozen=True)
class RunState:
    """What one run of a sweep has come to."""

    point: Point
    folder: Path
    state: State
    miou: float = float("nan")
    """Best mIoU of the EMA teacher, a fraction; NaN before the first validation."""
    epoch: int | None = None
    """Epoch of it, from 1; None before the first validation."""
    epochs_done: int = 0
    message: str | None = None
    """Why it failed."""
    trace: str | None = None
    """Where it failed, if it was a defect rather than a mistake."""

    def row(self) -> dict[str, Any]:
        """As a row of a table: run, the grid's values, state, best EMA mIoU and its epoch."""
        return {
            "run": self.point.name,
            **self.point.values,
            "state": self.state,
            "best_ema_miou": self.miou,
            "best_epoch": self.epoch,
            "epochs_done": self.epochs_done,
            "epochs": self.point.config.schedule.epochs,
        }


def run_state(point: Point, parent: Path) -> RunState:
    """What lies in the folder of ``point`` under ``parent``; it failed where that is no checkpoint or another run's."""
    folder = parent / point.name
    if not (folder / LATEST).exists():
        return RunState(point, folder, "not started")
    from pixcon_train.runs.checkpoint import describe_checkpoint  # imports torch, as does the next
    from pixcon_train.runs.folder import resume_config

    try:
        checkpoint = describe_checkpoint(folder / LATEST)
        resume_config(folder, flatten(point.config.model_dump()))
    except PixConError as error:
        return RunState(point, folder, "failed", message=str(error))
    best: Mapping[str, Any] = checkpoint.best.get("ema", {})
    return RunState(
        point,
        folder,
        "finished" if checkpoint.progress["finished"] else "unfinished",
        miou=best.get("miou", float("nan")),
        epoch=best.get("epoch"),
        epochs_done=checkpoint.epoch,
    )


def summary(states: Sequence[RunState]) -> dict[str, Any]:
    """All runs as JSON-ready content."""
    return {
        "runs": [
            {
                **{key: value for key, value in state.row().items() if key not in state.point.values},
                "values": dict(state.point.values),
                "folder": str(state.folder),
                "message": state.message,
            }
            for state in states
        ]
    }
