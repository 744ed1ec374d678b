"""Charts of the page: SVG drawn from numbers, in the page's colours, with a title on every mark.

A chart is :data:`WIDTH` units wide, about a telephone's screen, so that its text is no smaller there than in the page.
Lines differ in colour, dashes and marks.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from markupsafe import Markup

from pixcon_diag.reporting.page.scales import Scale, number_text, scale_of
from pixcon_diag.statistics.spread import NAN

WIDTH, HEIGHT = 340, 220
LETTER = 7.0
"""Width of a letter, about."""
COLORS = 6
DASHES = ("", "7 3", "2 3", "8 3 2 3")
MARKERS = (
    "M-3.5 0A3.5 3.5 0 1 0 3.5 0A3.5 3.5 0 1 0 -3.5 0Z",
    "M-3.2-3.2H3.2V3.2H-3.2Z",
    "M0-4.6L4.6 0L0 4.6L-4.6 0Z",
    "M0-4.4L4.2 3.4H-4.2Z",
    "M0 4.4L4.2-3.4H-4.2Z",
    "M-4.6-1.5H-1.5V-4.6H1.5V-1.5H4.6V1.5H1.5V4.6H-1.5V1.5H-4.6Z",
    "M-4-2.2L0-4.6L4-2.2L2.6 4H-2.6Z",
)
MARKED = 12
"""Points of a line from which on only some carry a mark."""
NAME = 40
"""Letters of a name on a drawing at most; its title has all of them."""

Interval = Literal["bars", "band"]


class Point(NamedTuple):
    """A point, and the interval of its y; NaN bounds where it has none."""

    x: float
    y: float
    low: float = NAN
    high: float = NAN
    text: str = ""
    """Shown on hovering; empty: its numbers."""


@dataclass(frozen=True)
class Series:
    """Points of one kind."""

    name: str
    points: Sequence[Point]
    look: int = 0
    """Its colour, dashes and mark."""
    interval: Interval = "bars"
    line: bool = True
    """Whether the points are joined; an undefined one breaks the line."""
    marks: bool = True
    hollow: bool = False
    quiet: bool = False
    """Whether it is a dotted grey line, as of a law, and no method's."""
    label: str = ""
    """Text at its last point."""
    shift: float = 0.0
    """By how much it is drawn to the right, so that intervals at one x do not cover each other."""


@dataclass(frozen=True)
class Axis:
    """An axis."""

    label: str
    log: bool = False
    include: tuple[float, ...] = ()
    """Values that it shows besides those of the points."""
    ticks: tuple[tuple[float, str], ...] = ()
    """Values that are marked, and their texts; none: round numbers."""


class Mark(NamedTuple):
    """A value of x or y to which a line is drawn."""

    at: float
    label: str = ""
    axis: Literal["x", "y"] = "x"


@dataclass(frozen=True)
class Frame:
    """The area of a chart between its axes."""

    x: Scale
    y: Scale


def line_chart(title: str, x: Axis, y: Axis, series: Sequence[Series], marks: Sequence[Mark] = ()) -> Markup:
    """A chart of y over x; nothing where no point can be shown.

    Args:
        title: a phrase, shown above.
        x: horizontal axis; y: vertical axis.
        series: in the order of drawing.
        marks: values of x or y to which lines are drawn behind the points.
    """
    frame = _frame(x, y, series)
    if frame is None:
        return Markup("")
    parts = (
        _x_axis(frame, x),
        _y_axis(frame, y),
        *(_mark(frame, mark) for mark in marks),
        *(_series(frame, one) for one in series),
    )
    names = ", ".join(one.name for one in series if one.name)
    return figure(title, f"{title}: {y.label} over {x.label}. {names}", HEIGHT, parts)


def figure(title: str, label: str, height: float, parts: Iterable[Markup]) -> Markup:
    """A drawing of :data:`WIDTH` by ``height`` with a caption; ``label`` is what a screen reader says."""
    return Markup(
        '<figure class=chart><figcaption>{}</figcaption><svg viewBox="0 0 {} {:.0f}" role="img" aria-label="{}">'
        "{}</svg></figure>"
    ).format(title, WIDTH, height, label, Markup("").join(parts))


def grid(charts: Iterable[Markup]) -> Markup:
    """Charts side by side where there is room."""
    return Markup("<div class=charts>{}</div>").format(Markup("").join(charts))


def legend(entries: Iterable[tuple[str, int]]) -> Markup:
    """The looks of some names, for all charts around it."""
    items = Markup("").join(
        Markup('<li><svg viewBox="0 0 34 12" aria-hidden=true>{}</svg>{}</li>').format(
            Markup('<g class="{}"><path class=line {} d="M1 6H33"/>{}</g>').format(
                color_class(look), _dashes(look), marker(17, 6, look)
            ),
            name,
        )
        for name, look in entries
    )
    return Markup('<ul class=legend aria-label="Legend">{}</ul>').format(items)


def color_class(look: int) -> str:
    """The class of a look's colour."""
    return f"series-{look % COLORS + 1}"


def marker(x: float, y: float, look: int, text: str = "", *, hollow: bool = False) -> Markup:
    """A mark at a position, with what hovering shows."""
    title = Markup("<title>{}</title>").format(text) if text else Markup("")
    kind = "mark hollow" if hollow else "mark"
    return Markup('<path class="{}" transform="translate({:.1f} {:.1f})" d="{}">{}</path>').format(
        kind, x, y, MARKERS[look % len(MARKERS)], title
    )


def label(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> Markup:
    """A text at a position; a long one loses its middle, and an empty one is none."""
    if not text:
        return Markup("")
    short = shorten(text)
    title = Markup("<title>{}</title>").format(text) if short != text else Markup("")
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor={}{}>{}{}</text>').format(
        x, y, anchor, Markup(" class={}").format(kind) if kind else "", short, title
    )


def shorten(text: str, limit: int = NAME) -> str:
    """``text`` in at most ``limit`` characters; a longer one loses its middle."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight line."""
    return Markup('<path class={} d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>').format(kind, x1, y1, x2, y2)


def _frame(x: Axis, y: Axis, series: Sequence[Series]) -> Frame | None:
    """The area between the axes, beside the texts of the vertical one."""
    points = [point for one in series for point in one.points if math.isfinite(point.y)]
    heights = [value for point in points for value in (point.y, point.low, point.high)]
    vertical = scale_of(heights, HEIGHT - 36, 22, log=y.log, include=y.include)
    if vertical is None:
        return None
    left = 10 + LETTER * max(len(text) for _, text in _ticks(vertical, y))
    horizontal = scale_of((point.x for point in points), left, WIDTH - 12, log=x.log, include=x.include)
    return None if horizontal is None else Frame(horizontal, vertical)


def _ticks(scale: Scale, axis: Axis) -> list[tuple[float, str]]:
    """Values that are marked, and their texts."""
    return [*axis.ticks] or [(value, number_text(value, 6)) for value in scale.ticks()]


def _x_axis(frame: Frame, axis: Axis) -> Markup:
    """Marks below the chart; of texts that would overlap only the first is set."""
    bottom, free, parts = frame.y.start, 0.0, [line(frame.x.start, frame.y.start, frame.x.end, frame.y.start, "axis")]
    for value, text in _ticks(frame.x, axis):
        at, half = frame.x.at(value), LETTER * len(text) / 2
        parts.append(line(at, bottom, at, bottom + 4, "axis"))
        middle = min(max(at, half), WIDTH - half)
        if middle - half >= free:
            parts.append(label(middle, bottom + 16, text, "middle"))
            free = middle + half + LETTER
    parts.append(label(frame.x.end, HEIGHT - 4, axis.label, "end", "soft"))
    return Markup("").join(parts)


def _y_axis(frame: Frame, axis: Axis) -> Markup:
    left, parts = frame.x.start, [label(0, 12, axis.label, "start", "soft")]
    for value, text in _ticks(frame.y, axis):
        at = frame.y.at(value)
        parts += [line(left, at, frame.x.end, at, "grid"), label(left - 5, at + 4, text, "end")]
    return Markup("").join(parts)


def _mark(frame: Frame, mark: Mark) -> Markup:
    if mark.axis == "y":
        at = frame.y.at(mark.at)
        return line(frame.x.start, at, frame.x.end, at, "rule") + label(frame.x.end, at - 4, mark.label, "end", "soft")
    at = frame.x.at(mark.at)
    late = at > (frame.x.start + frame.x.end) / 2
    text = label(at - 4 if late else at + 4, frame.y.end + 10, mark.label, "end" if late else "start", "soft")
    return line(at, frame.y.start, at, frame.y.end, "rule") + text


def _series(frame: Frame, series: Series) -> Markup:
    """A series with its intervals behind it."""
    placed = [(point, frame.x.at(point.x), frame.y.at(point.y)) for point in series.points]
    parts = [_band(frame, series.points)] if series.interval == "band" else [_bars(frame, series.points)]
    if series.line:
        joined = ((NAN if frame.x.apart(at.x) or frame.y.apart(at.y) else left, top) for at, left, top in placed)
        dashes = Markup('stroke-dasharray="2 3"') if series.quiet else _dashes(series.look)
        parts.append(Markup('<path class=line {} d="{}"/>').format(dashes, _path(joined)))
    shown = [one for one in placed if _finite(*one[1:])]
    if series.marks:
        parts += [
            marker(left, top, series.look, point.text or _text(series.name, point), hollow=series.hollow)
            for point, left, top in _some(shown)
        ]
    if series.label and shown:
        parts.append(_direct_label(frame, series.label, *shown[-1][1:]))
    return Markup('<g class="{}" data-series="{}"{}>{}</g>').format(
        "quiet" if series.quiet else color_class(series.look),
        series.name,
        _shifted(series.shift),
        Markup("").join(parts),
    )


def _direct_label(frame: Frame, text: str, left: float, top: float) -> Markup:
    """A text beside a point, on the side with more room."""
    late = left > (frame.x.start + frame.x.end) / 2
    return label(left - 8 if late else left + 8, top + 4, text, "end" if late else "start")


def _shifted(shift: float) -> Markup:
    return Markup(' transform="translate({:.1f} 0)"').format(shift) if shift else Markup("")


def _some(placed: list[tuple[Point, float, float]]) -> list[tuple[Point, float, float]]:
    """The points that carry a mark: all of a few, else evenly spaced ones and the last."""
    every = math.ceil(len(placed) / MARKED)
    return placed if every <= 1 else [*placed[:-1:every], placed[-1]]


def _text(name: str, point: Point) -> str:
    """A point in words."""
    bounds = f" ({number_text(point.low)} to {number_text(point.high)})" if _finite(point.low, point.high) else ""
    return f"{name}: {number_text(point.x)}, {number_text(point.y)}{bounds}"


def _bars(frame: Frame, points: Sequence[Point]) -> Markup:
    bounds = ((frame.x.at(point.x), frame.y.at(point.low), frame.y.at(point.high)) for point in points)
    return Markup("").join(line(at, low, at, high, "bar") for at, low, high in bounds if _finite(at, low, high))


def _band(frame: Frame, points: Sequence[Point]) -> Markup:
    """The area between the bounds; a point without any is passed over."""
    bounds = [(frame.x.at(point.x), frame.y.at(point.low), frame.y.at(point.high)) for point in points]
    bounds = [one for one in bounds if _finite(*one)]
    if not bounds:
        return Markup("")
    outline = [(at, low) for at, low, _ in bounds] + [(at, high) for at, _, high in reversed(bounds)]
    return Markup('<path class=band d="{}Z"/>').format(_path(outline))


def _path(points: Iterable[tuple[float, float]]) -> str:
    """Points joined by lines, with a gap at those that have no position."""
    text, joined = "", False
    for left, top in points:
        if _finite(left, top):
            text += f"{'L' if joined else 'M'}{left:.1f} {top:.1f}"
        joined = _finite(left, top)
    return text


def _dashes(look: int) -> Markup:
    dashes = DASHES[look % len(DASHES)]
    return Markup('stroke-dasharray="{}"').format(dashes) if dashes else Markup("")


def _finite(*values: float) -> bool:
    return all(map(math.isfinite, values))
