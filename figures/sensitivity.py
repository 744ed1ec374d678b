"""Best mIoU over each hyperparameter's values, the others at their base value (Table 10)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import BLUE, ORANGE
from pixcon_figures.saved import Content, number, numbers, rounded, shorten, wrap
from pixcon_figures.style import NARROW, SMALL, WIDE, footnote, new_figure

COLUMNS = 3


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``sensitivity``: a panel per hyperparameter, all on one scale; the base marked, peak epochs by the points."""
    result = content["sensitivity"]
    columns = min(len(result["axes"]), COLUMNS)
    rows = -(-len(result["axes"]) // columns)
    figure = new_figure(NARROW if columns == 1 else WIDE, 0.3 + 2.4 * rows)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for panel, axis in zip(panels.ravel(), result["axes"], strict=False):
        _axis(panel, axis)
    for panel in panels.ravel()[len(result["axes"]) :]:
        panel.remove()
    for panel in panels[:, 0]:
        panel.set_ylabel(f"best {'EMA' if result['weights'] == 'ema' else 'student'} mIoU (%)")
    base = "Diamond and bold value: the base setting. " if result["base"] else "The base setting is unknown. "
    footnote(figure, base + "Hollow: one run, no spread known. ep: epoch of the best mIoU.")
    return {"sensitivity": figure}


def _axis(panel: Axes, axis: Content) -> None:
    """Settings of one hyperparameter, evenly spaced in order; only numbers are joined, as categories have no order."""
    settings = axis["settings"]
    if all(
        isinstance(setting["value"], int | float) and not isinstance(setting["value"], bool) for setting in settings
    ):
        panel.plot(100 * numbers(setting["mean"] for setting in settings), color=BLUE, linewidth=0.8)
    for index, setting in enumerate(settings):
        _setting(panel, index, setting)
    panel.set_xticks(range(len(settings)), [_value(setting["value"]) for setting in settings])
    for tick, setting in zip(panel.get_xticklabels(), settings, strict=True):
        tick.set_fontweight("bold" if setting["is_base"] else "normal")
    panel.set(xlabel=wrap(axis["hyperparameter"]), title=f"spread {rounded(100 * number(axis['spread']), 2)} points")
    panel.set_xlim(-0.6, len(settings) - 0.4)
    panel.margins(y=0.2)


def _setting(panel: Axes, index: int, setting: Content) -> None:
    """Mean ± sample std over seeds, the single seeds if there are several, and the peak epochs."""
    mean, std = 100 * number(setting["mean"]), 100 * number(setting["std"])
    marker, color = ("D", ORANGE) if setting["is_base"] else ("o", BLUE)
    if len(setting["best"]) > 1:
        best = 100 * numbers(setting["best"])
        panel.plot(np.full(len(best), index), best, "_", color="0.4", markersize=6)
    face = color if len(setting["best"]) > 1 else "white"
    panel.errorbar(
        index, mean, std, marker=marker, color=color, markerfacecolor=face, markersize=5, elinewidth=0.8, zorder=3
    )
    top = mean if np.isnan(std) else mean + std
    panel.annotate(
        f"ep {_epochs(setting['peak_epochs'])}",
        (index, top),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        fontsize=SMALL,
        color="0.3",
        bbox={"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
    )


def _epochs(peaks: Sequence[int]) -> str:
    """One epoch, or the range over seeds."""
    return str(peaks[0]) if len(set(peaks)) == 1 else f"{min(peaks)}–{max(peaks)}"


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else shorten(str(value), 12)
