"""How every figure looks: print-readable sizes, and fonts that a PDF keeps as text."""

import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, Literal

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

NARROW = 3.4
"""Width of one column of a two-column page, in inches."""
WIDE = 7.0
"""Width of the whole page, in inches."""

SMALL = 7
"""Smallest font, in points."""
LETTER = 0.055
"""Width of one of its letters, in inches."""
KEY = 0.55
"""Width of a legend's key and the space around it."""

RC = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.4,
    "grid.color": "0.88",
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "patch.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "errorbar.capsize": 1.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "pdf.fonttype": 42,  # TrueType, so that text in a PDF can be searched and edited
    "ps.fonttype": 42,
}

SCREEN_DPI = 100


def style(settings: Mapping[str, Any] = MappingProxyType({})) -> AbstractContextManager[None]:
    """The style within a block, whatever the reader's own settings are; figures are drawn and saved in it.

    ``settings`` of matplotlib are added to it.
    """
    return matplotlib.style.context({**RC, **settings}, after_reset=True)


class ShownFigure(Figure):
    """A figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=SCREEN_DPI)
        return buffer.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches, whose parts make room for each other."""
    return ShownFigure(figsize=(width, height), layout="constrained")


def page_width(columns: int) -> float:
    """Width of a figure of square panels: of one panel alone not much more than a column's."""
    return WIDE if columns > 1 else 1.3 * NARROW


def say_under(figure: Figure, text: str) -> None:
    """A line below everything else: what a reader must know and the axes do not show."""
    figure.supxlabel(text, x=0.01, ha="left", fontsize=SMALL, color="0.35")


def explain(figure: Figure, handles: Sequence[Any], where: Literal["upper", "lower"]) -> None:
    """A legend of artists above or below the panels, in as many columns as fit; none where there is no handle."""
    if handles:
        loc: Any = f"outside {where} center"
        figure.legend(handles=handles, loc=loc, ncols=legend_columns(figure, handles))


def legend_columns(figure: Figure, handles: Sequence[Any]) -> int:
    """Columns that fit, by the longest label."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    return max(1, min(len(handles), int(figure.get_figwidth() / (KEY + LETTER * longest))))


def blank(axes: Axes) -> None:
    """Take away what an image does not need: ticks, frame and grid."""
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
