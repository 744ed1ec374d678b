"""Pixels of each class that the rule admits to the bank, and classes without any (Sec. 3.2, G.3)."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.palette import BLACK, BLUE, SKY, STARVED
from pixcon_figures.saved import Content, first_of_groups, numbers
from pixcon_figures.style import WIDE, explain, new_figure

MOST_NAMES = 50
"""Most classes named on the axis; the CSV names all."""
FLOOR = 0.6
"""Bottom of the logarithmic axis, so that a single pixel shows."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``coverage``: a panel for the first checkpoint of each group, a bar per class; eligible pixels and bank entries.

    Starved classes carry a cross, hollow if no image contains the class.
    """
    results = first_of_groups(content["results"])
    figure = new_figure(WIDE, 0.7 + 1.6 * len(results))
    panels = figure.subplots(len(results), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for panel, (name, result) in zip(panels, results, strict=True):
        _bars(panel, result["coverage"])
        _starved(panel, result["coverage"])
        if result["stored_bank"]:
            _stored(panel, result["stored_bank"])
        panel.set(ylabel="pixels", title=f"{name}, rule {result['rule']}: {_summary(result)}")
    _class_axis(panels[-1], results[0][1]["classes"])
    entries = {label: handle for p in panels for handle, label in zip(*p.get_legend_handles_labels(), strict=True)}
    explain(figure, list(entries.values()), "upper")
    return {"coverage": figure}


def _bars(panel: Axes, coverage: Content) -> None:
    """Entries in front of the eligible pixels, of which they are a part."""
    classes = coverage["classes"]
    positions = np.arange(len(classes["fill"]))
    panel.bar(positions, classes["eligible"], 0.8, color=SKY, label="eligible pixels")
    panel.bar(positions, classes["fill"], 0.8, color=BLUE, label="entries in the bank")
    panel.axhline(coverage["bank_size"], color=BLACK, linewidth=0.6, linestyle=":", label="capacity $N$")
    panel.set_yscale("log")
    panel.set_ylim(bottom=FLOOR)
    panel.grid(axis="x", visible=False)


def _starved(panel: Axes, coverage: Content) -> None:
    absent = set(coverage["absent"])
    kinds = {"starved class": ("X", STARVED), "starved, and in no image": ("X", "white")}
    for (label, (marker, face)), members in zip(
        kinds.items(), ([k for k in coverage["starved"] if k not in absent], sorted(absent)), strict=True
    ):
        if members:
            heights = np.full(len(members), 1.2 * FLOOR)
            panel.plot(
                members, heights, marker, color=STARVED, markerfacecolor=face, markersize=5, clip_on=False, label=label
            )


def _stored(panel: Axes, bank: Content) -> None:
    fill = numbers(bank["fill"])
    panel.plot(
        np.where(fill > 0, fill, np.nan), "_", color=BLACK, markersize=5, label="entries in the checkpoint's bank"
    )


def _summary(result: Content) -> str:
    coverage, total = result["coverage"], len(result["classes"])
    filled = f"{coverage['with_entry']} of {total} classes with an entry, {coverage['at_capacity']} at capacity"
    wrong = result.get("bank", {}).get("rho_f")  # a metric alone gives no bank
    return filled if wrong is None else rf"{filled}, $\rho_F$ {100 * wrong:.2f} %"


def _class_axis(panel: Axes, classes: list[str]) -> None:
    panel.set_xlim(-0.7, len(classes) - 0.3)
    if len(classes) > MOST_NAMES:
        panel.set_xlabel(f"class index ({len(classes)} classes)")
        return
    panel.set_xticks(range(len(classes)), classes, rotation=45, ha="right", rotation_mode="anchor")
