"""Scales of the page's charts: where a value stands, and which values are marked on the axis."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pixcon_diag.statistics.spread import NAN

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
"""Steps between the marks of a linear axis, times a power of ten."""
TICKS = 6
"""Marks of an axis at most, about."""
ZERO = 0.09
"""Share of a logarithmic axis that lies between 0 and its smallest positive value."""


@dataclass(frozen=True)
class Scale:
    """A scale from values to positions."""

    low: float
    high: float
    """Values at the ends; ``low`` of a logarithmic scale is positive."""
    start: float
    end: float
    """Positions of the ends in the drawing."""
    log: bool = False
    zero: bool = False
    """Whether a logarithmic scale begins with a place for 0, apart from the rest."""

    def at(self, value: float) -> float:
        """The position of a value; NaN where it has none, as one below 0 on a logarithmic scale."""
        if not self.log:
            return self._between((value - self.low) / (self.high - self.low))
        if value == 0 and self.zero:
            return self.start
        if not value > 0:
            return NAN
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self._between(ZERO + (1 - ZERO) * share if self.zero else share)

    def apart(self, value: float) -> bool:
        """Whether a value has a place apart from the rest, to which no line leads."""
        return self.log and value == 0

    def _between(self, share: float) -> float:
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """The values marked on the axis, ascending."""
        if not self.log:
            return _linear_ticks(self.low, self.high)
        return [0.0] * self.zero + _log_ticks(self.low, self.high)


def scale_of(
    values: Iterable[float], start: float, end: float, *, log: bool = False, include: Iterable[float] = ()
) -> Scale | None:
    """The scale that shows all values.

    Args:
        values: those that are not finite do not count.
        start: position of the least value.
        end: position of the greatest.
        log: whether it is logarithmic: 0 then has a place of its own, and values below 0 have none.
        include: values to show besides, wherever any value is shown.

    Returns:
        None where no value can be shown.
    """
    shown = [value for value in values if math.isfinite(value)]
    if log:
        positive = [value for value in (*shown, *include) if value > 0]
        return _log_scale(positive, start, end, zero=0 in shown) if positive else None
    if not shown:
        return None
    shown += include
    low, high = min(shown), max(shown)
    room = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    bounds = {*include} if low < high else set()
    return Scale(low if low in bounds else low - room, high if high in bounds else high + room, start, end)


def _log_scale(positive: list[float], start: float, end: float, *, zero: bool) -> Scale:
    return Scale(min(positive) / 1.2, max(positive) * 1.2, start, end, log=True, zero=zero)


def _linear_ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in STEPS if factor * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, every so many that they fit; their double and fivefold too where there are few, and steps of one
    size within a decade."""
    if high < 10 * low:
        return _linear_ticks(low, high)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = [k for k in range(first, last + 1) if low <= 10.0**k <= high]
    if len(powers) < 3:
        ticks = [factor * 10.0**k for k in range(first, last + 1) for factor in (1, 2, 5)]
        return [tick for tick in ticks if low <= tick <= high]
    every = math.ceil(len(powers) / TICKS)
    return [10.0**k for k in powers if k % every == 0]


def number_text(value: float, digits: int = 4, *, sign: bool = False) -> str:
    """A number with so many significant digits, as short as can be; a dash if undefined."""
    if not math.isfinite(value):
        return "–"
    return f"{value:{'+' if sign else ''}.{digits}g}".replace("-", "−")
