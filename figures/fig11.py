"""Feature geometry in one picture, as the paper's Fig. 11: t-SNE maps above centroid matrices."""

from matplotlib.figure import Figure

from pixcon_figures.geometry import draw_matrices
from pixcon_figures.saved import Content, by_group, first_of_groups
from pixcon_figures.style import WIDE, new_figure, page_width
from pixcon_figures.tsne import draw_maps, explain_classes


def draw_together(tsne: Content, geometry: Content) -> dict[str, Figure]:
    """``fig11``: a column for each checkpoint (a group's first) that is in both results; nothing if none is.

    Weights and images must match, not just names: one result may be left from an earlier run.
    """
    groups = by_group(geometry["results"])
    measured = {name: _measured(members[0]["provenance"]) for name, members in groups.items()}
    projected = {name: _measured(provenance) for name, provenance in tsne["provenance"].items()}
    projections = [p for p in tsne["projection"]["projections"] if measured.get(p["name"]) == projected[p["name"]]]
    if not projections:
        return {}
    matrices = [pair for p in projections for pair in first_of_groups(groups[p["name"]])]
    figure = new_figure(page_width(len(projections)), 1.5 + 1.6 * WIDE / max(len(projections), 2))
    maps, below = figure.subplots(2, len(projections), squeeze=False).tolist()
    draw_maps(maps, tsne, projections)
    draw_matrices(figure, below, matrices)
    explain_classes(figure, tsne)
    return {"fig11": figure}


def _measured(provenance: Content) -> tuple[str, ...]:
    """Identity of the weights and the images."""
    checkpoint, data = provenance["checkpoint"], provenance["data"]
    return checkpoint["sha256"], checkpoint["weights"], data["dataset"], data["list_sha256"], data["root"]
