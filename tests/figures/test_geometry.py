from pathlib import Path

import numpy as np
import pytest

from pixcon_figures.geometry import draw, foreground_cosines
from tests.figures.saved_results import geometry, names, saved


def test_a_matrix_for_the_first_of_each_group_on_one_scale() -> None:
    content = geometry({"none": 2, "clean": 1})
    figure = draw(content, Path())["geometry"]
    *panels, bar = figure.axes
    first = content["results"][0]["geometry"]
    assert panels[0].get_title() == f"none (first of 2 seeds): mean cosine {first['mean_inter']:.3f}"
    assert panels[1].get_title().startswith("clean: ")
    limits = [panel.collections[0].get_clim() for panel in panels]
    assert len(panels) == 2 and limits[0] == limits[1]
    everything = np.concatenate([foreground_cosines(content["results"][i]).ravel() for i in (0, 2)])
    assert limits[0] == (np.nanmin(everything), np.nanmax(everything))
    assert bar.get_ylim() == pytest.approx(limits[0])


def test_the_diagonal_and_classes_left_out_are_blank_and_background_is_not_shown() -> None:
    content = geometry({"none": 1})
    panel = draw(content, Path())["geometry"].axes[0]
    drawn = np.ma.getmaskarray(panel.collections[0].get_array()).reshape(5, 5)
    expected = np.eye(5, dtype=bool)
    expected[-1] = expected[:, -1] = True  # the last class has too few pixels
    assert (drawn == expected).all()
    values = panel.collections[0].get_array().reshape(5, 5)
    assert values[0, 1] == content["results"][0]["geometry"]["cosine"][1][2]
    for labels in (panel.get_xticklabels(), panel.get_yticklabels()):
        assert [label.get_text() for label in labels] == names(6)[1:]


def test_many_classes_go_unnamed_and_many_groups_take_several_rows() -> None:
    content = geometry(dict.fromkeys("abcd", 1), classes=151)
    *panels, _ = draw(content, Path())["geometry"].axes
    assert len(panels) == 4 and len({panel.get_subplotspec().rowspan.start for panel in panels}) == 2
    assert [tick.get_text() for tick in panels[0].get_xticklabels()] == []
    assert "150 classes" in panels[0].get_xlabel()


def test_a_matrix_without_a_known_cosine_is_blank() -> None:
    content = geometry({"none": 1}, classes=3)  # two foreground classes, one of them left out
    assert np.isnan(foreground_cosines(content["results"][0])).all()
    figure = draw(saved("geometry", results=content["results"]), Path())["geometry"]
    assert figure.axes[0].collections[0].get_array().mask.all()
    assert figure.axes[0].get_title().endswith("mean cosine –")
