from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pixcon_figures.compare import NO_INTERVAL, draw
from pixcon_figures.palette import color
from tests.figures.saved_results import Content, compare


def figure(content: Content) -> Figure:
    return draw(content, Path())["compare"]


def of(panel: Axes, what: str) -> list[Line2D]:
    return [line for line in panel.lines if line.get_gid() == what]


def test_a_panel_per_unit_with_measures_in_order() -> None:
    fractions, numbers = figure(compare(["clean"])).axes
    assert [label.get_text() for label in fractions.get_yticklabels()] == ["error in the 3 px band ↓", "mIoU ↑"]
    assert [label.get_text() for label in numbers.get_yticklabels()] == ["mean inter-class cosine ↓"]
    assert fractions.get_ylim()[0] > fractions.get_ylim()[1]  # the first measure is on top
    assert "points" in fractions.get_xlabel() and "points" not in numbers.get_xlabel()


def test_difference_interval_and_seeds_of_a_row() -> None:
    content = compare(["clean"])
    row = content["comparisons"][0]["rows"][0]
    panel = figure(content).axes[0]
    (interval,) = of(panel, "interval")
    noise = row["image_noise"]
    assert list(interval.get_xdata()) == pytest.approx([100 * noise["low"], 100 * noise["high"]])
    (difference,) = of(panel, "difference")
    assert list(difference.get_xdata()) == pytest.approx([100 * noise["difference"]])
    (seeds,) = of(panel, "seeds")
    values = row["seed_noise"]["paired"]["deltas"]["values"]
    assert list(seeds.get_xdata()) == pytest.approx([100 * value for value in values])
    assert set(interval.get_ydata()) == set(difference.get_ydata()) == set(seeds.get_ydata()) == {0}


def test_seed_noise_alone_gives_the_difference_unscaled() -> None:
    content = compare(["clean"])
    row = content["comparisons"][0]["rows"][2]
    panel = figure(content).axes[1]
    assert of(panel, "interval") == []
    (difference,) = of(panel, "difference")
    assert list(difference.get_xdata()) == [row["seed_noise"]["difference"]]
    assert difference.get_marker() == NO_INTERVAL != of(figure(content).axes[0], "difference")[0].get_marker()


def test_several_comparisons_lie_beside_each_other_in_their_own_colours() -> None:
    drawn = figure(compare(["clean", "confidence"]))
    points = of(drawn.axes[0], "difference")
    assert [point.get_color() for point in points] == [color(1), color(2)]
    assert len({float(point.get_ydata()[0]) for point in points}) == 2
    texts = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert texts == ["clean", "confidence", "no interval over images", "one seed"]
    assert "95 % of paired bootstrap draws" in drawn.get_supxlabel()


def test_of_a_single_seed_there_is_no_point_beside_the_difference() -> None:
    drawn = figure(compare(["clean"], seeds=1))
    assert of(drawn.axes[0], "seeds") == [] and len(of(drawn.axes[0], "difference")) == 1
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["clean", "no interval over images"]


def test_unpaired_seeds_have_no_points_of_their_own() -> None:
    content = compare(["clean"])
    content["comparisons"][0]["rows"][2]["seed_noise"]["paired"] = None
    panel = figure(content).axes[1]
    assert of(panel, "seeds") == [] and len(of(panel, "difference")) == 1
