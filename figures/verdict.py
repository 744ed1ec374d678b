"""The verdict on the filter: the interval of ρ_F at each threshold against 1 − τ."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from pixcon_figures.palette import BLACK, line
from pixcon_figures.saved import Content, legend_name, number
from pixcon_figures.style import NARROW, new_figure

LEAST = 1e-4
"""Bottom of the logarithmic axis of ρ_F, where a rate of 0 is drawn."""


def draw_verdict(groups: dict[str, list[Content]]) -> Figure:
    """A panel per threshold, a row per checkpoint; left of 1 − τ filtering stays strict."""
    taus = list(dict.fromkeys(at["overall"]["tau"] for members in groups.values() for r in members for at in _at(r)))
    rows = [
        (legend_name(name, len(members)) if seed == 0 else "", index, result)
        for index, (name, members) in enumerate(groups.items())
        for seed, result in enumerate(members)
    ]
    figure = new_figure(NARROW, 0.5 + len(taus) * (0.45 + 0.17 * len(rows)))
    panels = figure.subplots(len(taus), 1, sharex=True, squeeze=False)[:, 0]
    for panel, tau in zip(panels, taus, strict=True):
        for place, (_, index, result) in enumerate(rows):
            for at in _at(result):
                if at["overall"]["tau"] == tau:
                    _interval(panel, at["overall"], place, line(index)["color"])
        _threshold(panel, tau)
        panel.set_yticks(range(len(rows)), [label for label, _, _ in rows])
        panel.set_ylim(len(rows) - 0.4, -0.6)
    panels[-1].set_xlabel(r"$\rho_F$ (%), 95 % interval over images")
    return figure


def _at(result: Content) -> list[Content]:
    """The verdicts of a checkpoint, by threshold."""
    thresholds: list[Content] = result["verdict"]["thresholds"]
    return thresholds


def _interval(panel: Axes, verdict: Content, place: int, color: str) -> None:
    """ρ_F with its interval, hollow where there is no verdict or an open one."""
    rate, low, high = (1 - number(value) for value in (verdict["pi_kept"], *_bounds(verdict)))
    if math.isnan(rate):
        return
    panel.plot([100 * max(low, LEAST), 100 * max(high, LEAST)], [place, place], color=color, linewidth=1.5)
    face = color if verdict["decision"] in ("strict", "floor") else "white"
    panel.plot(100 * max(rate, LEAST), place, "o", color=color, markerfacecolor=face, clip_on=False)


def _bounds(verdict: Content) -> tuple[float | None, float | None]:
    """Upper and lower bound of π_kept, which are the lower and upper one of ρ_F."""
    return verdict["interval"]["high"], verdict["interval"]["low"]


def _threshold(panel: Axes, tau: float) -> None:
    panel.set_xscale("log")
    panel.set_xlim(100 * LEAST, 100)
    panel.xaxis.set_major_locator(FixedLocator([0.01, 0.1, 1, 10, 100]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticklabels(["0.01", "0.1", "1", "10", "100"])
    panel.grid(axis="y", visible=False)
    if tau < 1:
        panel.axvline(100 * (1 - tau), color=BLACK, linewidth=0.8, linestyle=":")
    panel.set_title(rf"$\tau = {tau:g}$: strict left of $1-\tau$, floor right of it")
