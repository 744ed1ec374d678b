"""Validation mIoU over training, the lead of one group over another, and further logged curves (Fig. 4)."""

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import color, ink, line
from pixcon_figures.run_curves import (
    defined_values,
    draw_runs,
    losses_figure,
    marks,
    retention_figure,
    thresholds_figure,
)
from pixcon_figures.saved import Content, legend_name, number, numbers, rounded, wrap
from pixcon_figures.style import WIDE, explain_panel, footnote, new_figure

NETWORK = {"ema": "EMA teacher", "student": "student"}
OUTSIDE = 5
"""Per cent of the values that may lie outside a panel: the first epochs would compress the rest."""
TRAINING = {
    "threshold": ("mean τ", 1),
    "contamination": ("pseudo-labels'\n$\\rho_F$ (%)", 100),
    "replaced": ("replaced by\nnoise (%)", 100),
    "bank_contamination": (r"bank's $\rho_F$ (%)", 100),
}
"""Curves of pseudo-labels and bank in some logs: axis label and scale."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``dynamics``: mIoU, lead, and the curves of :data:`TRAINING` that vary.

    ``mask_ratio`` (retention), ``losses``, and ``thresholds`` by class if a log has them.
    """
    result = content["dynamics"]
    figures = {"dynamics": _miou(result)}
    if defined_values(result, itemgetter("mask_ratio")):
        figures["mask_ratio"] = retention_figure(result)
    if losses := losses_figure(result):
        figures["losses"] = losses
    if thresholds := thresholds_figure(result):
        figures["thresholds"] = thresholds
    if content.get("kept"):
        figures["kept_teachers"] = _kept_teachers(content)
    return figures


def _miou(result: Content) -> Figure:
    leads = [lead for lead in result["leads"] if lead["live"]]
    curves = [key for key in TRAINING if len(set(defined_values(result, itemgetter(key)))) > 1]
    heights = [3, *([1.3] if leads else []), *(1.1 for _ in curves)]
    figure = new_figure(WIDE, 0.4 + sum(heights))
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    weights = result["weights"]
    for index, group in enumerate(result["groups"]):
        draw_runs(panels[0], group, lambda run: run[f"{weights}_miou"], index)
        _band(panels[0], group, index)
    panels[0].set_ylabel(f"{NETWORK[weights]} mIoU (%)")
    values = defined_values(result, lambda run: run[f"{weights}_miou"])
    panels[0].set_ylim(_limits(np.percentile(values, OUTSIDE, method="lower"), max(values)) if values else (0, 100))
    last = max(
        (run["finished"][-1] for group in result["groups"] for run in group["runs"] if run["finished"]), default=1
    )
    panels[0].set_xlim(0, 1.02 * last)
    explain_panel(panels[0], WIDE)
    if leads:
        _leads(panels[1], result["leads"])
    elif result["leads"]:
        footnote(figure, _no_lead(result))
    for panel, key in zip(panels[len(panels) - len(curves) :], curves, strict=True):
        label, scale = TRAINING[key]
        for index, group in enumerate(result["groups"]):
            draw_runs(panel, group, itemgetter(key), index, scale)
        panel.set_ylabel(label)
    panels[-1].set_xlabel("epochs finished")
    return figure


def _kept_teachers(content: Content) -> Figure:
    """ρ_F of the kept teachers over the epochs, over all retained pixels and as a mean over predicted classes."""
    figure = new_figure(WIDE, 2.6)
    panels = figure.subplots(1, 2, sharex=True)
    groups = list(dict.fromkeys(row["group"] for row in content["kept"]))
    for panel, key in zip(panels, ("rho_f", "macro_rho_f"), strict=True):
        for index, group in enumerate(groups):
            rows = [row for row in content["kept"] if row["group"] == group]
            runs = list(dict.fromkeys(row["run"] for row in rows))
            for place, run in enumerate(runs):
                points = [row for row in rows if row["run"] == run]
                values = 100 * numbers([row[key] for row in points])
                label = {} if place else {"label": legend_name(group, len(runs))}
                panel.plot([row["epoch"] for row in points], values, **marks(values, index), **label, **line(index))
        panel.set(xlabel="epochs finished", ylabel=f"{'macro ' if 'macro' in key else ''}$\\rho_F$ (%)", ylim=(0, None))
    explain_panel(panels[1], WIDE)
    tau = content["kept"][0]["tau"]
    footnote(figure, f"EMA teachers on the validation images at τ = {tau:g}.")
    return figure


def _no_lead(result: Content) -> str:
    """Why there is no lead."""
    first = result["groups"][0]
    if not first["band"]["finished"]:
        network = NETWORK[result["weights"]]
        return f"No leads: {wrap(first['name'])} has no epoch with a mIoU of the {network} for every seed."
    reasons = ", ".join(f"{wrap(lead['other'])}: {_reason(lead)}" for lead in result["leads"])
    return f"No lead over {wrap(first['name'])}. {reasons}."


def _reason(lead: Content) -> str:
    """Why a lead has no margin."""
    return "no epoch in common" if lead["same_classes"] else "other classes"


def _limits(low: float, high: float) -> tuple[float, float]:
    """Limits of an axis in per cent with a margin around two fractions."""
    room = 10 * (high - low) + 0.1
    return 100 * low - room, 100 * high + room


def _band(panel: Axes, group: Content, index: int) -> None:
    """The mean in bold over the range of the seeds, at epochs with a value for every seed."""
    band, label = group["band"], legend_name(group["name"], len(group["runs"]))
    label = label if band["finished"] else f"{label}: no epoch evaluated by all seeds"
    panel.plot(
        band["finished"],
        100 * numbers(band["mean"]),
        linewidth=2,
        label=label,
        **marks(band["mean"], index),
        **line(index),
    )
    low, high = 100 * numbers(band["low"]), 100 * numbers(band["high"])
    panel.fill_between(band["finished"], low, high, color=color(index), alpha=0.15, linewidth=0)


def _leads(panel: Axes, leads: Sequence[Content]) -> None:
    """Margin of each group's mean over the baseline's."""
    panel.axhline(0, color=ink(), linewidth=0.6)
    for index, lead in enumerate(leads, 1):
        label = f"{wrap(lead['other'])}: {_reason(lead)}"
        if lead["live"]:
            mean = rounded(100 * number(lead["mean_margin"]), 2, sign=True)
            label = f"{wrap(lead['other'])}: leads in {lead['leads']}/{lead['live']} epochs, mean {mean}"
        panel.plot(
            lead["finished"], 100 * numbers(lead["margin"]), label=label, **marks(lead["margin"], index), **line(index)
        )
    margins = [margin for lead in leads for margin in lead["margin"]]
    low = np.percentile(margins, OUTSIDE, method="lower")
    high = np.percentile(margins, 100 - OUTSIDE, method="higher")
    panel.set_ylim(_limits(min(low, 0), max(high, 0)))
    panel.set_ylabel(wrap(f"lead over {leads[0]['baseline']} (points)", 24, 3))
    explain_panel(panel, WIDE)
