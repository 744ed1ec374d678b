"""The style of all figures: sizes readable in print, fonts kept as text in PDFs."""

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
    """A context with the style of all figures and ``settings``, independent of the user's matplotlib settings."""
    return matplotlib.style.context({**RC, **settings}, after_reset=True)


class ShownFigure(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=SCREEN_DPI)
        return buffer.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure with constrained layout; sizes in inches."""
    return ShownFigure(figsize=(width, height), layout="constrained")


def page_width(columns: int) -> float:
    """Width of a figure of square panels; a single panel takes little more than a column."""
    return WIDE if columns > 1 else 1.3 * NARROW


def footnote(figure: Figure, text: str) -> None:
    """A line of text below the panels."""
    figure.supxlabel(text, x=0.01, ha="left", fontsize=SMALL, color="0.35")


def explain(figure: Figure, handles: Sequence[Any], side: Literal["upper", "lower"]) -> None:
    """A legend of artists above or below the panels, in as many columns as fit; none without handles."""
    if handles:
        loc: Any = f"outside {side} center"
        figure.legend(handles=handles, loc=loc, ncols=legend_columns(figure, handles))


def legend_columns(figure: Figure, handles: Sequence[Any]) -> int:
    """Columns that fit, by the longest label."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    return max(1, min(len(handles), int(figure.get_figwidth() / (KEY + LETTER * longest))))


def blank(axes: Axes) -> None:
    """Remove ticks, frame and grid."""
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
