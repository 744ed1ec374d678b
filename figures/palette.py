"""Colour-blind-safe colours (Okabe and Ito); a data set's palette comes with its results."""

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
"""Regressions are also hatched, as green and vermillion print as the same grey."""

ERROR = "#FF0000"
"""Outlines of wrong regions, as in the paper's figures."""
VOID = "#FFFFFF"
MISSING = "0.85"
"""Background of a matrix, visible at undefined values."""
STARVED = VERMILLION

GROUPS = (BLUE, GREEN, ORANGE, PINK, SKY, VERMILLION, BLACK)
"""The baseline comes first and is blue."""
DASHES = ("-", "--", ":", "-.")
MARKERS = "osD^vP*"


def color(index: int) -> str:
    """Colour of group ``index``; colours repeat after seven."""
    return GROUPS[index % len(GROUPS)]


def line(index: int) -> dict[str, Any]:
    """Colour and dashes of a group's line: dashes change when the colours repeat."""
    return {"color": color(index), "linestyle": DASHES[index // len(GROUPS) % len(DASHES)]}


def class_colors(palette: Sequence[Sequence[int]]) -> list[tuple[float, float, float]]:
    """A data set's palette, 0..255 per channel, as matplotlib colours, 0..1."""
    return [(red / 255, green / 255, blue / 255) for red, green, blue in palette]
