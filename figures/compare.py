"""Differences from the baseline with image noise and seed noise: a forest plot."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pixcon_figures.palette import color, ink, marker
from pixcon_figures.saved import Content, number, numbers, wrap
from pixcon_figures.style import NARROW, explain, footnote, new_figure

UNITS = {"fraction": (100, "points"), "number": (1, ""), "count": (1, "classes")}
"""Display factor of a difference, and its unit."""
ROW = 0.24
"""Height of a measure of one comparison, in inches."""
NO_INTERVAL = "x"
"""Mark of a difference without an interval: thin, as nothing says how certain it is."""
REACH = 0.3
"""Offset of the outermost comparison from the line of its measure."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``compare``: other − baseline per measure, a panel per unit; measures in the order of the result.

    Interval: image noise; filled point: the difference; cross: a difference without an interval; hollow points: the
    differences of single seeds.
    """
    comparisons = content["comparisons"]
    rows = {unit: _measures(comparisons, unit) for unit in UNITS}
    rows = {unit: measures for unit, measures in rows.items() if measures}
    counts = [len(measures) for measures in rows.values()] or [1]
    height = 1.0 + 0.5 * len(counts) + ROW * sum(counts) * max(1.0, 0.7 * len(comparisons))
    figure = new_figure(1.6 * NARROW, height)
    panels = figure.subplots(len(counts), 1, squeeze=False, height_ratios=counts)[:, 0]
    for panel, (unit, measures) in zip(panels, rows.items(), strict=False):
        for index, comparison in enumerate(comparisons):
            for row in comparison["rows"]:
                if row["unit"] == unit:
                    _row(panel, row, list(measures).index(row["measure"]) + _offset(index, len(comparisons)), index)
        _axis(panel, measures, UNITS[unit][1], content["baseline"])
    explain(figure, _legend(comparisons))
    footnote(figure, "↑ ↓: the better direction. " + _level(comparisons))
    return {"compare": figure}


def _measures(comparisons: Sequence[Content], unit: str) -> dict[str, bool]:
    """The measures of a unit in order of appearance, and whether higher is better."""
    return {
        row["measure"]: row["higher_is_better"] for other in comparisons for row in other["rows"] if row["unit"] == unit
    }


def _offset(index: int, count: int) -> float:
    return 0.0 if count == 1 else REACH * (2 * index / (count - 1) - 1)


def _row(panel: Axes, row: Content, y: float, index: int) -> None:
    """One measure of one comparison."""
    scale, _ = UNITS[row["unit"]]
    images, seeds = row["image_noise"], row["seed_noise"]
    shade = color(index + 1)  # the baseline's colour is not used
    if images is not None:
        panel.plot(scale * numbers((images["low"], images["high"])), [y, y], color=shade, linewidth=1.6, gid="interval")
    deltas = scale * numbers(_seed_deltas(row))
    if len(deltas) > 1:
        panel.plot(
            deltas,
            np.full(len(deltas), y),
            "o",
            color=shade,
            markerfacecolor="white",
            markersize=3,
            zorder=4,
            gid="seeds",
        )
    noise = images or seeds
    if noise is not None:
        shape = marker(index) if images is not None else NO_INTERVAL
        panel.plot(scale * number(noise["difference"]), y, shape, color=shade, zorder=3, gid="difference")


def _seed_deltas(row: Content) -> list[float | None]:
    """Differences of paired seeds; empty if the seeds are not paired."""
    seeds = row["seed_noise"]
    return seeds["paired"]["deltas"]["values"] if seeds is not None and seeds["paired"] is not None else []


def _axis(panel: Axes, measures: dict[str, bool], unit: str, baseline: str) -> None:
    panel.axvline(0, color=ink(), linewidth=0.6)
    names = [f"{wrap(name, 40)} {'↑' if higher else '↓'}" for name, higher in measures.items()]
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel(f"difference from {wrap(baseline, 40)}" + (f" ({unit})" if unit else ""))
    panel.margins(x=0.08)


def _legend(comparisons: Sequence[Content]) -> list[Line2D]:
    methods = [
        Line2D([], [], color=color(index), marker=marker(index - 1), linewidth=1.6, label=wrap(comparison["other"]))
        for index, comparison in enumerate(comparisons, 1)
    ]
    rows = [row for comparison in comparisons for row in comparison["rows"]]
    if any(row["image_noise"] is None and row["seed_noise"] is not None for row in rows):
        methods.append(Line2D([], [], color="0.4", marker=NO_INTERVAL, linestyle="", label="no interval over images"))
    if any(len(_seed_deltas(row)) > 1 for row in rows):
        methods.append(Line2D([], [], color="0.4", marker="o", markerfacecolor="white", linestyle="", label="one seed"))
    return methods


def _level(comparisons: Sequence[Content]) -> str:
    """Definition of the intervals."""
    for row in (row for comparison in comparisons for row in comparison["rows"]):
        if row["image_noise"] is not None:
            return f"Line: {100 * row['image_noise']['level']:g} % of paired bootstrap draws over images."
    return ""
