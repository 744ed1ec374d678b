"""IoU per class of two methods over their seeds (Table 6, Fig. 12, Sec. H.2)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import NAN, mean, sample_std
from pixcon_train.core.errors import ConfigError

SeedIoU = Sequence[Sequence[float]]
"""IoU by seed and class, fractions; NaN for a class in neither target nor prediction."""


@dataclass(frozen=True)
class ClassRow:
    """One class."""

    index: int
    name: str
    baseline: float
    """Mean IoU over the baseline's seeds; NaN where it is undefined in one of them."""
    other: float
    delta: float
    """other − baseline."""
    delta_std: float
    """Sample std (ddof 1) of the per-seed deltas; NaN for one seed, or where seeds are not paired."""
    seed_deltas: tuple[float, ...]
    """Per pair of seeds; empty where they are not paired."""
    improved: int
    """Pairs of seeds with a positive delta."""

    @property
    def improves_on_all(self) -> bool:
        """Whether every pair of seeds has a positive delta."""
        return bool(self.seed_deltas) and self.improved == len(self.seed_deltas)


@dataclass(frozen=True)
class PerClassResult(Serializable):
    """Every class, hardest for the baseline first; undefined ones last."""

    rows: tuple[ClassRow, ...]
    baseline_seeds: int
    other_seeds: int
    paired: bool
    """Whether the i-th seeds of both are a pair."""
    mean: ClassRow
    """Each seed's mIoU, the mean over its classes with an IoU: the last line of Table 6, and the mIoU reported
    everywhere else."""
    common: ClassRow | None
    """Mean over the classes that have an IoU in every seed of both methods; None where every seed has an IoU of the
    same classes, as it is the mIoU then."""
    improved_on_all: tuple[str, ...]
    """Classes that improve in every pair of seeds."""
    worsened_on_all: tuple[str, ...]
    undefined: tuple[str, ...]
    """Classes without an IoU in some seed: they have no delta."""


def per_class(classes: Sequence[str], baseline: SeedIoU, other: SeedIoU, *, paired: bool = True) -> PerClassResult:
    """Mean IoU per class over the seeds of each method, the difference, and its consistency over seeds.

    Args:
        classes: K names in class order.
        baseline: (seeds, K) IoUs of the baseline.
        other: (seeds, K) IoUs of the other method.
        paired: whether the i-th seeds of both are a pair, if there are equally many.

    Raises:
        ConfigError: a method without a seed, or a seed without one IoU per class.

    Example:
        >>> result = per_class(["road", "car"], [[0.9, 0.5], [0.9, 0.7]], [[0.9, 0.6], [0.9, 0.8]])
        >>> [row.name for row in result.rows], result.improved_on_all
        (['car', 'road'], ('car',))
    """
    for name, seeds in (("baseline", baseline), ("other method", other)):
        _check(name, seeds, len(classes))
    paired = paired and len(baseline) == len(other)
    rows = [
        _row(k, name, [s[k] for s in baseline], [s[k] for s in other], paired=paired) for k, name in enumerate(classes)
    ]
    common = [row.index for row in rows if not math.isnan(row.delta)]
    methods = (baseline, other)
    uneven = any(len(_defined(seed)) != len(common) for seeds in methods for seed in seeds)
    return PerClassResult(
        # The sort is stable: ties stay in class order.
        rows=tuple(sorted(rows, key=lambda row: (1.0, 0.0) if math.isnan(row.delta) else (0.0, row.baseline))),
        baseline_seeds=len(baseline),
        other_seeds=len(other),
        paired=paired,
        mean=_row(-1, "mIoU", *([mean(_defined(s)) for s in seeds] for seeds in methods), paired=paired),
        common=_row(
            -1,
            f"mean of {len(common)} classes",
            *([mean([s[k] for k in common]) for s in seeds] for seeds in methods),
            paired=paired,
        )
        if uneven
        else None,
        improved_on_all=tuple(row.name for row in rows if row.improves_on_all),
        worsened_on_all=tuple(row.name for row in rows if row.seed_deltas and all(d < 0 for d in row.seed_deltas)),
        undefined=tuple(row.name for row in rows if math.isnan(row.delta)),
    )


def _defined(seed: Sequence[float]) -> list[float]:
    """The IoUs of the classes that have one."""
    return [value for value in seed if not math.isnan(value)]


def _check(name: str, seeds: SeedIoU, num_classes: int) -> None:
    """Raise where there is no seed, or one of another number of classes."""
    if not seeds:
        raise ConfigError(f"The {name} has no run: give at least one for each of the two methods.")
    for number, values in enumerate(seeds, 1):
        if len(values) != num_classes:
            raise ConfigError(
                f"Run {number} of the {name} has {len(values)} class IoUs, expected {num_classes}. "
                "Are all runs on the same data set, and does the log hold class IoUs?"
            )


def _row(index: int, name: str, baseline: Sequence[float], other: Sequence[float], *, paired: bool) -> ClassRow:
    """One class from its IoUs by seed."""
    deltas = [b - a for a, b in zip(baseline, other, strict=True)] if paired else []
    if any(math.isnan(value) for value in (*baseline, *other)):
        deltas = []
    return ClassRow(
        index=index,
        name=name,
        baseline=mean(baseline),
        other=mean(other),
        delta=mean(other) - mean(baseline),
        delta_std=sample_std(deltas) if deltas else NAN,
        seed_deltas=tuple(deltas),
        improved=sum(delta > 0 for delta in deltas),
    )
