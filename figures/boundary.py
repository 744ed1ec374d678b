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
    """``boundary``: a panel per width, a bar per zone and group.

    Error bars: the sample std over several seeds, and the interval over images of a single one.
    """
    groups = by_group(content["results"])
    widths = content["results"][0]["boundary"]["widths"]
    figure = new_figure(NARROW if len(widths) == 1 else WIDE, 2.6)
    panels = figure.subplots(1, len(widths), sharey=True, squeeze=False)[0]
    for width_index, (panel, at) in enumerate(zip(panels, widths, strict=True)):
        for index, (name, members) in enumerate(groups.items()):
            _bars(panel, members, width_index, index, len(groups), legend_name(name, len(members)))
        share = rounded(100 * number(at["share"]), 1)
        panel.set_title(f"band of {at['width']} px, {share} % of the pixels{' *' * at['nearly_empty']}")
        panel.margins(y=0.1)
        panel.set_xticks(range(len(ZONES)), ZONES)
        panel.grid(axis="x", visible=False)
    panels[0].set_ylabel("wrong pixels (%)")
    explain(figure, panels[0].get_legend_handles_labels()[0])
    notes = ["Error bars: 95 % interval over images; of several seeds, their sample std."]
    if any(at["nearly_empty"] for at in widths):
        notes.append("* The band holds so few valid pixels that its error says little.")
    footnote(figure, " ".join(notes))
    return {"boundary": figure}


def _bars(panel: Axes, members: list[Content], width: int, index: int, groups: int, label: str) -> None:
    """The two bars of one group at the width with the index ``width``."""
    rows = [member["boundary"]["widths"][width] for member in members]
    errors = [spread([100 * number(row[zone]["error"]) for row in rows]) for zone in ZONES]
    size = 0.8 / groups
    at = np.arange(len(ZONES)) + (index - (groups - 1) / 2) * size
    hatch = "" if index == 0 else ("////", "....", "\\\\\\\\")[(index - 1) % 3]
    means = np.array([error.mean for error in errors])
    reach = np.array([[error.std] * 2 for error in errors])
    if len(members) == 1 and "intervals" in members[0]:  # a metric alone knows no images
        ends = [[100 * number(members[0]["intervals"][width][zone][end]) for end in ("low", "high")] for zone in ZONES]
        reach = np.abs(np.array(ends) - means[:, None])
    panel.bar(at, means, size, color=color(index), edgecolor="white", hatch=hatch, label=label)
    panel.errorbar(at, means, reach.T, fmt="none", ecolor="0.2", elinewidth=0.8)
    for x, mean, std in zip(at, means, reach[:, 1], strict=True):
        if groups <= LABELLED and np.isfinite(mean):
            panel.annotate(
                f"{mean:.1f}",
                (x, np.nansum((mean, std))),
                (0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=SMALL,
            )
