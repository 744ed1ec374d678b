"""Validation mIoU over training, one group's lead over another, and what else the logs tell (Fig. 4)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import BLACK, color, line
from pixcon_figures.saved import Content, called, number, numbers, shortened, shown
from pixcon_figures.style import WIDE, explain, new_figure

Values = Callable[[Content], Sequence[float | None]]
"""A run's values, one an epoch."""

OUTSIDE = 5
"""Per cent of the values that may lie outside of a panel: first epochs, which would squeeze the rest together."""
COLUMNS = 3
FEW = 12
"""Up to so many values are marked one by one."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``dynamics``: mIoU and lead; ``mask_ratio`` and ``losses`` where a log has them."""
    result = content["dynamics"]
    figures = {"dynamics": _miou(result)}
    if _known(result, lambda run: run["mask_ratio"]):
        figures["mask_ratio"] = _mask_ratio(result)
    names = list(dict.fromkeys(name for group in result["groups"] for run in group["runs"] for name in run["losses"]))
    if names := [name for name in names if _known(result, _loss(name))]:
        figures["losses"] = _losses(result, names)
    return figures


def _miou(result: Content) -> Figure:
    heights = [3, 1.3] if result["leads"] else [3]
    figure = new_figure(WIDE, 0.4 + sum(heights))
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    weights = result["weights"]
    for place, group in enumerate(result["groups"]):
        _runs(panels[0], group, lambda run: run[f"{weights}_miou"], place)
        _band(panels[0], group, place)
    panels[0].set_ylabel(f"{'EMA teacher' if weights == 'ema' else 'student'} mIoU (%)")
    known = _known(result, lambda run: run[f"{weights}_miou"])
    panels[0].set_ylim(_limits(np.percentile(known, OUTSIDE), max(known)) if known else (0, 100))
    last = max(
        (run["finished"][-1] for group in result["groups"] for run in group["runs"] if run["finished"]), default=1
    )
    panels[0].set_xlim(0, 1.02 * last)
    panels[0].legend(loc="lower right")
    if result["leads"]:
        _leads(panels[1], result["leads"])
    panels[-1].set_xlabel("epochs finished")
    return figure


def _limits(low: float, high: float) -> tuple[float, float]:
    """Limits of an axis in per cent with some room around two fractions."""
    room = 10 * (high - low) + 0.1
    return 100 * low - room, 100 * high + room


def _runs(panel: Axes, group: Content, values: Values, place: int, scale: float = 100) -> None:
    """A thin line per seed through the values that its log has: not every epoch need be evaluated."""
    for run in group["runs"]:
        finished, known = np.array(run["finished"]), numbers(values(run))
        finished, known = finished[~np.isnan(known)], known[~np.isnan(known)]
        panel.plot(finished, scale * known, linewidth=0.6, alpha=0.7, **_marks(known), **line(place))


def _marks(values: Sequence[float | None] | np.ndarray) -> dict[str, Any]:
    """A few values get a point each; a single one would otherwise not show."""
    return {"marker": "o", "markersize": 3} if len(values) <= FEW else {}


def _band(panel: Axes, group: Content, place: int) -> None:
    """The mean in bold and the seeds' range behind it, over the epochs where every seed has a value."""
    band, label = group["band"], called(group["name"], len(group["runs"]))
    label = label if band["finished"] else f"{label}: no epoch that all seeds evaluated"
    panel.plot(
        band["finished"], 100 * numbers(band["mean"]), linewidth=2, label=label, **_marks(band["mean"]), **line(place)
    )
    low, high = 100 * numbers(band["low"]), 100 * numbers(band["high"])
    panel.fill_between(band["finished"], low, high, color=color(place), alpha=0.15, linewidth=0)


def _leads(panel: Axes, leads: Sequence[Content]) -> None:
    """Margin of each group's mean over the baseline's."""
    panel.axhline(0, color=BLACK, linewidth=0.6)
    for place, lead in enumerate(leads, 1):
        why = "no epoch in common" if lead["same_classes"] else "on other classes"
        label = f"{shortened(lead['other'])}: {why}"
        if lead["live"]:
            mean = shown(100 * number(lead["mean_margin"]), 2, sign=True)
            label = f"{shortened(lead['other'])}: leads in {lead['leads']}/{lead['live']} epochs, mean {mean}"
        panel.plot(
            lead["finished"], 100 * numbers(lead["margin"]), label=label, **_marks(lead["margin"]), **line(place)
        )
    margins = [margin for lead in leads for margin in lead["margin"]] or [0.0]
    low, high = np.percentile(margins, (OUTSIDE, 100 - OUTSIDE))
    panel.set_ylim(_limits(min(low, 0), max(high, 0)))
    panel.set_ylabel(f"lead over\n{shortened(leads[0]['baseline'], 20)} (points)")
    panel.legend(loc="best")


def _mask_ratio(result: Content) -> Figure:
    figure = new_figure(WIDE, 2.6)
    panel = figure.subplots()
    for place, group in enumerate(result["groups"]):
        _runs(panel, group, lambda run: run["mask_ratio"], place)
    panel.set(xlabel="epochs finished", ylabel="unlabeled pixels\nretained (%)")
    _explain_groups(figure, panel, result)
    return figure


def _losses(result: Content, names: Sequence[str]) -> Figure:
    """A panel per loss, over a logarithmic axis where it is positive."""
    columns = min(len(names), COLUMNS)
    rows = -(-len(names) // columns)
    figure = new_figure(WIDE, 0.4 + 2.2 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for panel, name in zip(panels, names, strict=False):
        for place, group in enumerate(result["groups"]):
            _runs(panel, group, _loss(name), place, scale=1)
        if min(_known(result, _loss(name))) > 0:
            panel.set_yscale("log")
        panel.set(title=name, xlabel="epochs finished")
        panel.tick_params(labelbottom=True)
    for panel in panels[len(names) :]:
        panel.remove()
    _explain_groups(figure, panels[0], result)
    return figure


def _explain_groups(figure: Figure, panel: Axes, result: Content) -> None:
    """What the lines' colours mean, without the thinness of the lines themselves."""
    handles = [
        panel.plot([], [], label=called(group["name"], len(group["runs"])), **line(place))[0]
        for place, group in enumerate(result["groups"])
    ]
    explain(figure, handles, "lower")


def _loss(name: str) -> Values:
    return lambda run: run["losses"].get(name, [None] * len(run["finished"]))


def _known(result: Content, values: Values) -> list[float]:
    """Every value that some run's log has."""
    return [value for group in result["groups"] for run in group["runs"] for value in values(run) if value is not None]
