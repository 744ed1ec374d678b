"""Model size against mIoU: published methods by encoder family, own runs as stars (Fig. 7)."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from pixcon_figures.palette import BLACK, BLUE, GREEN, MARKERS, ORANGE, PINK, SKY
from pixcon_figures.saved import Content, number, shorten
from pixcon_figures.style import LETTER, SMALL, WIDE, explain, footnote, new_figure

FAMILIES = {"ResNet": SKY, "MiT": PINK, "CLIP": ORANGE, "DINOv2": BLUE}
OTHER_FAMILY = BLACK
RUN_COLOR = GREEN
TICKS = (1, 2, 5, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000, 2000)
"""Millions of parameters."""
HEIGHT = 4.4
LINE = 0.125
"""Height of a label, in inches."""
MARK = 0.07
"""Half the size of a mark, in inches."""
LEADER = {"arrowstyle": "-", "linewidth": 0.3, "color": "0.6", "shrinkA": 0, "shrinkB": 0}
"""Line from a name to its point."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``landscape``: mIoU over millions of parameters; stars: own runs."""
    result = content["landscape"]
    figure = new_figure(WIDE, HEIGHT)
    panel = figure.subplots()
    for point in result["points"]:
        _point(panel, point)
    _axes(panel, result)
    entries = dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True))
    explain(figure, list(entries.values()))
    sources = [f"{point['name']}: mIoU {point['miou_source']}." for point in result["points"] if point["own"]]
    footnote(figure, "\n".join([*result["notes"], *sources]))
    _label(figure, panel, result["points"])  # last, as it depends on the layout
    return {"landscape": figure}


def _point(panel: Axes, point: Content) -> None:
    x, y = number(point["parameters"]), 100 * number(point["miou"])
    if point["own"]:
        panel.plot(x, y, "*", markersize=12, color=RUN_COLOR, label="own run", linestyle="", zorder=4)
        return
    marker = MARKERS[list(FAMILIES).index(point["family"])] if point["family"] in FAMILIES else "x"
    color = FAMILIES.get(point["family"], OTHER_FAMILY)
    panel.plot(x, y, marker, markersize=5, color=color, label=point["family"], linestyle="", zorder=3)


def _axes(panel: Axes, result: Content) -> None:
    sizes = [number(point["parameters"]) for point in result["points"]]
    panel.set_xscale("log")
    low, high = min(sizes), max(sizes)
    panel.set_xlim(0.85 * low, high * max(1.5, (high / low) ** 0.4))  # room for the labels of the largest
    panel.margins(y=0.08)
    panel.xaxis.set_major_locator(FixedLocator(TICKS))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    panel.set(xlabel="parameters (millions)", ylabel="mIoU (%)", title=result["setting"])


def _label(figure: Figure, panel: Axes, points: Sequence[Content]) -> None:
    """Names beside their points, from the lowest up, each at the nearest free height."""
    figure.draw_without_rendering()  # fixes the layout
    positions = [(number(point["parameters"]), 100 * number(point["miou"])) for point in points]
    edge = panel.get_window_extent().x0 / figure.dpi
    inches = [panel.transData.transform(at) / figure.dpi for at in positions]
    occupied = [Box(x - MARK, x + MARK, y, MARK) for x, y in inches]
    for point, at, (x, y) in sorted(zip(points, positions, inches, strict=True), key=lambda item: item[1][1]):
        name = shorten(point["name"], 40)
        near, far = 1.5 * MARK, 1.5 * MARK + LETTER * len(name)
        sides = (Box(x + near, x + far, y, LINE / 2), Box(x - far, x - near, y, LINE / 2))
        box = _free([side for side in sides if side.right > x or side.left > edge], occupied)
        occupied.append(box)
        on_the_right = box.left > x
        panel.annotate(
            name,
            at,
            xytext=(72 * near if on_the_right else -72 * near, 72 * (box.y - y)),
            textcoords="offset points",
            ha="left" if on_the_right else "right",
            va="center",
            fontsize=SMALL,
            arrowprops=LEADER | {"relpos": (0 if on_the_right else 1, 0.5)},
        )


class Box(NamedTuple):
    """Area of a name or a mark, in inches."""

    left: float
    right: float
    y: float
    half: float
    """Half its height."""

    def covers(self, other: "Box") -> bool:
        """Whether the two overlap."""
        beside = self.right <= other.left or other.right <= self.left
        return not beside and abs(self.y - other.y) < self.half + other.half


def _free(boxes: Sequence[Box], occupied: Sequence[Box]) -> Box:
    """The box with the smallest shift up or down that overlaps none of ``occupied``."""
    shifts = (sign * step * LINE / 4 for step in itertools.count() for sign in (1, -1))
    moved = (box._replace(y=box.y + shift) for shift in shifts for box in boxes)
    return next(box for box in moved if not any(box.covers(other) for other in occupied))
