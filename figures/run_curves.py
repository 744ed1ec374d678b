"""What logs tell of every run, epoch by epoch: lines of runs, and the figures of retention, losses and thresholds."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import BLACK, GROUPS, line
from pixcon_figures.saved import Content, called, numbers
from pixcon_figures.style import WIDE, explain, new_figure

Values = Callable[[Content], Sequence[float | None]]
"""A run's values, one an epoch."""

COLUMNS = 3
GREY = "0.7"
FEW = 12
"""Up to so many values are marked one by one."""


def mask_ratio_figure(result: Content) -> Figure:
    """Retention of every run."""
    figure = new_figure(WIDE, 2.6)
    panel = figure.subplots()
    for place, group in enumerate(result["groups"]):
        draw_runs(panel, group, itemgetter("mask_ratio"), place)
    panel.set(xlabel="epochs finished", ylabel="unlabeled pixels\nretained (%)")
    _explain_groups(figure, panel, result)
    return figure


def losses_figure(result: Content) -> Figure | None:
    """A panel per loss, over a logarithmic axis where it is positive; None where no log has any."""
    names = list(dict.fromkeys(name for group in result["groups"] for run in group["runs"] for name in run["losses"]))
    if not (names := [name for name in names if known_values(result, _loss(name))]):
        return None
    columns = min(len(names), COLUMNS)
    rows = -(-len(names) // columns)
    figure = new_figure(WIDE, 0.4 + 2.2 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for panel, name in zip(panels, names, strict=False):
        for place, group in enumerate(result["groups"]):
            draw_runs(panel, group, _loss(name), place, scale=1)
        if min(known_values(result, _loss(name))) > 0:
            panel.set_yscale("log")
        panel.set(title=name, xlabel="epochs finished")
        panel.tick_params(labelbottom=True)
    for panel in panels[len(names) :]:
        panel.remove()
    _explain_groups(figure, panels[0], result)
    return figure


def thresholds_figure(result: Content) -> Figure | None:
    """A panel for the first run of each group that has τ by class; None where none has.

    Few classes are named; many are grey behind their median.
    """
    limited = [(group, run) for group in result["groups"] for run in group["runs"][:1] if run["thresholds"]]
    if not limited:
        return None
    figure = new_figure(WIDE, 0.4 + 2.2 * len(limited))
    panels = figure.subplots(len(limited), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for panel, (group, run) in zip(panels, limited, strict=True):
        named = len(run["thresholds"]) <= len(GROUPS)
        for place, (name, values) in enumerate(run["thresholds"].items()):
            looks = {"label": name, **line(place)} if named else {"color": GREY, "linewidth": 0.6}
            panel.plot(run["finished"], numbers(values), **marks(values), **looks)
        if not named:
            by_class = np.stack([numbers(values) for values in run["thresholds"].values()])
            panel.plot(run["finished"], np.median(by_class, 0), color=BLACK, label=f"median of {len(by_class)} classes")
        panel.legend(loc="best")
        panel.set(ylabel="τ", title=called(group["name"], len(group["runs"]), "first of "))
    panels[-1].set_xlabel("epochs finished")
    return figure


def draw_runs(panel: Axes, group: Content, values: Values, place: int, scale: float = 100) -> None:
    """A thin line per seed through the values that its log has: not every epoch need be evaluated."""
    for run in group["runs"]:
        finished, known = np.array(run["finished"]), numbers(values(run))
        finished, known = finished[~np.isnan(known)], known[~np.isnan(known)]
        panel.plot(finished, scale * known, linewidth=0.6, alpha=0.7, **marks(known), **line(place))


def marks(values: Sequence[float | None] | np.ndarray) -> dict[str, Any]:
    """A few values get a point each; a single one would otherwise not show."""
    return {"marker": "o", "markersize": 3} if len(values) <= FEW else {}


def _loss(name: str) -> Values:
    return lambda run: run["losses"].get(name, [None] * len(run["finished"]))


def known_values(result: Content, values: Values) -> list[float]:
    """Every value that some run's log has."""
    return [value for group in result["groups"] for run in group["runs"] for value in values(run) if value is not None]


def _explain_groups(figure: Figure, panel: Axes, result: Content) -> None:
    """What the lines' colours mean, without the thinness of the lines themselves."""
    handles = [
        panel.plot([], [], label=called(group["name"], len(group["runs"])), **line(place))[0]
        for place, group in enumerate(result["groups"])
    ]
    explain(figure, handles, "lower")
