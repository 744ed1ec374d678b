"""Curves of every run over the epochs: retention, losses and thresholds."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import GROUPS, ink, line, marker
from pixcon_figures.saved import Content, legend_name, numbers
from pixcon_figures.style import WIDE, explain, explain_panel, new_figure

Values = Callable[[Content], Sequence[float | None]]
"""Takes a run's values, one per epoch."""

COLUMNS = 3
GREY = "0.7"
FEW = 12
"""Most values that are marked individually."""


def retention_figure(result: Content) -> Figure:
    """Retention of every run."""
    figure = new_figure(WIDE, 2.6)
    panel = figure.subplots()
    for index, group in enumerate(result["groups"]):
        draw_runs(panel, group, itemgetter("mask_ratio"), index)
    panel.set(xlabel="epochs finished", ylabel="unlabeled pixels\nretained (%)")
    _explain_groups(figure, panel, result)
    return figure


def losses_figure(result: Content) -> Figure | None:
    """A panel per loss, on a logarithmic axis if positive; None if no log has losses."""
    names = list(dict.fromkeys(name for group in result["groups"] for run in group["runs"] for name in run["losses"]))
    if not (names := [name for name in names if defined_values(result, _loss(name))]):
        return None
    columns = min(len(names), COLUMNS)
    rows = -(-len(names) // columns)
    figure = new_figure(WIDE, 0.4 + 2.2 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for panel, name in zip(panels, names, strict=False):
        for index, group in enumerate(result["groups"]):
            draw_runs(panel, group, _loss(name), index, scale=1)
        if min(defined_values(result, _loss(name))) > 0:
            panel.set_yscale("log")
        panel.set(title=name, xlabel="epochs finished")
        panel.tick_params(labelbottom=True)
    for panel in panels[len(names) :]:
        panel.remove()
    _explain_groups(figure, panels[0], result)
    return figure


def thresholds_figure(result: Content) -> Figure | None:
    """A panel for the first run of each group that has τ by class; None if there are none.

    Few classes are named; many are drawn in grey with their median.
    """
    with_thresholds = [(group, run) for group in result["groups"] for run in group["runs"][:1] if run["thresholds"]]
    if not with_thresholds:
        return None
    figure = new_figure(WIDE, 0.4 + 2.2 * len(with_thresholds))
    panels = figure.subplots(len(with_thresholds), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for panel, (group, run) in zip(panels, with_thresholds, strict=True):
        few = len(run["thresholds"]) <= len(GROUPS)
        for index, (name, values) in enumerate(run["thresholds"].items()):
            style = {"label": name, **line(index)} if few else {"color": GREY, "linewidth": 0.6}
            panel.plot(run["finished"], numbers(values), **marks(values, index), **style)
        if not few:
            by_class = np.stack([numbers(values) for values in run["thresholds"].values()])
            panel.plot(run["finished"], np.median(by_class, 0), color=ink(), label=f"median of {len(by_class)} classes")
        explain_panel(panel, WIDE)
        panel.set_ylabel("τ")
        panel.set_title(legend_name(group["name"], len(group["runs"]), "first of "), loc="left")
    panels[-1].set_xlabel("epochs finished")
    return figure


def draw_runs(panel: Axes, group: Content, values: Values, index: int, scale: float = 100) -> None:
    """A thin line per seed through its logged values; epochs without a value are skipped."""
    for run in group["runs"]:
        finished, defined = np.array(run["finished"]), numbers(values(run))
        finished, defined = finished[~np.isnan(defined)], defined[~np.isnan(defined)]
        panel.plot(finished, scale * defined, linewidth=0.6, alpha=0.7, **marks(defined, index), **line(index))


def marks(values: Sequence[float | None] | np.ndarray, index: int) -> dict[str, Any]:
    """Point marks of group ``index`` if there are few values, as a single value makes no line."""
    return {"marker": marker(index), "markersize": 3} if len(values) <= FEW else {}


def _loss(name: str) -> Values:
    return lambda run: run["losses"].get(name, [None] * len(run["finished"]))


def defined_values(result: Content, values: Values) -> list[float]:
    """Every defined value of all runs."""
    return [value for group in result["groups"] for run in group["runs"] for value in values(run) if value is not None]


def _explain_groups(figure: Figure, panel: Axes, result: Content) -> None:
    """A legend of the groups, with lines of normal width."""
    handles = [
        panel.plot([], [], label=legend_name(group["name"], len(group["runs"])), **line(index))[0]
        for index, group in enumerate(result["groups"])
    ]
    explain(figure, handles)
