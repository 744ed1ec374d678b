"""Retention and contamination over the threshold, and the calibration of the confidence."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from pixcon_diag.statistics.spread import spread
from pixcon_figures.palette import ink, line, marker
from pixcon_figures.saved import Content, by_group, legend_name, number, numbers, rounded
from pixcon_figures.style import NARROW, WIDE, explain, new_figure
from pixcon_figures.verdict import draw_verdict

TAUS = ("0", "0.5", "0.7", "0.9", "0.95", "0.99", "0.999", "0.9999", "0.99999", "0.999999")
"""Tick labels of the axis."""
FEW = 0.001
"""Retention below which a threshold is not worth an axis."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``contamination``: retention and ρ_F over τ; ``reliability``: accuracy over confidence, with ECE; ``verdict``:
    intervals of ρ_F against 1 − τ, which a metric's own counts do not give."""
    groups = by_group(content["results"])
    figures = {"contamination": _curves(groups), "reliability": _reliability(groups)}
    judged = all("verdict" in result for result in content["results"])
    return figures | ({"verdict": draw_verdict(groups)} if judged else {})


def _curves(groups: dict[str, list[Content]]) -> Figure:
    figure = new_figure(WIDE, 4.2)
    panels = figure.subplots(2, 1, sharex=True)
    for panel, key, label in zip(panels, ("retention", "rho_f"), ("retention (%)", r"$\rho_F$ (%)"), strict=True):
        for index, (name, members) in enumerate(groups.items()):
            for seed, result in enumerate(members):
                label_once = legend_name(name, len(members)) if seed == 0 else None
                draw_curve(panel, result["contamination"], key, label_once, index)
        panel.set(ylabel=label)
        panel.set_ylim(bottom=0)
    results = [result["contamination"] for members in groups.values() for result in members]
    curves = [zip(result["curve"]["tau"], result["curve"]["retention"], strict=True) for result in results]
    marked = [at["tau"] for result in results for at in result["thresholds"]]
    threshold_axis(panels[1], shown_taus((pair for curve in curves for pair in curve), marked))
    explain(figure, panels[0].get_legend_handles_labels()[0])
    return figure


def draw_curve(panel: Axes, result: Content, key: str, label: str | None, index: int) -> None:
    """The curve of one checkpoint, with a mark at each reported threshold."""
    tau = numbers(result["curve"]["tau"])
    below = tau < 1  # τ = 1 is infinitely far on the axis
    shape = {"marker": marker(index), **line(index)}
    panel.plot(1 - tau[below], 100 * numbers(result["curve"][key])[below], label=label, markevery=[], **shape)
    marked = [at for at in result["thresholds"] if at["tau"] < 1]
    values = numbers(at["overall"][key] for at in marked)
    panel.plot([1 - at["tau"] for at in marked], 100 * values, **{**shape, "linestyle": ""})


def shown_taus(retention: Iterable[tuple[float, float | None]], marked: Sequence[float] = ()) -> Sequence[str]:
    """The ticks of :data:`TAUS` up to the first one at which hardly a pixel is retained, or past all ``marked``.

    Args:
        retention: τ and retention at every point of every curve.
        marked: thresholds that must be on the axis.
    """
    kept = [tau for tau, share in retention if share is not None and share >= FEW and tau < 1]
    last = max([*kept, *(tau for tau in marked if tau < 1)], default=0.0)
    end = next((index for index, tick in enumerate(TAUS) if float(tick) >= last), len(TAUS) - 1)
    return TAUS[: max(end, 1) + 1]


def threshold_axis(panel: Axes, taus: Sequence[str] = TAUS) -> None:
    """An axis of τ, logarithmic in 1 − τ up to the last of ``taus``, as teachers saturate close to 1."""
    ticks = [1 - float(tau) for tau in taus]
    panel.set_xscale("log")
    panel.set_xlim(1, ticks[-1])
    panel.xaxis.set_major_locator(FixedLocator(ticks))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticklabels(taus)
    panel.set_xlabel(r"threshold $\tau$ (spaced by $\log(1-\tau)$)")


def _reliability(groups: dict[str, list[Content]]) -> Figure:
    figure = new_figure(NARROW, 4.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 100], [0, 100], color=ink(), linewidth=0.6, linestyle=":")
    for index, (name, members) in enumerate(groups.items()):
        calibrations = [result["contamination"]["calibration"] for result in members]
        label = f"{legend_name(name, len(members))}\n{_ece([calibration['ece'] for calibration in calibrations])}"
        for seed, calibration in enumerate(calibrations):
            confidence, accuracy = numbers(calibration["confidence"]), numbers(calibration["accuracy"])
            defined = ~np.isnan(confidence)  # the line skips empty bins
            upper.plot(
                100 * confidence[defined],
                100 * accuracy[defined],
                marker=marker(index),
                label=label if seed == 0 else None,
                **line(index),
            )
            _shares(lower, calibration, index)
    upper.set(ylabel="accuracy (%)", xlim=(0, 100), ylim=(0, 100))
    explain(figure, upper.get_legend_handles_labels()[0])
    lower.set(xlabel="mean confidence of the bin (%)", ylabel="pixels (%)", yscale="log")
    return figure


def _ece(values: list[float | None]) -> str:
    ece = spread([100 * number(value) for value in values])
    spreading = "" if len(values) == 1 else f" ± {rounded(ece.std, 2)}"
    return f"ECE {rounded(ece.mean, 2)}{spreading} %"


def _shares(panel: Axes, calibration: Content, index: int) -> None:
    """The share of pixels in each bin."""
    pixels = numbers(calibration["pixels"])
    total = pixels.sum()
    share = np.where(pixels > 0, 100 * pixels / total, np.nan) if total else np.full(len(pixels), np.nan)
    panel.stairs(share, 100 * np.append(calibration["lower"], 1.0), baseline=None, **line(index))
