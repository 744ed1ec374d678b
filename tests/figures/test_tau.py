"""The figure of the threshold with a guarantee."""

from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.measures.controlled_threshold import controlled_threshold
from pixcon_figures.tau import draw
from tests.figures.saved_results import Content, saved
from tests.pixcon_diag.measures.test_controlled_threshold import EDGES, histogram


def content(alpha: float = 0.05) -> Content:
    found = controlled_threshold(histogram(), EDGES, alpha=alpha, delta=0.1, labeled=None, rng=np.random.default_rng(0))
    return saved("tau", results=[{"name": name, "group": name, "tau": found.to_dict()} for name in ("none", "clean")])


def test_curves_with_the_chosen_thresholds_marked() -> None:
    upper, lower = draw(content(), Path())["tau"].axes
    curve, promised, efficient, *others = upper.lines
    assert list(curve.get_ydata()) == pytest.approx([8.1, 100 * 3.1 / 90, 100 * 1.1 / 70, 0.25])
    assert promised.get_xdata()[0] == pytest.approx(0.5) and efficient.get_xdata()[0] == pytest.approx(0.01)
    assert efficient.get_markerfacecolor() == "white" != promised.get_markerfacecolor()
    assert others[-1].get_ydata()[0] == pytest.approx(5)
    assert lower.get_yscale() == "log" and len(lower.lines) == 6


def test_without_a_promise_there_is_no_dot() -> None:
    upper, _ = draw(content(0.001), Path())["tau"].axes
    assert len([line for line in upper.lines if line.get_marker() == "o"]) == 2


def test_without_a_correct_pixel_per_wrong_one_the_axis_is_linear(tmp_path: Path) -> None:
    made = content()
    for result in made["results"]:
        result["tau"] |= {"promised": None, "efficient": None}
        for point in result["tau"]["curve"]:
            point["correct_per_wrong"] = None
    figure = draw(made, Path())["tau"]
    figure.savefig(tmp_path / "tau.png")
    assert figure.axes[1].get_yscale() == "linear"
