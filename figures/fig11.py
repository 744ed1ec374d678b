"""Feature geometry in one picture, as the paper's Fig. 11: t-SNE maps above centroid matrices."""

from matplotlib.figure import Figure

from pixcon_figures.geometry import draw_matrices
from pixcon_figures.saved import Content, by_group, first_of_groups
from pixcon_figures.style import WIDE, new_figure, page_width
from pixcon_figures.tsne import draw_maps, explain_classes


def draw_together(tsne: Content, geometry: Content) -> dict[str, Figure]:
    """``fig11``: a column for each checkpoint (a group's first) that is in both results; nothing if none is."""
    groups = by_group(geometry["results"])
    projections = [each for each in tsne["projection"]["projections"] if each["name"] in groups]
    if not projections:
        return {}
    matrices = [pair for each in projections for pair in first_of_groups(groups[each["name"]])]
    figure = new_figure(page_width(len(projections)), 1.5 + 1.6 * WIDE / max(len(projections), 2))
    maps, below = figure.subplots(2, len(projections), squeeze=False).tolist()
    draw_maps(maps, tsne, projections)
    draw_matrices(figure, below, matrices)
    explain_classes(figure, tsne)
    return {"fig11": figure}
