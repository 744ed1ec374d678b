from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure

from pixcon_figures.boundary import draw
from tests.figures.saved_results import Content, boundary


def figure(content: Content) -> Figure:
    return draw(content, Path())["boundary"]


def bars(panel: Axes) -> list[BarContainer]:
    return [each for each in panel.containers if isinstance(each, BarContainer)]


def test_a_panel_per_width_with_the_means_over_seeds() -> None:
    content = boundary({"none": 2, "clean": 1}, widths=(1, 3))
    panels = figure(content).axes
    assert len(panels) == 2 and panels[0].get_title().startswith("band of 1 px")
    for index, panel in enumerate(panels):
        none, clean = bars(panel)
        for zone, first, second in zip(("band", "interior"), none, clean, strict=True):
            errors = [result["boundary"]["widths"][index][zone]["error"] for result in content["results"]]
            assert first.get_height() == pytest.approx(50 * (errors[0] + errors[1]))
            assert second.get_height() == pytest.approx(100 * errors[2])
            assert f"{second.get_height():.1f}" in [text.get_text() for text in panel.texts]
    texts = [text.get_text() for text in figure(content).legends[0].get_texts()]
    assert texts == ["none (2 seeds)", "clean"]


def test_error_bars_are_the_seeds_sample_std_or_the_interval_over_images() -> None:
    content = boundary({"none": 2, "clean": 1}, widths=(1,))
    (panel,) = figure(content).axes
    two, one = [each for each in panel.containers if isinstance(each, ErrorbarContainer)]
    errors = [result["boundary"]["widths"][0]["band"]["error"] for result in content["results"][:2]]
    low, high = two.lines[2][0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(100 * abs(errors[0] - errors[1]) / 2**0.5)
    for segment, zone in zip(one.lines[2][0].get_segments(), ("band", "interior"), strict=True):
        interval = content["results"][2]["intervals"][0][zone]
        assert list(segment[:, 1]) == pytest.approx([100 * interval["low"], 100 * interval["high"]])


def test_an_empty_band_has_no_bar_and_is_marked() -> None:
    content = boundary({"none": 1}, widths=(1,))
    at = content["results"][0]["boundary"]["widths"][0]
    at |= {"band": {"pixels": 0, "wrong": 0, "error": None}, "share": 0.0, "nearly_empty": True}
    drawn = figure(content)
    height = bars(drawn.axes[0])[0][0].get_height()
    assert height != height and len(drawn.axes[0].texts) == 1
    assert drawn.axes[0].get_title().endswith("*") and "says little" in drawn.get_supxlabel()
