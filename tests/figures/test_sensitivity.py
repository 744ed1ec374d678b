from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from pixcon_figures.sensitivity import draw
from tests.figures.saved_results import history, sensitivity_content

BASE = {"eta": 0.1, "weight": 0.1}
RUNS = [
    history("base", [0.80, 0.90], **BASE),
    history("again", [0.92, 0.88], **BASE),
    history("warm", [0.85, 0.84], **{**BASE, "eta": 0.5}),
    history("heavy", [0.7, 0.89], **{**BASE, "weight": 0.5}),
]


def points(panel: Axes) -> list[ErrorbarContainer]:
    return [each for each in panel.containers if isinstance(each, ErrorbarContainer)]


def test_a_panel_per_hyperparameter_with_means_over_seeds() -> None:
    eta, weight = draw(sensitivity_content(RUNS), Path())["sensitivity"].axes
    assert [eta.get_xlabel(), weight.get_xlabel()] == ["eta", "weight"]
    assert list(eta.lines[0].get_ydata()) == pytest.approx([91, 85])
    assert list(weight.lines[0].get_ydata()) == pytest.approx([91, 89])
    assert eta.get_ylim() == weight.get_ylim()
    assert eta.get_title() == "spread 6.00 points"


def test_the_base_is_marked_and_peaks_are_said() -> None:
    eta, _ = draw(sensitivity_content(RUNS), Path())["sensitivity"].axes
    assert [(tick.get_text(), tick.get_fontweight()) for tick in eta.get_xticklabels()] == [
        ("0.1", "bold"),
        ("0.5", "normal"),
    ]
    base, warm = points(eta)
    assert base.lines[0].get_marker() == "D" != warm.lines[0].get_marker()
    assert [text.get_text() for text in eta.texts] == ["ep 0–1", "ep 0"]


def test_seeds_give_a_whisker_and_one_run_none() -> None:
    eta, _ = draw(sensitivity_content(RUNS), Path())["sensitivity"].axes
    base, warm = points(eta)
    low, high = base.lines[2][0].get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(2 / 2**0.5)
    segments = warm.lines[2][0].get_segments()
    assert all(len(segment) == 0 or (segment != segment).any() for segment in segments)


def test_without_a_known_base_none_is_marked() -> None:
    runs = [history("a", [0.8], tau=0.7), history("b", [0.9], tau=0.8)]
    figure = draw(sensitivity_content(runs), Path())["sensitivity"]
    assert {tick.get_fontweight() for tick in figure.axes[0].get_xticklabels()} == {"normal"}
    assert "The base setting is unknown" in figure.get_supxlabel()
