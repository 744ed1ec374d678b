import pytest

from pixcon_figures.fig11 import draw_together
from tests.figures.saved_results import geometry, tsne


def test_maps_stand_above_the_matrices_of_the_same_checkpoints() -> None:
    figure = draw_together(tsne(["none", "other", "clean"]), geometry({"clean": 1, "none": 2, "absent": 1}))["fig11"]
    *panels, _ = figure.axes
    titles = [panel.get_title() for panel in panels]
    assert [title.split("\n")[0] for title in titles[:2]] == ["none", "clean"]
    assert [title.split(":")[0] for title in titles[2:]] == ["none (first of 2 seeds)", "clean"]
    assert {panel.images[0].get_clim() for panel in panels[2:]} == {(0, 1)}


def test_nothing_in_common_is_no_figure() -> None:
    assert draw_together(tsne(["none"]), geometry({"clean": 1})) == {}


@pytest.mark.parametrize(
    ("part", "key"), [("checkpoint", "sha256"), ("checkpoint", "weights"), ("data", "list_sha256")]
)
def test_a_result_left_over_from_other_weights_or_images_is_not_in_it(part: str, key: str) -> None:
    maps, centroids = tsne(["none", "clean"]), geometry({"none": 1, "clean": 1})
    maps["provenance"]["none"][part][key] = "another"
    titles = [panel.get_title() for panel in draw_together(maps, centroids)["fig11"].axes]
    assert titles[0].startswith("clean") and not [title for title in titles if title.startswith("none")]
