"""Change of each class's IoU against the baseline, hardest class on top (Fig. 12)."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_diag.measures.per_class_tests import ALPHA
from pixcon_figures.palette import GAIN, REGRESSION, REGRESSION_HATCH, ink
from pixcon_figures.saved import Content, fill, number, numbers, rounded, wrap
from pixcon_figures.style import SMALL, WIDE, footnote, new_figure

MARKS = {"images": "*", "seeds": "†"}
"""Marks of classes that survive the tests over images and over seeds."""
MOST_ROWS = 50
"""Most classes in a panel; further ones continue in the next."""
COLUMNS = 3
BAR = 0.13
"""Height of a class, in inches."""
NOTE_LINE = 0.13
"""Height of a line of notes, in inches."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``per-class``: horizontal bars of Δ in points with the interval over images, all panels on one scale.

    Of several seeds each has a dot.

    A panel per method, or per 50 classes of one; classes without a Δ are left out and named below.
    """
    chunks = [(c, rows) for c in content["comparisons"] for rows in _chunks(c["per_class"]["rows"])]
    parts = len(chunks) // len(content["comparisons"])
    columns = parts if parts > 1 else min(len(chunks), COLUMNS)
    lines = -(-len(chunks) // columns)
    longest = max(len(rows) for _, rows in chunks)
    notes = _notes(content, 110 if columns > 1 else 55)
    below = NOTE_LINE * (2 + notes.count("\n"))
    figure = new_figure(WIDE if columns > 1 else WIDE / 2, lines * (0.6 + BAR * max(longest, 4)) + below)
    panels = figure.subplots(lines, columns, sharex=True, squeeze=False).ravel()
    for index, (panel, (comparison, rows)) in enumerate(zip(panels, chunks, strict=False)):
        _bars(panel, rows, comparison)
        panel.set_title(_title(comparison) if index % parts == 0 else "(continued)")
    for panel in panels[: len(chunks)]:
        panel.set_xlabel("Δ IoU (points)")
        panel.tick_params(labelbottom=True)
    for panel in panels[len(chunks) :]:
        panel.remove()
    footnote(figure, notes)
    return {"per-class": figure}


def _chunks(rows: list[Content]) -> list[list[Content]]:
    """Classes with a Δ in parts of nearly equal length; one empty part if there are none."""
    defined = [row for row in rows if row["delta"] is not None]
    parts = -(-len(defined) // MOST_ROWS) or 1
    size = -(-len(defined) // parts) or 1
    return [defined[start : start + size] for start in range(0, parts * size, size)]


def _bars(panel: Axes, rows: list[Content], comparison: Content) -> None:
    positions, deltas = np.arange(len(rows)), 100 * numbers(row["delta"] for row in rows)
    for sign, face, hatch in ((deltas >= 0, GAIN, ""), (deltas < 0, REGRESSION, REGRESSION_HATCH)):
        panel.barh(positions[sign], deltas[sign], 0.75, color=face, hatch=hatch, edgecolor="white")
    of_class = [comparison["intervals"][row["index"]] for row in rows]
    low, high = (100 * numbers(interval[end] for interval in of_class) for end in ("low", "high"))
    panel.errorbar(deltas, positions, xerr=(deltas - low, high - deltas), fmt="none", ecolor="0.2", elinewidth=0.7)
    for place, row in zip(positions, rows, strict=True):
        if len(row["seed_deltas"]) > 1:
            seeds = 100 * numbers(row["seed_deltas"])
            panel.plot(seeds, np.full(len(seeds), place), "o", color="0.2", markerfacecolor="white", markersize=2.5)
    panel.axvline(0, color=ink(), linewidth=0.6)
    panel.set_yticks(positions, [_label(row, comparison["tests"]) for row in rows], fontsize=SMALL)
    panel.set_ylim(max(len(rows), 1) - 0.4, -0.6)  # the hardest class on top
    panel.grid(axis="y", visible=False)
    panel.tick_params(axis="y", length=0)


def _label(row: Content, tests: list[Content]) -> str:
    """A class's name, with a mark for each kind of noise over which it survives Holm."""
    marks = "".join(MARKS[test["noise"]] for test in tests if number(test["holm"][row["index"]]) <= ALPHA)
    return f"{wrap(row['name'], 24, 2)}{marks}"


def _title(comparison: Content) -> str:
    net = 100 * number(comparison["per_class"]["mean"]["delta"])
    names = wrap(f"{comparison['other']} − {comparison['baseline']}:", 40)
    return f"{names} mIoU {rounded(net, 2, sign=True)}"


def _notes(content: Content, width: int) -> str:
    notes = ["Hatched: regressions. Whiskers: 95 % interval over images. Classes by the baseline's IoU, lowest on top."]
    if any(len(row["seed_deltas"]) > 1 for c in content["comparisons"] for row in c["per_class"]["rows"]):
        notes.append("Dots: Δ of each pair of seeds.")
    noises = dict.fromkeys(test["noise"] for c in content["comparisons"] for test in c["tests"])
    if noises:
        notes.append(f"{', '.join(f'{MARKS[noise]} over {noise}' for noise in noises)}: Δ survives Holm at {ALPHA:g}.")
    undefined = (c["per_class"]["undefined"] for c in content["comparisons"])
    notes += [f"Left out for lack of an IoU: {', '.join(names)}." for names in undefined if names]
    if any(c["per_class"].get("common") for c in content["comparisons"]):
        notes.append("mIoU: of each run over its classes, which differ between runs.")
    return fill(" ".join(dict.fromkeys(notes)), width)
