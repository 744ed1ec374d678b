"""The power that a standard deviation leaves to a comparison: seeds needed and detectable differences."""

import math
from dataclasses import dataclass
from typing import Literal

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.intervals import Interval
from pixcon_diag.statistics.power import detectable, sd_interval, seeds_needed
from pixcon_diag.statistics.spread import mean

Score = Literal["best", "last", "last five"]
"""The mIoU of a run: of its best epoch, of its last one, or the mean of its last five."""


@dataclass(frozen=True)
class Needed:
    """Seeds per method that find an effect; None above 100,000."""

    effect: float
    seeds: int | None
    low: int | None
    """With the lower end of the interval of the standard deviation."""
    high: int | None


@dataclass(frozen=True)
class Detectable:
    """Difference that a number of seeds per method finds."""

    seeds: int
    difference: float
    low: float
    """With the lower end of the interval of the standard deviation."""
    high: float


@dataclass(frozen=True)
class Source(Serializable):
    """A standard deviation of the paired difference, and the power that follows."""

    kind: Literal["given", "pairs", "runs", "prior"]
    name: str
    score: Score | None
    """None for a given standard deviation."""
    sd: float
    """Of the paired difference of two runs, a fraction."""
    freedom: int | None
    """Degrees of freedom; None for a given standard deviation."""
    interval: Interval
    """NaN for a given standard deviation."""
    needed: tuple[Needed, ...]
    detectable: tuple[Detectable, ...]
    own: Detectable | None
    """What the user's number of seeds finds; None where the runs are not the user's."""


@dataclass(frozen=True)
class Plan:
    """Questions to a standard deviation."""

    effects: tuple[float, ...]
    """Differences of mIoU, fractions."""
    seeds: tuple[int, ...]
    """Numbers of seeds per method."""

    def source(
        self,
        kind: Literal["given", "pairs", "runs", "prior"],
        name: str,
        score: Score | None,
        sd: float,
        freedom: int | None,
        own: int | None = None,
    ) -> Source:
        """The power that follows from the standard deviation ``sd`` of the paired difference."""
        interval = sd_interval(sd, freedom or 0)
        return Source(
            kind=kind,
            name=name,
            score=score,
            sd=sd,
            freedom=freedom,
            interval=interval,
            needed=tuple(_needed(effect, sd, interval) for effect in self.effects),
            detectable=tuple(_detectable(seeds, sd, interval) for seeds in self.seeds),
            own=None if own is None else _detectable(own, sd, interval),
        )


def _needed(effect: float, sd: float, interval: Interval) -> Needed:
    low, high = (None if math.isnan(end) else seeds_needed(effect, end) for end in (interval.low, interval.high))
    return Needed(effect, seeds_needed(effect, sd), low, high)


def _detectable(seeds: int, sd: float, interval: Interval) -> Detectable:
    return Detectable(seeds, *(detectable(value, seeds) for value in (sd, interval.low, interval.high)))


PAPER_SDS = (0.0020, 0.0073, 0.0052, 0.0026)
"""Of the best epoch of three seeds each in Table 1: UniMatch V2 at 1/16 and 1/8, PixCon at 1/16 and 1/8."""
RESNET = "prior (ResNet)"
DINOV2 = "prior (DINOv2)"


def prior_sources(plan: Plan) -> tuple[Source, ...]:
    """Power from the standard deviations of other people's runs, taken as independent between the methods.

    ResNet: pooled over 13 settings of three runs in published logs on Pascal. DINOv2: :data:`PAPER_SDS`, the only ones
    known.
    """
    dinov2 = math.sqrt(mean([sd**2 for sd in PAPER_SDS]))
    known: tuple[tuple[str, Score, float, int], ...] = (
        (RESNET, "best", 0.0035, 26),
        (RESNET, "last", 0.0050, 26),
        (DINOV2, "best", dinov2, 8),
    )
    return tuple(plan.source("prior", name, score, math.sqrt(2) * sd, freedom) for name, score, sd, freedom in known)


def given_source(plan: Plan, sd: float) -> Source:
    """Power from a standard deviation of the paired difference that the user states."""
    return plan.source("given", "given with --sd", None, sd, None)
