"""The style of all figures: sizes readable in print, fonts kept as text in PDFs."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.fonts import DEFAULT
from pixcon_figures.palette import GROUPS
from pixcon_figures.saved import fill
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.hints import hint
from pixcon_train.core.paths import is_file

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
    "font.family": DEFAULT,
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
    "axes.prop_cycle": cycler(color=GROUPS),
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "patch.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "errorbar.capsize": 1.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "pdf.fonttype": 42,  # TrueType, so that text in a PDF can be searched and edited
    "ps.fonttype": 42,
    "svg.hashsalt": "pixcon",  # the same drawing gets the same ids
}
OWN_LAYOUT = {"figure.autolayout": False, "figure.constrained_layout.use": False, "text.usetex": False}
"""Settings that a style cannot change: each figure states its layout, which is made once, and no name is run by TeX."""

SCREEN_DPI = 100
LEGEND_LINE = 0.15
"""Height of a line of a legend, in inches."""
PRINT_LINE = 0.125
"""Height of a line of small print, in inches."""


@contextmanager
def style(name: str | None = None, fallback: Sequence[str] = ()) -> Iterator[None]:
    """A context with the style of all figures, independent of the user's matplotlib settings.

    Args:
        name: a style of matplotlib or the path of an ``.mplstyle`` file, whose settings take precedence.
        fallback: fonts for characters that the style's font lacks.

    Raises:
        ConfigError: there is no such style, or its file is not valid.
    """
    user = [] if name is None else [known_style(name)]
    with matplotlib.style.context([RC, *user, OWN_LAYOUT], after_reset=True):
        # The fallback is for characters that the default font lacks, so that font comes before it.
        mpl.rcParams["font.family"] = list(dict.fromkeys([*mpl.rcParams["font.family"], DEFAULT, *fallback]))
        if fallback:
            # Many of them have PostScript outlines, which a PDF can embed only as Type 3; the text remains searchable.
            # (matplotlib 3.11 reads ``ps.fonttype`` for PDF files too.)
            mpl.rcParams.update({"pdf.fonttype": 3, "ps.fonttype": 3})
        yield


def known_style(name: str) -> Any:
    """What matplotlib takes as the style ``name``: a name of its own, or the settings of a file.

    Raises:
        ConfigError: there is no such style, or its file is not valid.
    """
    if name in matplotlib.style.available or name == "default":
        return name
    path = Path(name)
    if not is_file(path):
        raise ConfigError(
            f"No style of matplotlib is called '{name}'{hint(name, matplotlib.style.available)}, and no such file "
            f"exists. Give the path of an .mplstyle file or one of: {', '.join(matplotlib.style.available)}."
        )
    try:
        return mpl.rc_params_from_file(path, fail_on_error=True, use_default_template=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"The style {name} cannot be used: {error}. Expected lines `setting: value`.") from None


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
    """Text below the panels, each of its lines wrapped to the width of the figure."""
    width = int(figure.get_figwidth() / LETTER)
    lines = [fill(line, width) for line in text.splitlines()]
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=SMALL, color="0.45")


def small_print(figure: Figure, text: str) -> None:
    """``text`` below everything else, wrapped; the figure grows by its height, and the panels keep theirs."""
    before = figure.get_supxlabel()
    footnote(figure, "\n".join(filter(None, (before, text))))
    more = figure.get_supxlabel().count("\n") - before.count("\n") + (not before)
    figure.set_figheight(figure.get_figheight() + PRINT_LINE * more)


def explain(figure: Figure, handles: Sequence[Any]) -> None:
    """A legend of artists above the panels, in as many columns as fit; none without handles.

    The figure grows by its lines after the first.
    """
    if handles:
        figure.set_figheight(figure.get_figheight() + LEGEND_LINE * (_legend_lines(figure, handles) - 1))
        loc: Any = "outside upper center"  # matplotlib's types lack the places outside
        figure.legend(handles=handles, loc=loc, ncols=_columns(handles, figure.get_figwidth()))


def explain_panel(panel: Axes, width: float) -> None:
    """The legend of a panel's own labels above it, where it hides no curve; ``width`` in inches."""
    handles = panel.get_legend_handles_labels()[0]
    if handles:
        panel.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=_columns(handles, width))


def _columns(handles: Sequence[Any], width: float) -> int:
    """Columns that fit, by the longest line of a label."""
    longest = max(len(line) for handle in handles for line in str(handle.get_label()).splitlines() or [""])
    return max(1, min(len(handles), int(width / (KEY + LETTER * longest))))


def _legend_lines(figure: Figure, handles: Sequence[Any]) -> int:
    """Lines of text in a legend above the panels."""
    rows = -(-len(handles) // _columns(handles, figure.get_figwidth()))
    return rows * max((str(handle.get_label()).count("\n") + 1 for handle in handles), default=1)


def blank(axes: Axes) -> None:
    """Remove ticks, frame and grid."""
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
