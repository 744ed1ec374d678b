"""The state of a run, and its conversion to a checkpoint and back."""

import math
from dataclasses import dataclass, field
from typing import Any

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.paths import resolved
from pixcon_train.core.version import VERSION
from pixcon_train.data.specs import DatasetSpec
from pixcon_train.engine.components import RunComponents
from pixcon_train.engine.resumed_state import optimizer_state, require_resumable
from pixcon_train.evaluation.iou_result import Absent
from pixcon_train.runs.checkpoint import Checkpoint

NEW_RUN = "start a new run with --name"
"""What to do where a run cannot go on."""


@dataclass
class TrainState:
    """Progress of a run, saved with every checkpoint, so that a resumed run writes the same log."""

    epoch: int = 0
    """Epochs finished: trained and, if due, validated."""
    step: int = 0
    """Optimizer steps done in the current epoch; all of them if only its validation is left."""
    iteration: int = 0
    """Optimizer steps done in the whole run."""
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Validation of the current weights, by `student` and `ema`; empty if they were not validated."""
    best: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Best validation, by `student` and `ema`: `epoch`, `miou`, and `score`, the mIoU that selected it."""
    stale: int = 0
    """Validations since the teacher's best one."""
    finished: bool = False
    """Whether the run has ended, by its last epoch or by patience."""

    def record(self, metrics: dict[str, dict[str, Any]], *, absent: Absent) -> set[str]:
        """Record a validation; returns those of `student` and `ema` for which it is the best so far.

        ``absent`` is the mIoU convention that selects.
        """
        self.metrics = metrics
        scores = {name: values["miou" if absent == "skip" else "miou_zero"] for name, values in metrics.items()}
        better = {name for name, score in scores.items() if self._better(name, score)}
        for name in better:
            self.best[name] = {"epoch": self.epoch, "miou": metrics[name]["miou"], "score": scores[name]}
        self.stale = 0 if "ema" in better else self.stale + 1
        return better

    def _better(self, name: str, score: float) -> bool:
        """Whether ``score`` exceeds the best one of ``name``, if there is one; NaN exceeds nothing."""
        if name not in self.best or math.isnan(self.best[name]["score"]):
            return True
        return bool(score > self.best[name]["score"])


def snapshot(config: TrainConfig, parts: RunComponents, state: TrainState, means: dict[str, Any]) -> Checkpoint:
    """The state of a run as a checkpoint, which shares its tensors: save it before the next step."""
    student, spec = parts.student, parts.data.spec
    return Checkpoint(
        architecture=student.architecture,
        size=student.size,
        num_classes=student.num_classes,
        projection=student.has_projection,
        embedding_dim=config.bank.dim,
        classes=list(spec.classes),
        palette=[list(color) for color in spec.palette],
        data=spec.to_dict(),
        root=str(resolved(parts.data.root)),
        lists=parts.data.lists,
        config=config.model_dump(),
        version=VERSION,
        epoch=state.epoch,
        iteration=state.iteration,
        metrics=state.metrics,
        best=state.best,
        student=student.state_dict(),
        ema=parts.teacher.state_dict(),
        bank=None if parts.bank is None else parts.bank.state_dict(),
        optimizer=parts.optimizer.state_dict(),
        scaler=None if parts.accelerator.scaler is None else parts.accelerator.scaler.state_dict(),
        rng={"seed": config.seed},
        progress={"step": state.step, "stale": state.stale, "finished": state.finished, "meters": means},
        rules={name: rule.state_dict() for name, rule in parts.rules.modules().items()},
    )


def restore(
    checkpoint: Checkpoint, parts: RunComponents, otherwise: str = NEW_RUN
) -> tuple[TrainState, dict[str, Any]]:
    """Load ``checkpoint`` into ``parts``; returns the run's progress and the state of its running means.

    Args:
        otherwise: what to do, in an error, where nothing can be mended.

    Raises:
        CheckpointError: the data set or its lists have changed since the run started, or an entry does not fit the run
            (:func:`pixcon_train.engine.resumed_state.require_resumable`).
    """
    if DatasetSpec.from_dict(checkpoint.data) != parts.data.spec:
        raise CheckpointError(
            f"The description of {parts.data.spec.name} has changed since the run started; going on would mix two data "
            f"sets. Bring the old description back, or {otherwise}."
        )
    require_resumable(checkpoint, parts, otherwise)
    for name, saved in checkpoint.lists.items():
        if saved["sha256"] != parts.data.lists[name]["sha256"]:
            raise CheckpointError(
                f"The {name} list {parts.data.lists[name]['path']} has changed since the run started; going on would "
                f"mix two data sets. Bring the old list back, or {otherwise}."
            )
    parts.student.load_state_dict(checkpoint.student)
    parts.teacher.load_state_dict(checkpoint.ema)
    if parts.bank is not None and checkpoint.bank is not None:
        parts.bank.load_state_dict({**parts.bank.state_dict(), **checkpoint.bank})
    for name, rule in parts.rules.modules().items():
        rule.load_state_dict({**rule.state_dict(), **checkpoint.rules.get(name, {})})
    parts.optimizer.load_state_dict(optimizer_state(checkpoint, parts))
    if parts.accelerator.scaler is not None and checkpoint.scaler is not None:
        parts.accelerator.scaler.load_state_dict(checkpoint.scaler)
    progress = checkpoint.progress
    state = TrainState(
        epoch=checkpoint.epoch,
        step=progress["step"],
        iteration=checkpoint.iteration,
        metrics=checkpoint.metrics,
        best=checkpoint.best,
        stale=progress["stale"],
        finished=progress["finished"],
    )
    return state, progress["meters"]
