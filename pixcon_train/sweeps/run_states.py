"""The state of each run of a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import read_json
from pixcon_train.core.paths import exists, expanded
from pixcon_train.core.yaml_files import flatten
from pixcon_train.jobs.queue import Stage
from pixcon_train.runs.file_names import LATEST, is_folder_name
from pixcon_train.sweeps.grid import Point

State = Literal["not started", "unfinished", "finished", "failed", "differs"]
"""`differs`: its folder holds a run of another configuration, which is left as it is."""
SETTLED: tuple[State, ...] = ("finished", "failed", "differs")
"""The states of runs that are not trained any further."""


@dataclass(frozen=True)
class RunState:
    """The state of one run of a sweep."""

    point: Point
    folder: Path
    state: State
    miou: float = float("nan")
    """Best mIoU of the EMA teacher, a fraction; NaN before the first validation."""
    epoch: int | None = None
    """Its epoch, from 1; None before the first validation."""
    epochs_done: int = 0
    """Of its schedule; those before the checkpoint that it forks from are among them."""
    message: str | None = None
    """The error of a failed run, how a run differs, or why the job of another one ended early."""
    trace: str | None = None
    """The traceback, if the error is a defect rather than a user's mistake."""

    def record(self) -> dict[str, Any]:
        """As JSON-ready content."""
        return {
            "run": self.point.name,
            "state": self.state,
            "best_ema_miou": self.miou,
            "best_epoch": self.epoch,
            "epochs_done": self.epochs_done,
            "epochs": self.point.config.schedule.epochs,
            "values": dict(self.point.values),
            "folder": str(self.folder),
            "message": self.message,
        }


def run_state(point: Point, parent: Path) -> RunState:
    """The state of ``point`` in its folder under ``parent``; `failed` for a damaged checkpoint."""
    folder = parent / point.name
    if not exists(folder / LATEST):
        return RunState(point, folder, "not started", epochs_done=_epochs_before(point.config))
    from pixcon_train.runs.checkpoint import describe_checkpoint  # imports torch, as does the next line
    from pixcon_train.runs.folder import OtherRunError, resume_config

    differs = None
    try:
        checkpoint = describe_checkpoint(folder / LATEST)
        resume_config(folder, flatten(point.config.model_dump()))
    except OtherRunError as error:
        differs = f"{error.differences}. Give the sweep another name or --runs, or remove the run."
    except PixConError as error:
        return RunState(point, folder, "failed", message=str(error))
    best: Mapping[str, Any] = checkpoint.best.get("ema", {})
    return RunState(
        point,
        folder,
        "differs" if differs else "finished" if checkpoint.progress.get("finished") else "unfinished",
        miou=best.get("miou", float("nan")),
        epoch=best.get("epoch"),
        epochs_done=checkpoint.epoch,
        message=differs,
    )


def _epochs_before(config: TrainConfig) -> int:
    """The epochs of the checkpoint that a run forks from; 0 for another run, and where the checkpoint is not there."""
    if config.fork.checkpoint is None or not exists(expanded(Path(config.fork.checkpoint))):
        return 0
    from pixcon_train.runs.checkpoint import describe_checkpoint  # imports torch

    try:
        return describe_checkpoint(expanded(Path(config.fork.checkpoint))).epoch
    except PixConError:
        return 0  # the run will say so


def ended_state(before: RunState, stage: Stage) -> RunState:
    """The state of a run whose job has come to ``stage``, its last one."""
    after = run_state(before.point, before.folder.parent)
    if stage.state == "failed":
        return replace(after, state="failed", message=stage.message, trace=stage.trace)
    return replace(after, message=stage.message) if stage.state == "stopped" else after


def states_with_others(
    points: Sequence[Point], own: Mapping[str, RunState], parent: Path, recorded: Sequence[Mapping[str, Any]]
) -> list[RunState]:
    """The states of ``points``: ``own`` by name, and of the others as their folders under ``parent`` say.

    Checkpoints do not say that a run failed; ``recorded``, the records of an earlier summary, do.
    """
    failures = {run["run"]: str(run.get("message")) for run in recorded if run.get("state") == "failed"}
    return [own.get(point.name) or _state_of_another(point, parent, failures.get(point.name)) for point in points]


def _state_of_another(point: Point, parent: Path, failure: str | None) -> RunState:
    state = run_state(point, parent)
    if failure is None or state.state in SETTLED:
        return state
    return replace(state, state="failed", message=failure)


def recorded_runs(file: Path) -> list[dict[str, Any]]:
    """The records of the runs in the summary ``file``; none where it is missing or something else."""
    try:
        runs = read_json(file)["runs"]
        return [run for run in runs if isinstance(run["run"], str) and isinstance(run["values"], dict)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def runs_of_other_grids(
    recorded: Sequence[Mapping[str, Any]], points: Sequence[Point], parent: Path
) -> list[Mapping[str, Any]]:
    """The ``recorded`` runs that are none of ``points`` and whose folders under ``parent`` are still there."""
    names = {point.name for point in points}
    others = [run for run in recorded if run["run"] not in names and is_folder_name(run["run"])]
    return [run for run in others if exists(parent / run["run"])]


def table_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """A :meth:`RunState.record` as a row of a table: run, the grid's values, state, best EMA mIoU and its epoch."""
    others = {key: value for key, value in record.items() if key not in ("values", "folder", "message")}
    return {"run": others.pop("run"), **record["values"], **others}
