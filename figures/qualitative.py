"""Input, ground truth and predictions with their errors outlined (Figs. 5, 6, 9, 10)."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from pixcon_diag.measures.error_regions import error_regions
from pixcon_diag.measures.qualitative import occurring_classes
from pixcon_figures.palette import ERROR, VOID, class_colors
from pixcon_figures.saved import Content, number, rounded, shorten
from pixcon_figures.style import LETTER, SMALL, WIDE, blank, explain, legend_columns, new_figure
from pixcon_train.data.images import read_image
from pixcon_train.data.masks import read_indices

ONE_BLOCK = 3
"""Most images in one block; more make two blocks side by side."""
GAP = 0.12
"""Gap between blocks, in panel widths."""
CAPTION = 0.14
"""Height of the line below a row, in inches."""
LINE = 0.15
"""Height of a line of the legend, in inches."""


class Row(NamedTuple):
    """The arrays of one image."""

    image: np.ndarray
    """(H, W, 3) uint8."""
    target: np.ndarray
    """(H, W) class indices and void."""
    predictions: list[np.ndarray]


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``qualitative``: input | ground truth | predictions, a row per image; panels are the PNGs next to the JSON.

    Raises:
        DataError: a PNG is missing or damaged.
    """
    rows = [read_row(folder, saved["files"]) for saved in content["images"]]
    heads = ["input", "ground truth", *content["methods"]]
    handles = _strip(rows, content)
    figure, cells = _grid(rows, len(heads), handles)
    per_block = _per_block(len(rows))
    for k, (axes, row, saved) in enumerate(zip(cells, rows, content["images"], strict=True)):
        draw_row(axes, row, saved, content)
        if k % per_block == 0:
            most = _letters(len(cells[0]), len(rows))
            for panel, head in zip(axes, heads, strict=True):
                panel.set_title(shorten(head, most), fontsize=SMALL, pad=2)
    explain(figure, handles, "lower")
    return {"qualitative": figure}


def read_row(folder: Path, files: Content) -> Row:
    """The panels of one image, from the PNGs beside the JSON."""
    return Row(
        read_image(folder / files["image"]),
        np.array(read_indices(folder / files["truth"])),
        [np.array(read_indices(folder / file)) for file in files["predictions"]],
    )


def _per_block(images: int) -> int:
    """Rows of a block."""
    return images if images <= ONE_BLOCK else -(-images // 2)


def _panel_width(panels: int, images: int) -> float:
    """Width of a panel, in inches."""
    return WIDE / panels if images <= ONE_BLOCK else WIDE / (2 * panels + GAP)


def _letters(panels: int, images: int) -> int:
    """Letters that fit above or below a panel."""
    return int(_panel_width(panels, images) / LETTER)


def _grid(rows: Sequence[Row], panels: int, handles: Sequence[Patch]) -> tuple[Figure, list[list[Axes]]]:
    """The axes of each image; a row of the grid is as high as its tallest image."""
    per_block = _per_block(len(rows))
    ratios = [row.target.shape[0] / row.target.shape[1] for row in rows]
    width = _panel_width(panels, len(rows))
    heights = [max(ratios[k::per_block]) * width + CAPTION for k in range(per_block)]
    blocks = [1.0] * panels if len(rows) <= ONE_BLOCK else [*[1.0] * panels, GAP, *[1.0] * panels]
    figure = new_figure(WIDE, sum(heights) + CAPTION)
    figure.set_figheight(figure.get_figheight() + LINE * -(-len(handles) // legend_columns(figure, handles)))
    figure.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=0.0, hspace=0.0)
    grid = figure.add_gridspec(max(per_block, 1), len(blocks), width_ratios=blocks, height_ratios=heights or None)
    return figure, [
        [figure.add_subplot(grid[k % per_block, k // per_block * (panels + 1) + column]) for column in range(panels)]
        for k in range(len(rows))
    ]


def draw_row(axes: Sequence[Axes], row: Row, saved: Content, content: Content) -> None:
    """Draw one image into its panels, wrong regions outlined, with its name and the error rates below."""
    colors = _lookup(content)
    most = _letters(len(axes), len(content["images"]))
    axes[0].imshow(row.image)
    axes[0].set_xlabel(shorten(PurePosixPath(saved["name"]).stem, most), fontsize=SMALL, labelpad=1)
    axes[1].imshow(colors[row.target], interpolation="nearest")
    errors = (saved["error_baseline"], saved["error_other"])
    for panel, prediction, error in zip(axes[2:], row.predictions, errors, strict=False):
        panel.imshow(colors[prediction], interpolation="nearest")
        _outline(panel, prediction, row.target, content)
        panel.set_xlabel(f"{rounded(100 * number(error), 1)} %", fontsize=SMALL, labelpad=1)
    for panel in axes:
        blank(panel)
        panel.set_anchor("N")


def _lookup(content: Content) -> np.ndarray:
    """(256, 3) colour of each label; void and labels outside the classes are white."""
    table = np.tile(to_rgb(VOID), (256, 1))
    table[: len(content["palette"])] = class_colors(content["palette"])
    table[content["void"]] = to_rgb(VOID)
    return table


def _outline(panel: Axes, prediction: np.ndarray, target: np.ndarray, content: Content) -> None:
    """Outline wrong regions in red on white, as a data set may have red classes."""
    regions = error_regions(
        prediction,
        target,
        void=content["void"],
        min_share=content["min_share"],
    )
    if not regions.sizes:
        return
    height, width = target.shape
    # A margin of correct pixels closes the outline of a region at the image's border.
    wrong = np.pad(regions.outlined, 1).astype(float)
    lines = panel.contour(
        np.arange(-1, width + 1), np.arange(-1, height + 1), wrong, levels=[0.5], colors=ERROR, linewidths=0.7
    )
    lines.set_path_effects([withStroke(linewidth=1.3, foreground="white")])
    panel.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _strip(rows: Sequence[Row], content: Content) -> list[Patch]:
    """Legend of the classes that occur."""
    maps = [labels for row in rows for labels in (row.target, *row.predictions)]
    colors = class_colors(content["palette"])
    handles = [
        Patch(facecolor=colors[k], label=content["classes"][k]) for k in occurring_classes(maps, content["void"])
    ]
    handles.append(Patch(facecolor=VOID, edgecolor="0.5", label="void"))
    return [*handles, Patch(facecolor="none", edgecolor=ERROR, label="outline: wrong")]
