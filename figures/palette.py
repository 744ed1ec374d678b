"""Colour-blind-safe colours (Okabe and Ito); a data set's palette comes with its results."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl

BLUE, GREEN, ORANGE, PINK, SKY, VERMILLION, BLACK = (
    "#0072B2",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#000000",
)

GAIN = GREEN
REGRESSION = VERMILLION
REGRESSION_HATCH = "//////"
"""Regressions are also hatched, as green and vermillion print as the same grey."""

OUTLINE, OUTLINE_EDGE = "#000000", "#FFFFFF"
"""Outlines of wrong regions and their edges: together visible on every class colour."""
VOID = "#FFFFFF"
MISSING = "0.85"
"""Background of a matrix, visible at undefined values."""
STARVED = VERMILLION

GROUPS = (BLUE, GREEN, ORANGE, PINK, SKY, VERMILLION, BLACK)
"""The baseline comes first and is blue."""
DASHES = ("-", "--", ":", "-.")
MARKERS = "osD^vP*X"


def color(index: int) -> str:
    """Colour of group ``index``, from the style's cycle of colours; :data:`GROUPS` unless the user's style has one."""
    cycle = mpl.rcParams["axes.prop_cycle"].by_key().get("color", GROUPS)
    return str(cycle[index % len(cycle)])


def ink() -> str:
    """Colour of reference lines: that of the text, so that they show on any background."""
    return str(mpl.rcParams["text.color"])


def line(index: int) -> dict[str, Any]:
    """Colour and dashes of a group's line; neighbours differ in both, so that they are told apart without colour."""
    return {"color": color(index), "linestyle": DASHES[index % len(DASHES)]}


def marker(index: int) -> str:
    """Shape of a group's points."""
    return MARKERS[index % len(MARKERS)]


def class_colors(palette: Sequence[Sequence[int]]) -> list[tuple[float, float, float]]:
    """A data set's palette, 0..255 per channel, as matplotlib colours, 0..1."""
    return [(red / 255, green / 255, blue / 255) for red, green, blue in palette]
