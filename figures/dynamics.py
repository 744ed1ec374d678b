"""Validation mIoU over training, one group's lead over another, and what else the logs tell (Fig. 4)."""

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import BLACK, color, line
from pixcon_figures.run_curves import (
    draw_runs,
    known_values,
    losses_figure,
    marks,
    mask_ratio_figure,
    thresholds_figure,
)
from pixcon_figures.saved import Content, called, number, numbers, shortened, shown
from pixcon_figures.style import WIDE, new_figure, say_under

CALLED = {"ema": "EMA teacher", "student": "student"}
OUTSIDE = 5
"""Per cent of the values that may lie outside of a panel: first epochs, which would squeeze the rest together."""
TRAINING = {
    "threshold": ("mean τ", 1),
    "contamination": ("pseudo-labels'\n$\\rho_F$ (%)", 100),
    "replaced": ("replaced by\nnoise (%)", 100),
    "bank_contamination": (r"bank's $\rho_F$ (%)", 100),
}
"""What some logs tell of pseudo-labels and bank: name of the axis, and scale."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``dynamics``: mIoU, lead, and what else of :data:`TRAINING` changes.

    ``mask_ratio``, ``losses``, and ``thresholds`` of each class where a log has them.
    """
    result = content["dynamics"]
    figures = {"dynamics": _miou(result)}
    if known_values(result, itemgetter("mask_ratio")):
        figures["mask_ratio"] = mask_ratio_figure(result)
    if losses := losses_figure(result):
        figures["losses"] = losses
    if thresholds := thresholds_figure(result):
        figures["thresholds"] = thresholds
    return figures


def _miou(result: Content) -> Figure:
    leads = [lead for lead in result["leads"] if lead["live"]]
    told = [key for key in TRAINING if len(set(known_values(result, itemgetter(key)))) > 1]
    heights = [3, *([1.3] if leads else []), *(1.1 for _ in told)]
    figure = new_figure(WIDE, 0.4 + sum(heights))
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    weights = result["weights"]
    for place, group in enumerate(result["groups"]):
        draw_runs(panels[0], group, lambda run: run[f"{weights}_miou"], place)
        _band(panels[0], group, place)
    panels[0].set_ylabel(f"{CALLED[weights]} mIoU (%)")
    known = known_values(result, lambda run: run[f"{weights}_miou"])
    panels[0].set_ylim(_limits(np.percentile(known, OUTSIDE, method="lower"), max(known)) if known else (0, 100))
    last = max(
        (run["finished"][-1] for group in result["groups"] for run in group["runs"] if run["finished"]), default=1
    )
    panels[0].set_xlim(0, 1.02 * last)
    panels[0].legend(loc="lower right")
    if leads:
        _leads(panels[1], result["leads"])
    elif result["leads"]:
        say_under(figure, _no_lead(result))
    for panel, key in zip(panels[len(panels) - len(told) :], told, strict=True):
        label, scale = TRAINING[key]
        for place, group in enumerate(result["groups"]):
            draw_runs(panel, group, itemgetter(key), place, scale)
        panel.set_ylabel(label)
    panels[-1].set_xlabel("epochs finished")
    return figure


def _no_lead(result: Content) -> str:
    """Why nothing can be said of who leads."""
    first = result["groups"][0]
    if not first["band"]["finished"]:
        whose = CALLED[result["weights"]]
        return f"No leads: {shortened(first['name'])} has no epoch with the {whose}'s mIoU of every seed."
    whys = ", ".join(f"{shortened(lead['other'])}: {_why(lead)}" for lead in result["leads"])
    return f"No lead over {shortened(first['name'])}. {whys}."


def _why(lead: Content) -> str:
    """Why there is no margin."""
    return "no epoch in common" if lead["same_classes"] else "on other classes"


def _limits(low: float, high: float) -> tuple[float, float]:
    """Limits of an axis in per cent with some room around two fractions."""
    room = 10 * (high - low) + 0.1
    return 100 * low - room, 100 * high + room


def _band(panel: Axes, group: Content, place: int) -> None:
    """The mean in bold and the seeds' range behind it, over the epochs where every seed has a value."""
    band, label = group["band"], called(group["name"], len(group["runs"]))
    label = label if band["finished"] else f"{label}: no epoch that all seeds evaluated"
    panel.plot(
        band["finished"], 100 * numbers(band["mean"]), linewidth=2, label=label, **marks(band["mean"]), **line(place)
    )
    low, high = 100 * numbers(band["low"]), 100 * numbers(band["high"])
    panel.fill_between(band["finished"], low, high, color=color(place), alpha=0.15, linewidth=0)


def _leads(panel: Axes, leads: Sequence[Content]) -> None:
    """Margin of each group's mean over the baseline's."""
    panel.axhline(0, color=BLACK, linewidth=0.6)
    for place, lead in enumerate(leads, 1):
        label = f"{shortened(lead['other'])}: {_why(lead)}"
        if lead["live"]:
            mean = shown(100 * number(lead["mean_margin"]), 2, sign=True)
            label = f"{shortened(lead['other'])}: leads in {lead['leads']}/{lead['live']} epochs, mean {mean}"
        panel.plot(lead["finished"], 100 * numbers(lead["margin"]), label=label, **marks(lead["margin"]), **line(place))
    margins = [margin for lead in leads for margin in lead["margin"]]
    low = np.percentile(margins, OUTSIDE, method="lower")
    high = np.percentile(margins, 100 - OUTSIDE, method="higher")
    panel.set_ylim(_limits(min(low, 0), max(high, 0)))
    panel.set_ylabel("lead (points)")
    panel.legend(loc="best", title=f"over {shortened(leads[0]['baseline'])}")
