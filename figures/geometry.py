"""Cosines between class centroids (Fig. 11, bottom)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from pixcon_figures.palette import MISSING
from pixcon_figures.saved import Content, first_of_groups, numbers, rounded, wrap
from pixcon_figures.style import LETTER, SMALL, WIDE, footnote, new_figure, page_width

MOST_NAMES = 30
"""Most classes named on the axes; the CSV names all."""
COLUMNS = 3
COLORS = "viridis"
SCALE = Normalize(0, 1)
"""Of every figure, so that a colour means the same in all of them; a negative cosine has the lowest colour."""
CELL = 0.21
"""Smallest cell that holds its number, in inches."""
DARK = 0.55
"""Cosine below which a number is white on its colour."""


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``geometry``: the matrix of the first checkpoint of each group, all on one fixed colour scale."""
    results = first_of_groups(content["results"])
    columns = min(len(results), COLUMNS)
    rows = -(-len(results) // columns)
    figure = new_figure(page_width(columns), rows * (0.85 * WIDE / max(columns, 2) + 0.5))
    panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    draw_matrices(figure, panels, results)
    for panel in panels[len(results) :]:
        panel.remove()
    return {"geometry": figure}


def draw_matrices(figure: Figure, panels: Sequence[Axes], results: Sequence[tuple[str, Content]]) -> None:
    """One matrix per panel and one colour bar for all; extra panels are left unchanged.

    Classes without a cosine in any of the results are left out, and named below if they are few.
    """
    absent = _absent([result for _, result in results])
    columns = max(panel.get_subplotspec().colspan.stop for panel in panels)  # type: ignore[union-attr]
    side = 0.75 * figure.get_figwidth() / columns
    for panel, (name, result) in zip(panels, results, strict=False):
        kept = [index for index, k in enumerate(result["foreground"]) if result["classes"][k] not in absent]
        matrix = foreground_cosines(result)[np.ix_(kept, kept)]
        _matrix(panel, matrix, [result["classes"][result["foreground"][index]] for index in kept])
        if side / max(len(kept), 1) >= CELL:
            _write_numbers(panel, matrix)
        title = wrap(f"{name}: mean cosine {rounded(result['geometry']['mean_inter'], 3)}", int(1.2 * side / LETTER))
        panel.set_title(title)
    used = list(panels[: len(results)])
    bar = figure.colorbar(
        ScalarMappable(SCALE, COLORS), ax=used, label="cosine of class centroids", shrink=0.7, pad=0.01, panchor=False,
        extend="min",
    )  # fmt: skip
    bar.ax.grid(False)
    if absent:
        named = ", ".join(absent) if len(absent) <= MOST_NAMES else f"{len(absent)} classes"
        footnote(
            figure, wrap(f"Left out, as they have too few pixels: {named}.", int(figure.get_figwidth() / LETTER), 8)
        )


def _absent(results: Sequence[Content]) -> list[str]:
    """Names of the foreground classes without a cosine in any result, in class order."""
    known: dict[str, bool] = {}
    for result in results:
        defined = ~np.isnan(foreground_cosines(result)).all(1)
        for k, present in zip(result["foreground"], defined, strict=True):
            name = result["classes"][k]
            known[name] = known.get(name, False) or bool(present)
    return [name for name, present in known.items() if not present]


def foreground_cosines(result: Content) -> np.ndarray:
    """(F, F) cosines of the foreground classes' centroids, NaN on the diagonal and for classes left out."""
    cosine = np.stack([numbers(row) for row in result["geometry"]["cosine"]])
    foreground: np.ndarray = cosine[np.ix_(result["foreground"], result["foreground"])]
    np.fill_diagonal(foreground, np.nan)
    return foreground


def _matrix(panel: Axes, matrix: np.ndarray, names: list[str]) -> None:
    panel.set_facecolor(MISSING)
    panel.grid(False)
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)
    if not names:
        panel.set(xticks=[], yticks=[])
        return
    panel.imshow(np.ma.masked_invalid(matrix), norm=SCALE, cmap=COLORS, interpolation="nearest")
    if len(names) > MOST_NAMES:
        panel.set(xticks=[], yticks=[], xlabel=f"{len(names)} classes, in class order")
        return
    panel.set_xticks(range(len(names)), names, rotation=90)
    panel.set_yticks(range(len(names)), names)


def _write_numbers(panel: Axes, matrix: np.ndarray) -> None:
    """Each cosine with two decimals in its cell, without the zero before the point."""
    for (row, column), value in np.ndenumerate(matrix):
        if not np.isnan(value):
            text = rounded(value, 2).replace("0.", ".")
            shade = "white" if value < DARK else "black"
            panel.text(column, row, text, ha="center", va="center", fontsize=SMALL, color=shade)
