from pathlib import Path

import numpy as np
import pytest

from pixcon_figures.geometry import draw, foreground_cosines
from tests.figures.saved_results import geometry, names, saved


def test_a_matrix_for_the_first_of_each_group_on_a_fixed_scale() -> None:
    content = geometry({"none": 2, "clean": 1})
    figure = draw(content, Path())["geometry"]
    *panels, bar = figure.axes
    first = content["results"][0]["geometry"]
    assert panels[0].get_title() == f"none (first of 2 seeds): mean cosine {first['mean_inter']:.3f}"
    assert panels[1].get_title().startswith("clean: ")
    assert [panel.images[0].get_clim() for panel in panels] == [(0, 1), (0, 1)]
    assert bar.get_ylim() == pytest.approx((0, 1))


def test_cells_of_a_small_matrix_hold_their_cosines() -> None:
    content = geometry({"none": 1})
    panel = draw(content, Path())["geometry"].axes[0]
    value = content["results"][0]["geometry"]["cosine"][1][2]
    assert (0, 1, f"{value:.2f}".replace("0.", ".").replace("-", "−")) in [
        (*text.get_position()[::-1], text.get_text()) for text in panel.texts
    ]
    assert len(panel.texts) == 4 * 3
    assert not draw(geometry({"none": 1}, classes=40), Path())["geometry"].axes[0].texts


def test_the_diagonal_is_blank_and_absent_classes_and_background_are_left_out() -> None:
    content = geometry({"none": 1})
    figure = draw(content, Path())["geometry"]
    panel = figure.axes[0]
    values = panel.images[0].get_array()
    assert (np.ma.getmaskarray(values) == np.eye(4, dtype=bool)).all()  # of 6 the last class has too few pixels
    assert values[0, 1] == content["results"][0]["geometry"]["cosine"][1][2]
    for labels in (panel.get_xticklabels(), panel.get_yticklabels()):
        assert [label.get_text() for label in labels] == names(6)[1:5]
    assert figure.get_supxlabel() == "Left out, as they have too few pixels: class 5."


def test_a_class_that_one_checkpoint_has_is_shown_for_all() -> None:
    content = geometry({"none": 1, "clean": 1})
    for row in content["results"][0]["geometry"]["cosine"]:
        row[1] = None
    content["results"][0]["geometry"]["cosine"][1] = [None] * 6
    none, clean, _ = draw(content, Path())["geometry"].axes
    assert none.images[0].get_array().mask[0].all() and not clean.images[0].get_array().mask[0, 1:].any()
    assert [label.get_text() for label in none.get_xticklabels()] == names(6)[1:5]


def test_many_classes_go_unnamed_and_many_groups_take_several_rows() -> None:
    content = geometry(dict.fromkeys("abcd", 1), classes=151)
    *panels, _ = draw(content, Path())["geometry"].axes
    assert len(panels) == 4 and len({panel.get_subplotspec().rowspan.start for panel in panels}) == 2
    assert [tick.get_text() for tick in panels[0].get_xticklabels()] == []
    assert "149 classes" in panels[0].get_xlabel()  # the last one has too few pixels


def test_a_matrix_without_a_known_cosine_is_blank() -> None:
    content = geometry({"none": 1}, classes=3)  # two foreground classes, one of them left out
    assert np.isnan(foreground_cosines(content["results"][0])).all()
    figure = draw(saved("geometry", results=content["results"]), Path())["geometry"]
    assert not figure.axes[0].images and not figure.axes[0].get_xticklabels()
    assert figure.axes[0].get_title().endswith("mean cosine –")
