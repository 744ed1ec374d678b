"""Cosines between class centroids (Fig. 11, bottom)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from pixcon_figures.palette import MISSING
from pixcon_figures.saved import Content, first_of_groups, numbers, rounded
from pixcon_figures.style import WIDE, new_figure, page_width

MOST_NAMES = 30
"""Most classes named on the axes; the CSV names all."""
COLUMNS = 3
COLORS = "viridis"


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``geometry``: the matrix of the first checkpoint of each group, all on one colour scale."""
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
    """One matrix per panel and one colour bar for all; extra panels are left unchanged."""
    matrices = [foreground_cosines(result) for _, result in results]
    defined = np.concatenate([matrix[~np.isnan(matrix)] for matrix in matrices])
    low, high = (defined.min(), defined.max()) if len(defined) else (0.0, 1.0)
    for panel, matrix, (name, result) in zip(panels, matrices, results, strict=False):
        _matrix(panel, matrix, [result["classes"][k] for k in result["foreground"]], low, high)
        panel.set_title(f"{name}: mean cosine {rounded(result['geometry']['mean_inter'], 3)}")
    used = list(panels[: len(matrices)])
    scale = ScalarMappable(Normalize(low, high), COLORS)
    figure.colorbar(scale, ax=used, label="cosine of class centroids", shrink=0.7, pad=0.01, panchor=False)


def foreground_cosines(result: Content) -> np.ndarray:
    """(F, F) cosines of the foreground classes' centroids, NaN on the diagonal and for classes left out."""
    cosine = np.stack([numbers(row) for row in result["geometry"]["cosine"]])
    foreground: np.ndarray = cosine[np.ix_(result["foreground"], result["foreground"])]
    np.fill_diagonal(foreground, np.nan)
    return foreground


def _matrix(panel: Axes, matrix: np.ndarray, names: list[str], low: float, high: float) -> None:
    labels = names if len(names) <= MOST_NAMES else False
    sns.heatmap(
        matrix,
        mask=np.isnan(matrix),
        vmin=low,
        vmax=high,
        cmap=COLORS,
        square=True,
        cbar=False,
        xticklabels=labels,
        yticklabels=labels,
        rasterized=True,
        ax=panel,
    )
    panel.set_facecolor(MISSING)
    panel.grid(False)
    panel.tick_params(length=0)
    if labels:
        panel.tick_params(axis="x", labelrotation=90)
        panel.tick_params(axis="y", labelrotation=0)
    else:
        panel.set_xlabel(f"{len(names)} classes, in class order")
