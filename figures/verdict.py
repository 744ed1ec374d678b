"""The verdict on the filter: the interval of ρ_F at each threshold against 1 − τ."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pixcon_figures.palette import color, ink, marker
from pixcon_figures.saved import Content, legend_name, number
from pixcon_figures.style import NARROW, footnote, new_figure

LEAST = 1e-4
"""Bottom of the logarithmic axis of ρ_F, where a rate of 0 is drawn."""
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
"""Rates that can be labelled, in per cent."""
ROOM = 1.5
"""Factor between the outermost value and the end of the axis."""


def draw_verdict(groups: dict[str, list[Content]]) -> Figure:
    """A panel per threshold, a row per checkpoint; left of 1 − τ filtering stays strict."""
    taus = list(dict.fromkeys(at["overall"]["tau"] for members in groups.values() for r in members for at in _at(r)))
    rows = [
        (legend_name(name, len(members)) if seed == 0 else "", index, result)
        for index, (name, members) in enumerate(groups.items())
        for seed, result in enumerate(members)
    ]
    longest = max(label.count("\n") + 1 for label, _, _ in rows)
    figure = new_figure(1.3 * NARROW, 0.7 + len(taus) * (0.45 + (0.07 + 0.1 * longest) * len(rows)))
    panels = figure.subplots(len(taus), 1, sharex=True, squeeze=False)[:, 0]
    shown: list[float] = []
    for panel, tau in zip(panels, taus, strict=True):
        for place, (_, index, result) in enumerate(rows):
            verdicts = [at["overall"] for at in _at(result) if at["overall"]["tau"] == tau]
            shown += [rate for verdict in verdicts for rate in _interval(panel, verdict, place, index)]
        shown += _threshold(panel, tau)
        panel.set_yticks(range(len(rows)), [label for label, _, _ in rows])
        panel.set_ylim(len(rows) - 0.4, -0.6)
    _axis(panels[-1], shown)
    footnote(figure, "Filled: the interval excludes 1 − τ. Hollow: no verdict.")
    return figure


def _at(result: Content) -> list[Content]:
    """The verdicts of a checkpoint, by threshold."""
    thresholds: list[Content] = result["verdict"]["thresholds"]
    return thresholds


def _interval(panel: Axes, verdict: Content, place: int, index: int) -> list[float]:
    """Draw ρ_F with its interval, hollow where there is no verdict or an open one; what was drawn, in per cent."""
    values = [
        1 - number(value) for value in (verdict["interval"]["high"], verdict["pi_kept"], verdict["interval"]["low"])
    ]
    if math.isnan(values[1]):
        return []
    low, rate, high = (100 * max(value, LEAST) for value in values)
    panel.plot([low, high], [place, place], color=color(index), linewidth=1.5)
    face = color(index) if verdict["decision"] in ("strict", "floor") else "white"
    panel.plot(rate, place, marker(index), color=color(index), markerfacecolor=face, clip_on=False)
    return [value for value in (low, rate, high) if not math.isnan(value)]


def _threshold(panel: Axes, tau: float) -> list[float]:
    """The line at 1 − τ, with the sides' names; its place, in per cent."""
    panel.grid(axis="y", visible=False)
    panel.set_title(rf"$\tau$ = {tau:g}: strict $\leftarrow$ $1-\tau$ = {100 * (1 - tau):.3g} % $\rightarrow$ floor")
    if tau >= 1:
        return []
    panel.axvline(100 * (1 - tau), color=ink(), linewidth=0.8, linestyle=":")
    return [100 * max(1 - tau, LEAST)]


def _axis(panel: Axes, shown: Sequence[float]) -> None:
    """A logarithmic axis that spans the values, with few labels."""
    low, high = (min(shown), max(shown)) if shown else (1.0, 100.0)
    low, high = max(low / ROOM, 100 * LEAST), min(high * ROOM, 100.0)
    panel.set_xscale("log")
    panel.set_xlim(low, high)
    decades = np.log10(high / low)
    ticks = [tick for tick in TICKS if decades < 2 or np.log10(tick).is_integer()]
    panel.xaxis.set_major_locator(FixedLocator(ticks))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.set_xlabel(r"$\rho_F$ (%), 95 % interval over images")
