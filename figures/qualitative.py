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
from pixcon_figures.palette import OUTLINE, OUTLINE_EDGE, VOID, class_colors
from pixcon_figures.saved import Content, number, rounded, shorten, wrap
from pixcon_figures.style import LETTER, SMALL, WIDE, blank, explain, footnote, new_figure
from pixcon_train.core.files import plain_name
from pixcon_train.data.images import read_image
from pixcon_train.data.masks import read_indices

ONE_BLOCK = 3
"""Most images in one block; more make two blocks side by side."""
GAP = 0.12
"""Gap between blocks, in panel widths."""
CAPTION = 0.14
"""Height of the line below a row, in inches."""
LINE = 0.15
"""Height of a line of a head, in inches."""
NOTE = 0.3
"""Height of the note below, in inches."""


class Row(NamedTuple):
    """The arrays of one image."""

    image: np.ndarray
    """(H, W, 3) uint8."""
    target: np.ndarray
    """(H, W) class indices and void."""
    predictions: list[np.ndarray]


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``qualitative``: input | ground truth | predictions, a row per image; panels are the PNGs next to the JSON.

    More than three images make two blocks; wins and losses are in blocks of their own. No figure without an image.

    Raises:
        DataError: a PNG is missing or damaged.
    """
    if not content["images"]:
        return {}
    rows = [read_row(folder, saved["files"], content["void"]) for saved in content["images"]]
    blocks = _blocks(content)
    letters = int(_panel_width(2 + len(content["methods"]), len(blocks)) / LETTER)
    heads = [wrap(name, letters, 6) for name in ("input", "ground truth", *content["methods"])]
    figure, cells = _grid(rows, blocks, len(heads), 2 + max(head.count("\n") for head in heads))
    for block, cells_of_block in zip(blocks, cells, strict=True):
        for k, axes in zip(block.images, cells_of_block, strict=True):
            draw_row(axes, rows[k], content["images"][k], content, letters)
        for panel, head in zip(cells_of_block[0], heads, strict=True):
            panel.set_title(head, fontsize=SMALL, pad=2)
        if block.title:
            cells_of_block[0][0].set_title(f"{block.title}\n{heads[0]}", fontsize=SMALL, pad=2)
    explain(figure, _legend(rows, content))
    footnote(figure, _note(content))
    return {"qualitative": figure}


class Block(NamedTuple):
    """Images one below the other."""

    images: list[int]
    title: str = ""


def _blocks(content: Content) -> list[Block]:
    """Wins beside losses; otherwise two blocks if there are many images."""
    places = list(range(len(content["images"])))
    if content["rank_by"] == "both":
        deltas = [number(image["delta"]) for image in content["images"]]
        halves = (
            Block([k for k in places if deltas[k] < 0], "WINS"),
            Block([k for k in places if deltas[k] > 0], "LOSSES"),
        )
        return [block for block in halves if block.images]
    if len(places) <= ONE_BLOCK:
        return [Block(places)]
    half = -(-len(places) // 2)
    return [Block(places[:half]), Block(places[half:])]


def read_row(folder: Path, files: Content, void: int) -> Row:
    """The panels of one image, from the PNGs beside the JSON; ``void`` is their largest value."""
    maps = [read_indices(_panel(folder, file), largest=void) for file in (files["truth"], *files["predictions"])]
    return Row(read_image(_panel(folder, files["image"])), maps[0], maps[1:])


def _panel(folder: Path, name: str) -> Path:
    """A panel's path by its name in the JSON.

    Raises:
        ValueError: it would lie outside of ``folder``.
    """
    return folder.joinpath(*map(plain_name, name.split("/")))


def _panel_width(panels: int, blocks: int) -> float:
    """Width of a panel, in inches."""
    return WIDE / (blocks * panels + (blocks - 1) * GAP)


def _grid(
    rows: Sequence[Row], blocks: Sequence[Block], panels: int, head_lines: int
) -> tuple[Figure, list[list[list[Axes]]]]:
    """The axes of each image of each block; a row of the grid is as high as its tallest image."""
    width = _panel_width(panels, len(blocks))
    longest = max(len(block.images) for block in blocks)
    ratios = [[rows[k].target.shape[0] / rows[k].target.shape[1] for k in block.images] for block in blocks]
    heights = [max(block[row] for block in ratios if row < len(block)) * width + CAPTION for row in range(longest)]
    columns = [1.0] * panels if len(blocks) == 1 else [*[1.0] * panels, GAP, *[1.0] * panels]
    figure = new_figure(WIDE, sum(heights) + LINE * (head_lines + 1) + NOTE)
    figure.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=0.0, hspace=0.0)
    grid = figure.add_gridspec(longest, len(columns), width_ratios=columns, height_ratios=heights)
    return figure, [
        [
            [figure.add_subplot(grid[row, place * (panels + 1) + column]) for column in range(panels)]
            for row in range(len(block.images))
        ]
        for place, block in enumerate(blocks)
    ]


def draw_row(axes: Sequence[Axes], row: Row, saved: Content, content: Content, letters: int = 24) -> None:
    """Draw one image into its panels, wrong regions outlined, with its name and the shares of wrong pixels below.

    Args:
        axes: the panels: input, target, predictions.
        row: the arrays of the image.
        saved: its record in ``content``.
        content: the result.
        letters: letters of the image's name that fit below its panel.
    """
    colors = _lookup(content)
    axes[0].imshow(row.image)
    axes[0].set_xlabel(shorten(PurePosixPath(saved["name"]).stem, letters), fontsize=SMALL, labelpad=1)
    axes[1].imshow(colors[row.target], interpolation="nearest")
    errors = (saved["error_baseline"], saved["error_other"])
    for panel, prediction, error in zip(axes[2:], row.predictions, errors, strict=False):
        panel.imshow(colors[prediction], interpolation="nearest")
        _outline(panel, prediction, row.target, content)
        panel.set_xlabel(f"{rounded(100 * number(error), 1)} % wrong", fontsize=SMALL, labelpad=1)
    for panel in axes:
        blank(panel)
        panel.set_anchor("N")


def _lookup(content: Content) -> np.ndarray:
    """(V + 1, 3) colour of each label up to void, V; void and labels outside the classes are white."""
    table = np.tile(to_rgb(VOID), (content["void"] + 1, 1))
    table[: len(content["palette"])] = class_colors(content["palette"])
    table[content["void"]] = to_rgb(VOID)
    return table


def _outline(panel: Axes, prediction: np.ndarray, target: np.ndarray, content: Content) -> None:
    """Outline wrong regions in black between white lines, of which one shows on any class's colour."""
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
        np.arange(-1, width + 1), np.arange(-1, height + 1), wrong, levels=[0.5], colors=OUTLINE, linewidths=0.6
    )
    lines.set_path_effects([withStroke(linewidth=1.6, foreground=OUTLINE_EDGE)])
    panel.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _legend(rows: Sequence[Row], content: Content) -> list[Patch]:
    """The classes that occur, and void."""
    maps = [labels for row in rows for labels in (row.target, *row.predictions)]
    colors = class_colors(content["palette"])
    handles = [
        Patch(facecolor=colors[k], label=content["classes"][k]) for k in occurring_classes(maps, content["void"])
    ]
    return [*handles, Patch(facecolor=VOID, edgecolor="0.5", label="void")]


def _note(content: Content) -> str:
    """What is outlined, what the numbers are, and which images these are."""
    note = (
        f"Outlined: wrong regions of at least {100 * content['min_share']:g} % of the image; smaller ones are not "
        "outlined. Below a prediction: its wrong pixels, as a share of the valid ones."
    )
    if content["rank_by"] == "both":
        baseline, other = content["methods"]
        note += f" Wins: images on which {other} has a smaller share than {baseline}; losses: a larger one."
    return note
