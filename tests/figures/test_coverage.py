from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pixcon_figures.coverage import draw
from tests.figures.saved_results import Content, coverage, names


def figure(content: Content) -> Figure:
    return draw(content, Path())["coverage"]


def marked(panel: Axes, label: str) -> list[int]:
    return [int(x) for line in panel.lines if line.get_label() == label for x in line.get_xdata()]


def of(panel: Axes, what: str) -> list[Line2D]:
    return [line for line in panel.lines if line.get_gid() == what]


def title(panel: Axes) -> str:
    return panel.get_title(loc="left").replace("\n", " ")


def test_a_mark_per_class_for_eligible_pixels_and_entries_on_a_logarithmic_axis() -> None:
    content = coverage({"clean": 1})
    (panel,) = figure(content).axes
    classes = content["results"][0]["coverage"]["classes"]
    for key in ("eligible", "fill"):
        (line,) = of(panel, key)
        assert [y for y in line.get_ydata() if y == y] == [count for count in classes[key] if count]
    assert of(panel, "eligible")[0].get_markerfacecolor() == "white" != of(panel, "fill")[0].get_markerfacecolor()
    assert panel.get_yscale() == "log"
    assert [tick.get_text() for tick in panel.get_xticklabels()] == names(6)
    (capacity,) = (line for line in panel.lines if "capacity" in str(line.get_label()))
    assert set(capacity.get_ydata()) == {20}


def test_starved_classes_are_marked_and_those_in_no_image_told_apart() -> None:
    content = coverage({"clean": 1})
    assert content["results"][0]["coverage"]["starved"] == [4, 5]
    (panel,) = figure(content).axes
    assert marked(panel, "starved class") == [4]
    assert marked(panel, "starved, and in no image") == [5]


def test_the_stored_bank_is_marked_only_with_the_rule_that_filled_it() -> None:
    content = coverage({"clean": 1}, stored=True)
    content["results"].append({**content["results"][0], "rule": "confidence"})
    drawn = figure(content)
    clean, confidence = drawn.axes
    (line,) = of(clean, "stored")
    assert list(line.get_ydata())[1:] == [1, 2, 3, 4, 5] and of(confidence, "stored") == []
    label = "entries in the stored bank"
    assert label in [text.get_text() for text in drawn.legends[0].get_texts()]
    assert of(figure(coverage({"clean": 1})).axes[0], "stored") == []


def test_a_panel_per_rule_with_the_first_checkpoint_of_each_method() -> None:
    content = coverage({"none": 2, "clean": 1})
    clean = content["results"][-1]["coverage"]
    content["results"][-1]["coverage"] = {**clean, "with_entry": 3}
    content["results"] += [{**result, "rule": "labeled", "coverage": clean} for result in content["results"]]
    drawn = figure(content)
    assert [len(of(panel, "fill")) for panel in drawn.axes] == [2, 1]  # `labeled` is the same for both
    assert title(drawn.axes[0]) == (
        "rule clean: none (first of 2 seeds): 4 of 6 classes with an entry, 4 at capacity; "
        "clean: 3 of 6 classes with an entry, 4 at capacity"
    )
    assert title(drawn.axes[1]).startswith("rule labeled: all: 4 of 6")
    points = of(drawn.axes[0], "fill")
    assert points[0].get_marker() != points[1].get_marker() and points[0].get_color() != points[1].get_color()


@pytest.mark.parametrize("rules", [1, 4, 6])
def test_the_figure_stays_on_a_page(rules: int) -> None:
    content = coverage({"none": 1, "clean": 1})
    content["results"] = [{**result, "rule": f"rule {k}"} for result in content["results"] for k in range(rules)]
    assert 72 * figure(content).get_figheight() <= 450


def test_many_classes_go_unnamed() -> None:
    (panel,) = figure(coverage({"clean": 1}, classes=150)).axes
    assert len(of(panel, "fill")[0].get_xdata()) == 150
    assert not {tick.get_text() for tick in panel.get_xticklabels()} & set(names(150))
    assert "150 classes" in panel.get_xlabel()


def test_the_contamination_of_the_bank_is_in_its_title() -> None:
    content = coverage({"clean": 1})
    content["results"][0]["bank"] = {"rho_f": 0.0123}
    assert title(figure(content).axes[0]).endswith(r"at capacity, $\rho_F$ 1.23 %")
