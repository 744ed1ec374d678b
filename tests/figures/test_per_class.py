from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pixcon_figures.palette import GAIN, REGRESSION
from pixcon_figures.per_class import MOST_ROWS, draw
from tests.figures.saved_results import Content, per_class_content


def figure(content: Content) -> Figure:
    return draw(content, Path())["per-class"]


def bars(panel: Axes) -> list[Rectangle]:
    """From the top down."""
    found = [bar for each in panel.containers if isinstance(each, BarContainer) for bar in each]
    return sorted(found, key=lambda bar: bar.get_y())


def whiskers(panel: Axes) -> list[np.ndarray]:
    """Both ends of every error bar."""
    (found,) = (each for each in panel.containers if isinstance(each, ErrorbarContainer))
    return found.lines[2][0].get_segments()


def kept(content: Content) -> list[Content]:
    return [row for row in content["comparisons"][0]["per_class"]["rows"] if row["delta"] is not None]


def test_bars_are_the_differences_with_the_hardest_class_on_top() -> None:
    content = per_class_content(["clean"])
    (panel,) = figure(content).axes
    assert [bar.get_width() for bar in bars(panel)] == pytest.approx([100 * row["delta"] for row in kept(content)])
    assert [label.get_text() for label in panel.get_yticklabels()] == [row["name"] for row in kept(content)]
    bottom, top = panel.get_ylim()
    assert bottom > top  # place 0 is on top
    baseline = [row["baseline"] for row in kept(content)]
    assert baseline == sorted(baseline)


def test_gains_and_regressions_differ_in_colour_and_hatch() -> None:
    (panel,) = figure(per_class_content(["clean"], classes=20)).axes
    for bar in bars(panel):
        gain = bar.get_width() >= 0
        assert bar.get_facecolor() == to_rgba(GAIN if gain else REGRESSION)
        assert bool(bar.get_hatch()) is not gain
    assert {bar.get_width() >= 0 for bar in bars(panel)} == {True, False}


def test_error_bars_are_the_intervals_over_images_and_dots_the_seeds() -> None:
    content = per_class_content(["clean"])
    intervals = content["comparisons"][0]["intervals"]
    (panel,) = figure(content).axes
    for segment, row in zip(whiskers(panel), kept(content), strict=True):
        interval = intervals[row["index"]]
        assert list(segment[:, 0]) == pytest.approx([100 * interval["low"], 100 * interval["high"]])
    dots = [list(line.get_xdata()) for line in panel.lines if line.get_markerfacecolor() == "white"]
    assert dots == [pytest.approx([100 * delta for delta in row["seed_deltas"]]) for row in kept(content)]
    one = figure(per_class_content(["clean"], seeds=1))
    assert not [line for line in one.axes[0].lines if line.get_markerfacecolor() == "white"]
    assert "Dots" not in one.get_supxlabel()


def test_undefined_classes_are_left_out_and_said() -> None:
    drawn = figure(per_class_content(["clean"]))
    assert "class 1" not in [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    said = drawn.get_supxlabel().replace("\n", " ")
    assert "Left out for lack of an IoU: class 1." in said and "mIoU: of each run over its classes" in said


def test_the_title_has_the_difference_of_the_mious() -> None:
    content = per_class_content(["clean"])
    delta = content["comparisons"][0]["per_class"]["mean"]["delta"]
    assert figure(content).axes[0].get_title() == f"clean − none: mIoU {100 * delta:+.2f}".replace("-", "−")


def test_surviving_classes_are_marked() -> None:
    content = per_class_content(["clean"])
    first, second, *_ = kept(content)
    holm = [1.0] * 5
    holm[first["index"]] = holm[second["index"]] = 0.01
    tests = [{"noise": "images", "holm": holm}, {"noise": "seeds", "holm": [1.0] * 5}]
    tests[1]["holm"][second["index"]] = 0.05
    content["comparisons"][0]["tests"] = tests
    drawn = figure(content)
    labels = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert labels[:2] == [f"{first['name']}*", f"{second['name']}*†"] and not labels[2].endswith(("*", "†"))
    assert "* over images, † over seeds: Δ survives Holm at 0.05." in drawn.get_supxlabel().replace("\n", " ")


def test_each_method_has_a_panel_on_the_same_scale() -> None:
    panels = figure(per_class_content(["clean", "confidence"])).axes
    assert [panel.get_title().split(":")[0] for panel in panels] == ["clean − none", "confidence − none"]
    assert panels[0].get_xlim() == panels[1].get_xlim()


def test_many_classes_go_on_in_further_panels() -> None:
    panels = figure(per_class_content(["clean", "confidence"], classes=150)).axes
    sizes = [len(bars(panel)) for panel in panels]
    assert len(panels) == 6 and max(sizes) <= MOST_ROWS and sum(sizes) == 2 * 149
    assert [panel.get_title() == "(continued)" for panel in panels] == [False, True, True] * 2


def test_without_any_difference_there_is_an_empty_panel() -> None:
    content = per_class_content(["clean"])
    for row in content["comparisons"][0]["per_class"]["rows"]:
        row["delta"] = None
    (panel,) = figure(content).axes
    assert bars(panel) == []
