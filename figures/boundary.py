"""Error inside the boundary band and in the interior, for each width (Table 7)."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_diag.statistics.spread import spread
from pixcon_figures.palette import color
from pixcon_figures.saved import Content, by_group, legend_name, number, rounded
from pixcon_figures.style import NARROW, SMALL, WIDE, explain, footnote, new_figure

ZONES = ("band", "interior")
LABELLED = 3
"""Most groups for which every bar carries its value."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``boundary``: a panel per width, a bar per zone and group, its seeds' sample std as an error bar."""
    groups = by_group(content["results"])
    widths = content["results"][0]["boundary"]["widths"]
    figure = new_figure(NARROW if len(widths) == 1 else WIDE, 2.6)
    panels = figure.subplots(1, len(widths), sharey=True, squeeze=False)[0]
    for width_index, (panel, at) in enumerate(zip(panels, widths, strict=True)):
        for index, (name, members) in enumerate(groups.items()):
            rows = [result["boundary"]["widths"][width_index] for result in members]
            _bars(panel, rows, index, len(groups), legend_name(name, len(members)))
        share = rounded(100 * number(at["share"]), 1)
        panel.set_title(f"band of {at['width']} px, {share} % of the pixels{' *' * at['nearly_empty']}")
        panel.margins(y=0.1)
        panel.set_xticks(range(len(ZONES)), ZONES)
        panel.grid(axis="x", visible=False)
    panels[0].set_ylabel("wrong pixels (%)")
    explain(figure, panels[0].get_legend_handles_labels()[0], "upper")
    if any(at["nearly_empty"] for at in widths):
        footnote(figure, "* The band holds so few valid pixels that its error says little.")
    return {"boundary": figure}


def _bars(panel: Axes, rows: list[Content], index: int, groups: int, label: str) -> None:
    """The two bars of one group at one width."""
    errors = [spread([100 * number(row[zone]["error"]) for row in rows]) for zone in ZONES]
    size = 0.8 / groups
    at = np.arange(len(ZONES)) + (index - (groups - 1) / 2) * size
    hatch = "" if index == 0 else ("////", "....", "\\\\\\\\")[(index - 1) % 3]
    means, stds = [e.mean for e in errors], [e.std for e in errors]
    panel.bar(at, means, size, color=color(index), edgecolor="white", hatch=hatch, label=label)
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
