"""Estimated contamination on the unlabeled list over the threshold, with other estimators and the truth."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from pixcon_figures.palette import color, ink, marker
from pixcon_figures.saved import Content, by_group, legend_name, numbers
from pixcon_figures.style import NARROW, explain, new_figure

OTHERS = {"held_out": "held-out", "ac": "AC", "doc": "DoC", "atc": "ATC", "cbpe": "CBPE"}
"""Keys of the other estimators and their names in the figure."""
_COLUMNS = 2
_ROOM = 2.5
"""Factor beyond the smallest and largest rate up to which the logarithmic axis reaches; longer intervals are cut."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``estimate``: a panel per method, of its first seed; thresholds are equally spaced."""
    groups = by_group(content["results"])
    columns = min(_COLUMNS, len(groups))
    rows = -(-len(groups) // columns)
    figure = new_figure(NARROW * columns, 3.0 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (name, members) in zip(panels, groups.items(), strict=False):
        _draw_rates(panel, sorted(members[0]["estimate"]["thresholds"], key=lambda at: at["tau"]))
        panel.set_title(legend_name(name, len(members), "first of "))
    for panel in panels[len(groups) :]:
        panel.set_axis_off()
    explain(figure, panels[0].get_legend_handles_labels()[0])
    return {"estimate": figure}


def _draw_rates(panel: Axes, thresholds: list[Content]) -> None:
    """The estimates of each threshold side by side, over a line at the truth."""
    places, rates = np.arange(len(thresholds)), [at["overall"] for at in thresholds]
    center, low, high, truth = (100 * numbers(rate[key] for rate in rates) for key in ("rho_f", "low", "high", "truth"))
    if not np.isnan(truth).all():
        panel.hlines(truth, places - 0.45, places + 0.45, color=ink(), linewidth=0.8, label="true")
    aside = np.linspace(-0.35, 0.35, 1 + len(OTHERS))
    bars = (center - low, high - center)
    panel.errorbar(places + aside[0], center, bars, fmt="o", label="strata, 95 %", color=color(0))
    others = [100 * numbers(at[key] for at in thresholds) for key in OTHERS]
    for index, (values, label) in enumerate(zip(others, OTHERS.values(), strict=True), start=1):
        panel.plot(
            places + aside[index], values, marker(index), label=label, color=color(index), markerfacecolor="white"
        )
    shown = np.concatenate((center, truth, *others))
    if (shown > 0).any():
        panel.set_yscale("log")
        panel.set_ylim(shown[shown > 0].min() / _ROOM, shown[shown > 0].max() * _ROOM)
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_minor_formatter(NullFormatter())
    panel.grid(axis="x", visible=False)
    panel.set(xlabel=r"threshold $\tau$", ylabel=r"$\rho_F$ (%)")
    panel.set_xticks(places, [f"{at['tau']:g}" for at in thresholds])
