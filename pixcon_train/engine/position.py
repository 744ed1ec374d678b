"""How far a run has come: the part of its state that is neither weights nor recipe."""

import math
from dataclasses import dataclass, field
from typing import Any

from pixcon_train.evaluation.iou import Absent


@dataclass
class Position:
    """Where training stands. Saved with every checkpoint, so that a resumed run writes the same log."""

    epoch: int = 0
    """Epochs finished: trained and, where it was their turn, validated."""
    step: int = 0
    """Optimizer steps done in the epoch under way; all of them when only its validation is left."""
    iteration: int = 0
    """Optimizer steps done in the whole run."""
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Validation of the weights as they are, by `student` and `ema`; empty after a step that none followed."""
    best: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Best validation, by `student` and `ema`: `epoch`, `miou`, and `score`, the mIoU it was chosen by."""
    stale: int = 0
    """Validations since the teacher's best one."""
    finished: bool = False
    """Whether the run has come to its end, by its last epoch or by patience."""

    def record(self, metrics: dict[str, dict[str, Any]], *, absent: Absent) -> set[str]:
        """Take in a validation; returns those of `student` and `ema` for which it is the best so far.

        ``absent`` is the mIoU convention that chooses.
        """
        self.metrics = metrics
        scores = {name: values["miou" if absent == "skip" else "miou_zero"] for name, values in metrics.items()}
        better = {name for name, score in scores.items() if self._better(name, score)}
        for name in better:
            self.best[name] = {"epoch": self.epoch, "miou": metrics[name]["miou"], "score": scores[name]}
        self.stale = 0 if "ema" in better else self.stale + 1
        return better

    def _better(self, name: str, score: float) -> bool:
        """Whether ``score`` beats the best one of ``name``; anything beats none, and an undefined one beats nothing."""
        if name not in self.best or math.isnan(self.best[name]["score"]):
            return True
        return score > self.best[name]["score"]
