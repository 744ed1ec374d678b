"""What a run's log tells of its epochs, whoever wrote it (measurements, section 7)."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pixcon_diag.statistics import NAN

Weights = Literal["ema", "student"]


@dataclass(frozen=True)
class Evaluation:
    """One network on the validation list; rates are fractions."""

    miou: float = NAN
    """NaN where it was not evaluated."""
    iou: tuple[float, ...] = ()
    """Per class, in class order; empty where the log has no IoU per class."""


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of a run."""

    epoch: int
    """As the source counts."""
    student: Evaluation
    ema: Evaluation
    retention: float
    """Share of unlabeled pixels that the threshold retained in training; NaN where the log has none."""
    losses: dict[str, float]
    """Means over the epoch: `loss`, `loss_x`, `loss_u` and what else the source has."""
    threshold: float = NAN
    """Mean τ over the unlabeled pixels of the epoch; this and the next three are NaN where the log has none."""
    contamination: float = NAN
    """ρ_F of the retained pseudo-labels as they trained, among pixels whose truth the trainer knew."""
    replaced: float = NAN
    """Share of the retained pseudo-labels that noise replaced."""
    bank_contamination: float = NAN
    """Share of the bank's entries of known truth that were wrong when the epoch ended."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """τ by class name when the epoch ended; empty where the rule has one τ for all, or the log none."""

    def evaluation(self, weights: Weights) -> Evaluation:
        """The teacher's evaluation (`ema`) or the student's."""
        return self.ema if weights == "ema" else self.student


@dataclass(frozen=True)
class BestEpoch:
    """The epoch with the highest mIoU; the first one of several."""

    weights: Weights
    epoch: int
    """As the source counts."""
    finished: int
    """Epochs finished by then, which is the same count for every source."""
    miou: float
    iou: tuple[float, ...]


@dataclass(frozen=True)
class RunHistory:
    """One run, epoch by epoch."""

    name: str
    source: str
    """Path of the file or folder."""
    format: Literal["pixcon", "tensorboard", "unimatch"]
    classes: tuple[str, ...]
    """Names in class order; empty where the log has no IoU per class."""
    first_epoch: int
    """Number the source gives to a run's first epoch: 0 (UniMatch) or 1."""
    epochs: tuple[EpochRecord, ...]
    config: dict[str, Any] = field(default_factory=dict)
    """Hyperparameters by dotted key; empty where the source does not hold them."""
    absent: Literal["skip", "zero"] | None = None
    """How a class in neither truth nor prediction counted in the mIoU; None where the source does not say."""
    note: str | None = None
    """What was left out, and what the trainer warned of, in sentences."""

    def finished(self, epoch: int) -> int:
        """Epochs finished when the source's ``epoch`` was evaluated."""
        return epoch - self.first_epoch + 1

    def curve(self, weights: Weights) -> dict[int, float]:
        """mIoU by number of epochs finished, where it is known."""
        points = {self.finished(record.epoch): record.evaluation(weights).miou for record in self.epochs}
        return {finished: miou for finished, miou in points.items() if not math.isnan(miou)}

    def best(self, weights: Weights) -> BestEpoch | None:
        """The epoch with the highest mIoU, the first one of equals; None where these weights were never evaluated."""
        known = [record for record in self.epochs if not math.isnan(record.evaluation(weights).miou)]
        if not known:
            return None
        record = max(known, key=lambda each: each.evaluation(weights).miou)
        evaluation = record.evaluation(weights)
        return BestEpoch(weights, record.epoch, self.finished(record.epoch), evaluation.miou, evaluation.iou)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content."""
        return asdict(self)


def folder_name(folder: Path) -> str:
    """What a run's folder is called, also from within it."""
    return folder.resolve().name if folder.name in ("", "..") else folder.name


def disambiguate(runs: Sequence[RunHistory]) -> list[RunHistory]:
    """The runs, those of one name named by where they lie: seeds in folders of one name, say."""
    count = Counter(run.name for run in runs)
    return [replace(run, name=run.source) if count[run.name] > 1 else run for run in runs]


def fraction(percent: str) -> float:
    """A printed percentage as a fraction, correctly rounded: "87.92" gives the float nearest to 0.8792."""
    return float(Decimal(percent).scaleb(-2))
