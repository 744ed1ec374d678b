from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixcon_figures.coverage import draw
from tests.figures.saved_results import Content, coverage, names


def figure(content: Content) -> Figure:
    return draw(content, Path())["coverage"]


def marked(panel: Axes, label: str) -> list[int]:
    return [int(x) for line in panel.lines if line.get_label() == label for x in line.get_xdata()]


def test_a_bar_per_class_for_eligible_pixels_and_entries_on_a_logarithmic_axis() -> None:
    content = coverage({"clean": 1})
    (panel,) = figure(content).axes
    eligible, fill = panel.containers
    classes = content["results"][0]["coverage"]["classes"]
    assert [bar.get_height() for bar in eligible] == classes["eligible"]
    assert [bar.get_height() for bar in fill] == classes["fill"]
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


def test_the_checkpoint_s_own_bank_is_marked_where_there_is_one() -> None:
    (panel,) = figure(coverage({"clean": 1}, stored=True)).axes
    label = "entries in the checkpoint's bank"
    (line,) = (line for line in panel.lines if line.get_label() == label)
    assert list(line.get_ydata())[1:] == [1, 2, 3, 4, 5]
    assert label not in [line.get_label() for line in figure(coverage({"clean": 1})).axes[0].lines]


def test_a_panel_per_group_and_rule_of_its_first_checkpoint() -> None:
    content = coverage({"none": 2, "clean": 1})
    more = [{**result, "rule": "labeled"} for result in content["results"]]
    content["results"] += more
    titles = [panel.get_title() for panel in figure(content).axes]
    assert [title.split(":")[0] for title in titles] == [
        "none (first of 2 seeds), rule clean",
        "none (first of 2 seeds), rule labeled",
        "clean, rule clean",
        "clean, rule labeled",
    ]
    assert titles[0].endswith("4 of 6 classes with an entry, 4 at capacity")


def test_many_classes_go_unnamed() -> None:
    (panel,) = figure(coverage({"clean": 1}, classes=150)).axes
    assert len(panel.containers[0]) == 150
    assert not {tick.get_text() for tick in panel.get_xticklabels()} & set(names(150))
    assert "150 classes" in panel.get_xlabel()


def test_the_contamination_of_the_bank_is_in_its_title() -> None:
    content = coverage({"clean": 1})
    content["results"][0]["bank"] = {"rho_f": 0.0123}
    assert figure(content).axes[0].get_title().endswith(r"at capacity, $\rho_F$ 1.23 %")
