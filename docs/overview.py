"""Draw the picture at the head of the README from a report of two methods: contamination curve and error grid.

Run: python docs/overview.py report docs/overview.png
"""

import sys
from io import BytesIO
from pathlib import Path

from matplotlib.figure import SubFigure
from PIL import Image

from pixcon_figures.contamination import draw_curve, threshold_axis
from pixcon_figures.qualitative import draw_row, read_row
from pixcon_figures.saved import Content, by_group, read_saved
from pixcon_figures.style import SMALL, WIDE, new_figure, style

HEIGHT = 2.9
"""Inches; the width is a page's."""
DPI = 190
TAUS = ("0", "0.5", "0.8", "0.9", "0.95", "0.98", "0.99")
IMAGES = 3
"""Rows of the grid."""


def main(report: Path, target: Path) -> None:
    """Draw the picture from ``report``, a folder that `pixcon-diag report` wrote."""
    with style():
        figure = new_figure(WIDE, HEIGHT)
        figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
        left, right = figure.subfigures(1, 2, width_ratios=(1, 0.93))
        draw_curves(left, read_saved(report, "contamination"))
        draw_grid(right, read_saved(report, "qualitative"), report)
        drawn = BytesIO()
        figure.savefig(drawn, format="png", dpi=DPI)
    Image.open(drawn).convert("RGB").quantize(256).save(target, optimize=True)  # a third of the size


def draw_curves(panel: SubFigure, content: Content) -> None:
    """Retention and ρ_F over τ, one line per method."""
    upper, lower = panel.subplots(2, 1, sharex=True)
    for place, (name, members) in enumerate(by_group(content["results"]).items()):
        for seed, result in enumerate(members):
            label = name if seed == 0 else None
            draw_curve(upper, result["contamination"], "retention", label, place)
            draw_curve(lower, result["contamination"], "rho_f", label, place)
    upper.set(ylabel="retention (%)", ylim=(0, 102))
    lower.set(ylabel=r"contamination $\rho_F$ (%)")
    lower.set_ylim(bottom=0)
    threshold_axis(lower, TAUS)
    lower.set_xlabel(r"confidence threshold $\tau$")
    panel.align_ylabels()
    upper.legend(loc="lower left")


def draw_grid(panel: SubFigure, content: Content, report: Path) -> None:
    """Input, target and predictions of the first images, a row each."""
    images = content["images"][:IMAGES]
    heads = ["input", "target", *content["methods"]]
    grid = panel.subplots(len(images), len(heads), squeeze=False)
    for axes, saved in zip(grid, images, strict=True):
        draw_row(axes, read_row(report, saved["files"], content["void"]), saved, content)
        axes[0].set_xlabel("")
    for axes, head in zip(grid[0], heads, strict=True):
        axes.set_title(head, fontsize=SMALL, pad=2)
    panel.supxlabel("outlined: regions that are wrong", fontsize=SMALL, color="0.35")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
