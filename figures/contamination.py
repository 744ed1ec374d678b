"""What a threshold keeps and how much of it is wrong, over the threshold; and how far confidence can be trusted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from pixcon_diag.statistics import spread
from pixcon_figures.palette import BLACK, line
from pixcon_figures.saved import Content, by_group, called, number, numbers, shown
from pixcon_figures.style import NARROW, WIDE, new_figure

TAUS = ("0", "0.5", "0.7", "0.9", "0.95", "0.99", "0.999", "0.9999", "0.99999", "0.999999")
"""Labelled on the axis."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``contamination``: retention and ρ_F over τ; ``reliability``: accuracy over confidence, with ECE."""
    groups = by_group(content["results"])
    return {"contamination": _curves(groups), "reliability": _reliability(groups)}


def _curves(groups: dict[str, list[Content]]) -> Figure:
    figure = new_figure(WIDE, 4.2)
    panels = figure.subplots(2, 1, sharex=True)
    for panel, key, label in zip(panels, ("retention", "rho_f"), ("retention (%)", r"$\rho_F$ (%)"), strict=True):
        for place, (name, members) in enumerate(groups.items()):
            for seed, result in enumerate(members):
                label_once = called(name, len(members)) if seed == 0 else None
                draw_curve(panel, result["contamination"], key, label_once, place)
        panel.set(ylabel=label)
        panel.set_ylim(bottom=0)
    threshold_axis(panels[1])
    panels[0].legend(loc="lower left")
    return figure


def draw_curve(panel: Axes, result: Content, key: str, label: str | None, place: int) -> None:
    """One checkpoint's line, with a mark at each threshold that was asked for."""
    tau = numbers(result["curve"]["tau"])
    below = tau < 1  # a logarithmic axis of 1 − τ has no place for τ = 1
    panel.plot(1 - tau[below], 100 * numbers(result["curve"][key])[below], label=label, **line(place))
    asked = [at for at in result["thresholds"] if at["tau"] < 1]
    values = numbers(at["overall"][key] for at in asked)
    panel.plot([1 - at["tau"] for at in asked], 100 * values, "o", color=line(place)["color"])


def threshold_axis(panel: Axes, taus: Sequence[str] = TAUS) -> None:
    """τ as 1 − τ on a reversed logarithmic axis up to the last of ``taus``: teachers saturate close to 1."""
    places = [1 - float(tau) for tau in taus]
    panel.set_xscale("log")
    panel.set_xlim(1, places[-1])
    panel.xaxis.set_major_locator(FixedLocator(places))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticklabels(taus)
    panel.set_xlabel(r"threshold $\tau$ (spaced by $\log(1-\tau)$)")


def _reliability(groups: dict[str, list[Content]]) -> Figure:
    figure = new_figure(NARROW, 4.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 100], [0, 100], color=BLACK, linewidth=0.6, linestyle=":")
    for place, (name, members) in enumerate(groups.items()):
        each = [result["contamination"]["calibration"] for result in members]
        label = f"{called(name, len(members))}\n{_ece([calibration['ece'] for calibration in each])}"
        for seed, calibration in enumerate(each):
            confidence, accuracy = numbers(calibration["confidence"]), numbers(calibration["accuracy"])
            known = ~np.isnan(confidence)  # the line goes on over an empty bin
            upper.plot(
                100 * confidence[known],
                100 * accuracy[known],
                marker="o",
                label=label if seed == 0 else None,
                **line(place),
            )
            _shares(lower, calibration, place)
    upper.set(ylabel="accuracy (%)", xlim=(0, 100), ylim=(0, 100))
    upper.legend(loc="upper left")
    lower.set(xlabel="mean confidence of the bin (%)", ylabel="pixels (%)", yscale="log")
    return figure


def _ece(values: list[float | None]) -> str:
    ece = spread([100 * number(value) for value in values])
    spreading = "" if len(values) == 1 else f" ± {shown(ece.std, 2)}"
    return f"ECE {shown(ece.mean, 2)}{spreading} %"


def _shares(panel: Axes, calibration: Content, place: int) -> None:
    """How the pixels spread over the bins."""
    pixels = numbers(calibration["pixels"])
    total = pixels.sum()
    share = np.where(pixels > 0, 100 * pixels / total, np.nan) if total else np.full(len(pixels), np.nan)
    panel.stairs(share, 100 * np.append(calibration["lower"], 1.0), baseline=None, **line(place))
