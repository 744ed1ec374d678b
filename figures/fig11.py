"""Feature geometry in one picture, as the paper's Fig. 11: t-SNE maps above centroid matrices."""

from matplotlib.figure import Figure

from pixcon_figures.geometry import draw_matrices
from pixcon_figures.saved import Content, by_group, first_of_groups
from pixcon_figures.style import WIDE, new_figure, page_width
from pixcon_figures.tsne import draw_maps, explain_classes


def draw_together(tsne: Content, geometry: Content) -> dict[str, Figure]:
    """``fig11``: a column for each checkpoint (a group's first) that is in both results; nothing if none is.

    The same name is not enough: one of the two results may lie there from other weights or other images.
    """
    groups = by_group(geometry["results"])
    measured = {name: _measured(members[0]["provenance"]) for name, members in groups.items()}
    own = {name: _measured(provenance) for name, provenance in tsne["provenance"].items()}
    projections = [
        each for each in tsne["projection"]["projections"] if measured.get(each["name"]) == own[each["name"]]
    ]
    if not projections:
        return {}
    matrices = [pair for each in projections for pair in first_of_groups(groups[each["name"]])]
    figure = new_figure(page_width(len(projections)), 1.5 + 1.6 * WIDE / max(len(projections), 2))
    maps, below = figure.subplots(2, len(projections), squeeze=False).tolist()
    draw_maps(maps, tsne, projections)
    draw_matrices(figure, below, matrices)
    explain_classes(figure, tsne)
    return {"fig11": figure}


def _measured(provenance: Content) -> tuple[str, ...]:
    """Which weights on which images."""
    checkpoint, data = provenance["checkpoint"], provenance["data"]
    return checkpoint["sha256"], checkpoint["weights"], data["dataset"], data["list_sha256"], data["root"]
