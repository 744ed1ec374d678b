"""Colours, distinguishable to the colour-blind (Okabe and Ito); a data set's own palette comes with its results."""

from collections.abc import Sequence
from typing import Any

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
"""Regressions are hatched too, as green and vermillion are the same grey."""

ERROR = "#FF0000"
"""Outlines of wrong regions, as in the paper's figures."""
VOID = "#FFFFFF"
MISSING = "0.85"
"""Ground of a matrix, which shows where a value is undefined."""
STARVED = VERMILLION

GROUPS = (BLUE, GREEN, ORANGE, PINK, SKY, VERMILLION, BLACK)
"""The baseline comes first and is blue."""
DASHES = ("-", "--", ":", "-.")
MARKERS = "osD^vP*"


def color(place: int) -> str:
    """Colour of the group at ``place``; they repeat after seven."""
    return GROUPS[place % len(GROUPS)]


def line(place: int) -> dict[str, Any]:
    """Colour and dashes of a group's line: other dashes where the colours start again."""
    return {"color": color(place), "linestyle": DASHES[place // len(GROUPS) % len(DASHES)]}


def class_colors(palette: Sequence[Sequence[int]]) -> list[tuple[float, float, float]]:
    """A data set's palette, 0..255 a channel, as colours of matplotlib's, 0..1."""
    return [(red / 255, green / 255, blue / 255) for red, green, blue in palette]
