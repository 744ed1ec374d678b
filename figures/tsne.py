"""t-SNE maps of pixel features in the data set's class colours (Fig. 11, top)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pixcon_figures.palette import class_colors
from pixcon_figures.saved import Content, rounded, wrap
from pixcon_figures.style import LETTER, WIDE, blank, explain, new_figure, page_width

MOST_NAMES = 40
"""Most classes named above the maps."""
COLUMNS = 3


def draw(content: Content, folder: Path) -> dict[str, Figure]:
    """``tsne``: a map per checkpoint, neighbour purity and silhouette in its title."""
    projections = content["projection"]["projections"]
    columns = min(len(projections), COLUMNS)
    rows = -(-len(projections) // columns)
    figure = new_figure(page_width(columns), 0.6 + rows * (WIDE / max(columns, 2) + 0.4))
    panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    draw_maps(panels, content, projections)
    for panel in panels[len(projections) :]:
        panel.remove()
    explain_classes(figure, content)
    return {"tsne": figure}


def draw_maps(panels: Sequence[Axes], content: Content, projections: Sequence[Content]) -> None:
    """One projection per panel; extra panels are left unchanged."""
    palette = class_colors(content["palette"])
    colors = [palette[label] for label in content["projection"]["labels"]]
    columns = panels[0].get_subplotspec().get_gridspec().ncols  # type: ignore[union-attr]
    letters = int(0.9 * page_width(columns) / columns / LETTER)
    for panel, projection in zip(panels, projections, strict=False):
        x, y = np.array(projection["positions"], dtype=float).reshape(-1, 2).T
        # Grey rings keep colours close to white visible.
        panel.scatter(x, y, s=8, c=colors, edgecolors="0.5", linewidths=0.15, rasterized=True)
        numbers = projection["separability"]
        purity = f"{numbers['neighbours']}-NN purity {rounded(numbers['purity'], 3)}"
        purity += f" (chance {rounded(numbers['chance'], 3)})"
        lines = (projection["name"], purity, f"silhouette {rounded(numbers['silhouette'], 3)}")
        panel.set_title("\n".join(wrap(line, letters) for line in lines))
        blank(panel)
        panel.spines[:].set_visible(True)
        panel.set(aspect="equal", adjustable="datalim", box_aspect=1, xlabel="", ylabel="")


def explain_classes(figure: Figure, content: Content) -> None:
    """Colours of the classes that were sampled, above the maps."""
    colors = class_colors(content["palette"])
    present = [k for k, count in enumerate(content["projection"]["counts"]) if count]
    if len(present) <= MOST_NAMES:
        explain(figure, [Patch(color=colors[k], label=content["classes"][k]) for k in present])
