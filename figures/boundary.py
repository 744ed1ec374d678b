"""Error inside the boundary band and in the interior, for each width (Table 7)."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_diag.statistics import spread
from pixcon_figures.palette import color
from pixcon_figures.saved import Content, by_group, called, number, shown
from pixcon_figures.style import NARROW, SMALL, WIDE, explain, new_figure, say_under

ZONES = ("band", "interior")
LABELLED = 3
"""Up to so many groups every bar has its number above it."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``boundary``: a panel per width, a bar per zone and group, its seeds' sample std as an error bar."""
    groups = by_group(content["results"])
    widths = content["results"][0]["boundary"]["widths"]
    figure = new_figure(NARROW if len(widths) == 1 else WIDE, 2.6)
    panels = figure.subplots(1, len(widths), sharey=True, squeeze=False)[0]
    for index, (panel, at) in enumerate(zip(panels, widths, strict=True)):
        for place, (name, members) in enumerate(groups.items()):
            rows = [result["boundary"]["widths"][index] for result in members]
            _bars(panel, rows, place, len(groups), called(name, len(members)))
        share = shown(100 * number(at["share"]), 1)
        panel.set_title(f"band of {at['width']} px, {share} % of the pixels{' *' * at['nearly_empty']}")
        panel.margins(y=0.1)
        panel.set_xticks(range(len(ZONES)), ZONES)
        panel.grid(axis="x", visible=False)
    panels[0].set_ylabel("wrong pixels (%)")
    explain(figure, panels[0].get_legend_handles_labels()[0], "upper")
    if any(at["nearly_empty"] for at in widths):
        say_under(figure, "* So small a share of the valid pixels that the band's error says little.")
    return {"boundary": figure}


def _bars(panel: Axes, rows: list[Content], place: int, groups: int, label: str) -> None:
    """One group's two bars of one width."""
    errors = [spread([100 * number(row[zone]["error"]) for row in rows]) for zone in ZONES]
    size = 0.8 / groups
    at = np.arange(len(ZONES)) + (place - (groups - 1) / 2) * size
    hatch = "" if place == 0 else ("////", "....", "\\\\\\\\")[(place - 1) % 3]
    means, stds = [e.mean for e in errors], [e.std for e in errors]
    panel.bar(at, means, size, color=color(place), edgecolor="white", hatch=hatch, label=label)
    panel.errorbar(at, means, stds, fmt="none", ecolor="0.2", elinewidth=0.8)
    for x, mean, std in zip(at, means, stds, strict=True):
        if groups <= LABELLED and np.isfinite(mean):
            panel.annotate(
                f"{mean:.1f}",
                (x, np.nansum((mean, std))),
                (0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=SMALL,
            )
