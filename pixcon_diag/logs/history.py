"""The epochs of a run as its log records them, in one form for all trainers."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.run_seeds import RunSeed
from pixcon_diag.statistics.spread import NAN
from pixcon_train.core.errors import DataError
from pixcon_train.core.paths import resolved

Weights = Literal["ema", "student"]
Form = Literal["pixcon", "tensorboard", "unimatch", "augseg", "cwbass", "table"]
Absent = Literal["skip", "zero"]

MOST_EPOCHS = 20_000
"""Most epochs of another trainer's run that are read; tables and figures of more take minutes."""


class NoEpochError(DataError):
    """A log of a run whose first epoch is not finished, or not evaluated."""


@dataclass(frozen=True)
class Evaluation:
    """One network on the validation list; rates are fractions."""

    miou: float = NAN
    """NaN if it was not evaluated."""
    iou: tuple[float, ...] = ()
    """IoU per class, in class order; empty if the log has none."""


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of a run."""

    epoch: int
    """Number of the epoch in the log."""
    student: Evaluation
    ema: Evaluation
    retention: float
    """Share of unlabeled pixels that the threshold retained in training; NaN if the log has none."""
    losses: dict[str, float]
    """Means over the epoch: `loss`, `loss_x`, `loss_u` and further losses of the log."""
    threshold: float = NAN
    """Mean τ over the unlabeled pixels of the epoch; this and the next three are NaN if the log has none."""
    contamination: float = NAN
    """ρ_F of the retained pseudo-labels as trained on, over pixels of known target."""
    replaced: float = NAN
    """Share of the retained pseudo-labels that noise replaced."""
    bank_contamination: float = NAN
    """Share of wrong entries among the bank's entries of known target, at the end of the epoch."""
    thresholds: dict[str, float] = field(default_factory=dict)
    """τ by class name at the end of the epoch; empty if the rule has a single τ or the log has none."""

    def evaluation(self, weights: Weights) -> Evaluation:
        """The teacher's evaluation (`ema`) or the student's."""
        return self.ema if weights == "ema" else self.student


@dataclass(frozen=True)
class BestEpoch:
    """The epoch with the highest mIoU; the first one of several."""

    weights: Weights
    epoch: int
    """Number of the epoch in the log."""
    finished: int
    """Epochs finished by then, comparable across trainers."""
    miou: float
    iou: tuple[float, ...]


@dataclass(frozen=True)
class RunHistory(Serializable):
    """One run, epoch by epoch."""

    name: str
    source: str
    """Path of the file or folder."""
    format: Form
    classes: tuple[str, ...]
    """Names in class order; empty if the log has no IoU per class."""
    first_epoch: int
    """Number of the first epoch in the log: 0 (UniMatch) or 1."""
    epochs: tuple[EpochRecord, ...]
    config: dict[str, Any] = field(default_factory=dict)
    """Hyperparameters by dotted key; empty if the log does not hold them."""
    absent: Absent | None = None
    """Treatment of a class absent from target and prediction in the mIoU; None if unknown."""
    note: str | None = None
    """Sentences on what was left out and on the trainer's warnings."""
    iterations: int | None = None
    """Training steps until the end of the last epoch; None if the log does not count them."""

    @property
    def seed(self) -> RunSeed:
        """The run's seed, as far as the log states it."""
        number, start = self.config.get("seed"), self.config.get("fork.checkpoint")
        return RunSeed(number if isinstance(number, int) else None, None if start is None else str(start))

    def finished(self, epoch: int) -> int:
        """Epochs finished when ``epoch`` was evaluated."""
        return epoch - self.first_epoch + 1

    def curve(self, weights: Weights) -> dict[int, float]:
        """mIoU by number of epochs finished; epochs without a value are left out."""
        points = {self.finished(record.epoch): record.evaluation(weights).miou for record in self.epochs}
        return {finished: miou for finished, miou in points.items() if not math.isnan(miou)}

    def best(self, weights: Weights) -> BestEpoch | None:
        """The epoch with the highest mIoU, the first one of equals; None if these weights were never evaluated."""
        evaluated = [record for record in self.epochs if not math.isnan(record.evaluation(weights).miou)]
        if not evaluated:
            return None
        record = max(evaluated, key=lambda record: record.evaluation(weights).miou)
        evaluation = record.evaluation(weights)
        return BestEpoch(weights, record.epoch, self.finished(record.epoch), evaluation.miou, evaluation.iou)


def common_weights(groups: Mapping[str, Sequence[RunHistory]]) -> Weights:
    """The EMA teacher if every run has its mIoU, else the student if every run has that, else the teacher."""
    runs = [run for members in groups.values() for run in members]
    return "student" if all(run.best("student") for run in runs) and not all(run.best("ema") for run in runs) else "ema"


def origins(groups: Mapping[str, Sequence[RunHistory]]) -> list[dict[str, str | None]]:
    """Path and data set of every log, for the provenance of a result; a data set that a log does not name is None."""
    runs = [run for members in groups.values() for run in members]
    return [{"log": run.source, "dataset": run.config.get("data.dataset", run.config.get("dataset"))} for run in runs]


def folder_name(folder: Path) -> str:
    """Name of a run's folder, also for a relative path such as ``.``."""
    return resolved(folder).name if folder.name in ("", "..") else folder.name


def disambiguate(runs: Sequence[RunHistory]) -> list[RunHistory]:
    """The runs, with their paths as names where names are equal."""
    count = Counter(run.name for run in runs)
    return [replace(run, name=run.source) if count[run.name] > 1 else run for run in runs]


def fraction(percent: str) -> float:
    """A printed percentage as a fraction, correctly rounded: "87.92" gives the float nearest to 0.8792."""
    return float(Decimal(percent).scaleb(-2))
