"""One measurement of two groups: its difference with image noise and with seed noise, never mixed (section 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pixcon_diag.measures.pooling import PerImage
from pixcon_diag.measures.seeds import SeedNoise, seed_noise
from pixcon_diag.measures.uncertainty import ImageNoise, Statistic, paired_bootstrap
from pixcon_diag.serialization import Serializable
from pixcon_train.core.progress import Progress, silent

Unit = Literal["fraction", "number", "count"]


@dataclass(frozen=True)
class Quantity:
    """One measurement of some checkpoints."""

    measure: str
    unit: Unit
    higher_is_better: bool
    values: tuple[float, ...]
    """Of each checkpoint."""
    per_image: tuple[PerImage, ...] | None = None
    """Of each checkpoint, per-image statistics that pool into the value; None where they do not add up."""
    statistic: Statistic | None = None
    classes: tuple[tuple[int, ...], ...] | None = None
    """Of each checkpoint the classes that its value is a mean over; None for what is no mean over classes."""


@dataclass(frozen=True)
class ComparisonRow(Serializable):
    """The difference of one measurement, other − baseline."""

    measure: str
    unit: Unit
    higher_is_better: bool
    image_noise: ImageNoise | None
    """None where the measurement does not add up over images."""
    seed_noise: SeedNoise
    same_classes: bool = True
    """Whether all values are means over the same classes, or over none; otherwise the classes add to the difference."""


def compare(
    baseline: Sequence[Quantity],
    other: Sequence[Quantity],
    *,
    paired: bool = True,
    starts: Sequence[str] | None = None,
    seed: int = 0,
    draws: int = 1000,
    level: float = 0.95,
    progress: Progress = silent,
) -> list[ComparisonRow]:
    """A row for each measurement that both groups have, in the baseline's order.

    Every bootstrap draws the same images, from ``seed``. ``paired`` and ``starts`` are as of
    :func:`pixcon_diag.measures.seeds.seed_noise`.

    Raises:
        ConfigError: no draws, or a level outside (0, 1).
    """
    others = {quantity.measure: quantity for quantity in other}
    shared = [(first, others[first.measure]) for first in baseline if first.measure in others]
    rows = []
    for done, (first, second) in enumerate(shared):
        progress(done, len(shared))
        image_noise = _image_noise(first, second, seed, draws, level)
        noise = seed_noise(
            first.values,
            second.values,
            higher_is_better=first.higher_is_better,
            paired=paired,
            starts=starts,
            rng=np.random.default_rng(seed),
        )
        same_classes = len({*(first.classes or ()), *(second.classes or ())}) < 2
        rows.append(ComparisonRow(first.measure, first.unit, first.higher_is_better, image_noise, noise, same_classes))
    progress(len(shared), len(shared))
    return rows


def _image_noise(first: Quantity, second: Quantity, seed: int, draws: int, level: float) -> ImageNoise | None:
    """None where the measurement does not add up over images."""
    if first.per_image is None or second.per_image is None or first.statistic is None:
        return None
    return paired_bootstrap(
        first.per_image,
        second.per_image,
        first.statistic,
        rng=np.random.default_rng(seed),
        draws=draws,
        level=level,
    )
