"""Forest plots of the page: values with intervals, a line each, below one another."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from pixcon_diag.reporting.page.charts import LETTER, WIDTH, color_class, figure, label, line, marker
from pixcon_diag.reporting.page.scales import Scale, number_text, scale_of

LEFT, RIGHT = 8, 206
"""Ends of the plot; the texts stand on its right."""
LINE, RINGS, HEAD = 16, 9, 22
"""Heights of a value, of its seeds, and of a row's label."""


class Estimate(NamedTuple):
    """A value with its interval; NaN bounds where it has none, which a hollow mark shows."""

    name: str
    look: int
    value: float
    low: float
    high: float
    text: str
    """Shown beside it."""
    kind: str = ""
    """Class of that text, such as its colour."""
    about: str = ""
    """Shown on hovering."""
    rings: tuple[float, ...] = ()
    """Values of single seeds, shown below it."""


class Row(NamedTuple):
    """Estimates of one quantity."""

    label: str
    """Empty: the title says it."""
    remark: str
    estimates: Sequence[Estimate]


def forest(title: str, axis: str, rows: Sequence[Row], include: tuple[float, ...] = (0.0,)) -> Markup:
    """Rows of estimates on one axis, with a line at 0; nothing where no value can be shown.

    Args:
        title: a phrase, shown above.
        axis: what the axis shows.
        rows: from top to bottom.
        include: values that the axis shows besides.
    """
    values = [value for row in rows for one in row.estimates for value in (one.value, one.low, one.high, *one.rings)]
    scale = scale_of(values, LEFT, RIGHT, include=include)
    if scale is None:
        return Markup("")
    bottom = 6 + sum(map(_height, rows))
    parts = [*_axis(scale, bottom, axis), *_rows(scale, rows)]
    return figure(title, f"{title}: {', '.join(row.label for row in rows if row.label)}", bottom + 36, parts)


def _height(row: Row) -> int:
    return HEAD * bool(row.label) + sum(LINE + RINGS * bool(one.rings) for one in row.estimates)


def _axis(scale: Scale, bottom: float, text: str) -> Iterator[Markup]:
    """A line at each mark, and the numbers of as many as fit; 0 is among them."""
    ticks = scale.ticks()
    texts = [number_text(tick, 6) for tick in ticks]
    apart = scale.at(ticks[1]) - scale.at(ticks[0]) if len(ticks) > 1 else RIGHT - LEFT
    every = math.ceil(LETTER * (max(map(len, texts)) + 1) / apart)
    first = ticks.index(0) if 0 in ticks else 0
    for k, (value, written) in enumerate(zip(ticks, texts, strict=True)):
        at = scale.at(value)
        yield line(at, 0, at, bottom, "axis" if value == 0 else "grid")
        if (k - first) % every == 0 and at >= LETTER * len(written) / 2:
            yield label(at, bottom + 14, written, "middle")
    yield line(LEFT, bottom, RIGHT, bottom, "axis")
    yield label(LEFT, bottom + 30, text, kind="soft")


def _rows(scale: Scale, rows: Sequence[Row]) -> Iterator[Markup]:
    top = 0
    for row in rows:
        if row.label:
            top += HEAD
            yield label(LEFT, top - 4, row.label, kind="strong")
            yield label(WIDTH, top - 4, row.remark, "end", "soft")
        for one in row.estimates:
            yield _estimate(scale, one, top + LINE / 2)
            top += LINE + RINGS * bool(one.rings)


def _estimate(scale: Scale, one: Estimate, middle: float) -> Markup:
    """A bar, its mark and its text; the seeds below as rings."""
    bounded = math.isfinite(one.low) and math.isfinite(one.high)
    parts = [line(scale.at(one.low), middle, scale.at(one.high), middle, "bar")] if bounded else []
    if math.isfinite(one.value):
        parts.append(marker(scale.at(one.value), middle, one.look, one.about, hollow=not bounded))
    parts += [
        _ring(scale.at(value), middle + LINE / 2 + 1, f"{one.name}, a seed: {number_text(value)}")
        for value in one.rings
    ]
    drawn = Markup('<g class="{}" data-series="{}">{}</g>').format(
        color_class(one.look), one.name, Markup("").join(parts)
    )
    return drawn + label(WIDTH, middle + 4, one.text, "end", one.kind)


def _ring(x: float, y: float, text: str) -> Markup:
    return Markup("<circle class=ring cx={:.1f} cy={:.1f} r=2.4><title>{}</title></circle>").format(x, y, text)
