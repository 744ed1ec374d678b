"""Means, ratios and spreads over seeds; NaN if undefined."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NAN = float("nan")


@dataclass(frozen=True)
class Spread:
    """A mean over seeds and its sample standard deviation (NaN for one seed, then not shown)."""

    mean: float
    std: float


def quotient(part: float, total: float) -> float:
    """part / total; NaN if total is 0."""
    return float(part) / float(total) if total else NAN


def quotients(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    """part / total elementwise in float64; NaN if total is 0."""
    shape = np.broadcast_shapes(np.shape(part), np.shape(total))
    result: np.ndarray = np.divide(part, total, out=np.full(shape, NAN), where=np.asarray(total) != 0)
    return result


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; NaN over an empty sequence."""
    return math.fsum(values) / len(values) if values else NAN


def sample_std(values: Sequence[float]) -> float:
    """Standard deviation with n − 1 in the denominator (ddof 1); NaN for fewer than two values."""
    if len(values) < 2:
        return NAN
    center = mean(values)
    return math.sqrt(math.fsum((value - center) ** 2 for value in values) / (len(values) - 1))


def by_start(values: Sequence[float], starts: Sequence[object]) -> list[float]:
    """Values of runs that may be taken as independent: the mean of each start's, in the order in which they occur.

    Forks of one checkpoint share its first epochs. If all values have one start, they are independent given that start,
    and are returned as they are.
    """
    members: dict[object, list[float]] = {}
    for value, start in zip(values, starts, strict=True):
        members.setdefault(start, []).append(value)
    return [mean(each) for each in members.values()] if len(members) > 1 else list(values)


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation (ddof 1) over seeds; undefined if a value is."""
    return Spread(mean(values), sample_std(values))


def seeds_note(sizes: Sequence[int]) -> str:
    """The note on ± for groups of these numbers of seeds."""
    if max(sizes, default=0) < 2:
        return "One seed each: the spread over seeds is unknown."
    return "mean ± sample standard deviation over seeds (" + ", ".join(map(str, sizes)) + ")."
