"""Training dynamics: curves, best epochs, and how steadily one group of seeds leads another (Fig. 4, Sec. H.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pixcon_diag.logs.history import BestEpoch, RunHistory, Weights, disambiguate
from pixcon_diag.measures.sensitivity import recipe_keys
from pixcon_diag.statistics.run_seeds import RunSeed
from pixcon_diag.statistics.spread import NAN, mean, sample_std
from pixcon_train.core.errors import ConfigError


@dataclass(frozen=True)
class RunDynamics:
    """One run's curves; every tuple has one value per epoch of the log."""

    name: str
    """The source's name where it is unique, otherwise the path."""
    source: str
    classes: tuple[str, ...]
    """Names of the class IoUs, in order; empty where the log has none."""
    absent: Literal["skip", "zero"] | None
    """How a class in neither target nor prediction counted in the mIoU; None where the source does not state it."""
    epoch: tuple[int, ...]
    """As the source counts."""
    finished: tuple[int, ...]
    """Epochs finished: the axis that runs of different sources share."""
    ema_miou: tuple[float, ...]
    student_miou: tuple[float, ...]
    retention: tuple[float, ...]
    """Share of unlabeled pixels retained in training; ``mask_ratio`` in JSON."""
    losses: dict[str, tuple[float, ...]]
    threshold: tuple[float, ...]
    """Mean τ over the unlabeled pixels of the epoch; NaN where the log has none, as in the next four."""
    contamination: tuple[float, ...]
    """ρ_F of the retained pseudo-labels as they trained, among pixels with a known target."""
    replaced: tuple[float, ...]
    """Share of the retained pseudo-labels that noise replaced."""
    bank_contamination: tuple[float, ...]
    """Share of the bank's entries with a known target that were wrong when the epoch ended."""
    thresholds: dict[str, tuple[float, ...]]
    """τ by class when the epoch ended; empty where the log has none by class."""
    best_ema: BestEpoch | None
    """With the class IoUs of that epoch; None where the teacher was never evaluated."""
    best_student: BestEpoch | None
    note: str | None
    seed: RunSeed


@dataclass(frozen=True)
class Band:
    """Mean and spread over the seeds, at the epochs where every seed has a value; tuples are parallel."""

    finished: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    """Sample std (ddof 1) over seeds; NaN for a single one."""
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class GroupDynamics:
    """The seeds of one method."""

    name: str
    runs: tuple[RunDynamics, ...]
    band: Band
    varied: tuple[str, ...]
    """Keys of the configuration, the seed apart, in which the runs differ: if any, they are not just seeds."""


@dataclass(frozen=True)
class Lead:
    """One group's mean against the baseline's, at the epochs where every seed of both has a value."""

    baseline: str
    other: str
    same_classes: bool
    """Whether both have as many classes, as far as their logs state them; otherwise mIoUs are not compared."""
    finished: tuple[int, ...]
    margin: tuple[float, ...]
    """Mean of the other's seeds minus mean of the baseline's, as a fraction."""
    live: int
    """Epochs compared; the paper calls them all-live."""
    leads: int
    """How many of those have a positive margin."""
    ties: int
    mean_margin: float
    """NaN where no epoch is compared."""


@dataclass(frozen=True)
class DynamicsResult:
    """Groups of runs and how each compares with the first one."""

    weights: Weights
    """Whose mIoU bands and leads are about."""
    groups: tuple[GroupDynamics, ...]
    leads: tuple[Lead, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content."""
        return asdict(self, dict_factory=lambda pairs: {_JSON_KEYS.get(name, name): value for name, value in pairs})


_JSON_KEYS = {"retention": "mask_ratio"}
"""Keys in saved results that differ from the attribute."""


def dynamics(groups: Mapping[str, Sequence[RunHistory]], weights: Weights = "ema") -> DynamicsResult:
    """Curves and bands of each group, and each later group's lead over the first one.

    A seed is live at an epoch if its mIoU is known there: not after early stopping, nor at an epoch without validation.
    Means are given over the all-live window only; beyond it they would jump whenever a seed ends.

    Args:
        groups: runs by method, the baseline first; the runs of a method are its seeds.
        weights: whose mIoU is compared. Logs of labeled-only runs hold only ``student``.

    Raises:
        ConfigError: no group, a group without a run, or one whose runs have different numbers of classes.

    Example:
        >>> from pixcon_diag.logs.history import EpochRecord, Evaluation
        >>> def run(*values):
        ...     epochs = [EpochRecord(i, Evaluation(), Evaluation(v), 0.9, {}) for i, v in enumerate(values)]
        ...     return RunHistory("run", "run.log", "unimatch", (), 0, tuple(epochs))
        >>> lead = dynamics({"none": [run(0.5, 0.6, 0.7)], "clean": [run(0.6, 0.5)]}).leads[0]
        >>> lead.live, lead.leads
        (2, 1)
    """
    if not groups or not all(groups.values()):
        raise ConfigError("Training dynamics need at least one group, and a run in each. Give run folders or logs.")
    apart = iter(disambiguate([run for runs in groups.values() for run in runs]))
    described = tuple(_group(name, [next(apart) for _ in runs], weights) for name, runs in groups.items())
    return DynamicsResult(weights, described, tuple(_lead(described[0], other) for other in described[1:]))


def _group(name: str, runs: Sequence[RunHistory], weights: Weights) -> GroupDynamics:
    curves = [run.curve(weights) for run in runs]
    varied = tuple(key for key in recipe_keys(runs) if any(run.config[key] != runs[0].config[key] for run in runs))
    group = GroupDynamics(name, tuple(_run(run) for run in runs), band(curves), varied)
    if len(_class_counts(group)) > 1:
        counts = ", ".join(f"{run.name} ({len(run.classes)})" for run in runs)
        raise ConfigError(
            f"The runs of '{name}' have different numbers of classes: {counts}. Seeds of a method are runs on one data "
            "set; name the others as groups of their own."
        )
    return group


def _class_counts(*groups: GroupDynamics) -> set[int]:
    """Numbers of classes in the runs' logs. Names cannot be compared, as trainers spell them differently."""
    return {len(run.classes) for group in groups for run in group.runs if run.classes}


def band(curves: Sequence[Mapping[int, float]]) -> Band:
    """Mean, std, least and greatest of ``curves`` (value by epochs finished) over their common epochs."""
    finished = sorted(set.intersection(*(set(curve) for curve in curves)))
    values = [[curve[epoch] for curve in curves] for epoch in finished]
    return Band(
        finished=tuple(finished),
        mean=tuple(mean(row) for row in values),
        std=tuple(sample_std(row) for row in values),
        low=tuple(min(row) for row in values),
        high=tuple(max(row) for row in values),
    )


def _run(run: RunHistory) -> RunDynamics:
    names = dict.fromkeys(name for record in run.epochs for name in record.losses)
    limited = dict.fromkeys(name for record in run.epochs for name in record.thresholds)
    return RunDynamics(
        name=run.name,
        source=run.source,
        classes=run.classes,
        absent=run.absent,
        epoch=tuple(record.epoch for record in run.epochs),
        finished=tuple(run.finished(record.epoch) for record in run.epochs),
        ema_miou=tuple(record.ema.miou for record in run.epochs),
        student_miou=tuple(record.student.miou for record in run.epochs),
        retention=tuple(record.retention for record in run.epochs),
        losses={name: tuple(record.losses.get(name, NAN) for record in run.epochs) for name in names},
        threshold=tuple(record.threshold for record in run.epochs),
        contamination=tuple(record.contamination for record in run.epochs),
        replaced=tuple(record.replaced for record in run.epochs),
        bank_contamination=tuple(record.bank_contamination for record in run.epochs),
        thresholds={name: tuple(record.thresholds.get(name, NAN) for record in run.epochs) for name in limited},
        best_ema=run.best("ema"),
        best_student=run.best("student"),
        note=run.note,
        seed=run.seed,
    )


def _lead(baseline: GroupDynamics, other: GroupDynamics) -> Lead:
    means = [dict(zip(group.band.finished, group.band.mean, strict=True)) for group in (baseline, other)]
    same_classes = len(_class_counts(baseline, other)) <= 1
    finished = sorted(means[0].keys() & means[1].keys()) if same_classes else []
    margin = [means[1][epoch] - means[0][epoch] for epoch in finished]
    return Lead(
        baseline=baseline.name,
        other=other.name,
        same_classes=same_classes,
        finished=tuple(finished),
        margin=tuple(margin),
        live=len(margin),
        leads=sum(value > 0 for value in margin),
        ties=sum(value == 0 for value in margin),
        mean_margin=mean(margin),
    )
