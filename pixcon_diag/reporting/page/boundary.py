"""Error against the width of the boundary band, and the difference from the baseline."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from pixcon_diag.analyses.boundary import PARTS, boundaries
from pixcon_diag.analyses.boundary_counts import MeasuredBoundary
from pixcon_diag.reporting.page.charts import Axis, Mark, Point, Series, grid, legend, line_chart
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.statistics.intervals import pooled_interval
from pixcon_diag.statistics.spread import NAN, quotients
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Table

TITLES = {"band": "In the boundary band", "interior": "In the interior"}
MEASURES = {"band": "boundary error", "interior": "interior error"}
"""Names of the errors in ``compare``."""
APART, REACH = 5.0, 28.0
"""Distance between the intervals of two methods at one width, and of all of them at most."""


class _Group(NamedTuple):
    """A method with the counts of its seeds."""

    name: str
    members: list[MeasuredBoundary]


def section(context: Context) -> Section | None:
    """The errors of every method; None where they were not measured."""
    if "boundary" not in context.results:
        return None
    groups: dict[str, list[MeasuredBoundary]] = {}
    for member in boundaries(context.methods):
        groups.setdefault(member.group, []).append(member)
    looks = context.looks()
    curves = [_curves([_Group(*group) for group in groups.items()], part, looks) for part in PARTS]
    body = Markup("{}{}<p class=note>{}</p>{}{}").format(
        legend((name, looks[name]) for name in groups) if len(groups) > 1 else "",
        grid(curves),
        "Bars: 95 % interval over images, for fixed weights; a method with several seeds is the mean over them.",
        context.variants(lambda baseline, results: _differences(baseline, results, looks)),
        _tables(context.results["boundary"].tables),
    )
    return Section(
        "boundary", "Boundary", "How many pixels are wrong near the boundaries of objects, and inside.", body
    )


def _tables(tables: Sequence[Table]) -> Markup:
    """The errors; and each method beside the baseline, on demand where they are many."""
    rates, *pairs = map(table_html, tables)
    beside = Markup("").join(pairs)
    return rates + (beside if len(pairs) <= 1 else fold("Each method beside the baseline (layout of Table 7)", beside))


def _curves(groups: Sequence[_Group], part: str, looks: Mapping[str, int]) -> Markup:
    """The error in one part of the images over the width, a curve per method."""
    widths = groups[0].members[0].result.options.widths
    curves = [
        Series(group.name, list(_errors(group, part)), looks[group.name], shift=shift(k, len(groups)))
        for k, group in enumerate(groups)
    ]
    return line_chart(TITLES[part], _widths(widths), Axis("wrong pixels, %", include=(0,)), curves)


def _errors(group: _Group, part: str) -> Iterator[Point]:
    """The error at each width with its interval over images, in per cent."""
    for index, width in enumerate(group.members[0].result.options.widths):
        counts = np.stack([_counts(member, index, part) for member in group.members], 1)
        error = float(_mean_error(counts.sum(0)[None])[0])
        interval = pooled_interval(counts, _mean_error)
        yield Point(width, 100 * error, 100 * interval.low, 100 * interval.high)


def _counts(member: MeasuredBoundary, index: int, part: str) -> np.ndarray:
    """(I, 2): pixels and wrong pixels of each image in one part, for one width."""
    counts = member.result.counts
    inside: np.ndarray = counts[:, index]
    return inside if part == "band" else counts[:, -1] - inside


def _mean_error(pooled: np.ndarray) -> np.ndarray:
    """Mean over seeds of the error, from counts (R, seeds, 2)."""
    errors: np.ndarray = quotients(pooled[..., 1], pooled[..., 0]).mean(-1)
    return errors


def _differences(baseline: str, results: Mapping[str, Result], looks: Mapping[str, int]) -> Markup | None:
    """Δ of the error over the width, a curve per other method; None where nothing is compared with the baseline."""
    comparisons = results["compare"].content["comparisons"] if "compare" in results else []
    charts = [_difference(baseline, comparisons, part, looks) for part in PARTS]
    if not any(charts):
        return None
    about = Markup(
        "<h3>Difference from {}</h3><p class=note>Δ = method − {}: below 0 the method is better. Bars: 95 % of paired "
        "bootstrap draws over images.</p>"
    ).format(baseline, baseline)
    return about + grid(charts)


def _difference(baseline: str, comparisons: Sequence[Mapping[str, Any]], part: str, looks: Mapping[str, int]) -> Markup:
    """Δ of the error in one part."""
    curves = [
        Series(name, points, looks[name], shift=shift(k, len(comparisons)))
        for k, comparison in enumerate(comparisons)
        for name, points in [(comparison["other"], list(_deltas(comparison, part)))]
    ]
    widths = sorted({round(point.x) for curve in curves for point in curve.points})
    y = Axis("Δ wrong pixels, points (↓ better)", include=(0,))
    return line_chart(f"{TITLES[part]}: Δ from {baseline}", _widths(widths), y, curves, [Mark(0, "", "y")])


def _deltas(comparison: Mapping[str, Any], part: str) -> Iterator[Point]:
    """Δ at each width, with its interval over images, in points."""
    for row in comparison["rows"]:
        name, _, width = row["measure"].partition(", ")
        if name == MEASURES[part]:
            noise = row["image_noise"] or {"low": NAN, "high": NAN}
            delta = row["seed_noise"]["difference"]
            yield Point(int(width.removesuffix(" px")), 100 * delta, 100 * noise["low"], 100 * noise["high"])


def _widths(widths: Sequence[int]) -> Axis:
    return Axis("width of the band, px", ticks=tuple((width, str(width)) for width in widths))


def shift(index: int, count: int) -> float:
    """How far a series is moved to the right, so that the intervals of several stand beside each other."""
    return min(APART, REACH / count) * (index - (count - 1) / 2)
