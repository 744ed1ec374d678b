from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from pixcon_diag.statistics.power import detectable
from pixcon_figures.power import FEWEST, MOST, draw
from tests.figures.saved_results import history, power_content

RUNS = {
    "none": [history(f"none {i}", [0.6, value]) for i, value in enumerate((0.700, 0.706, 0.709))],
    "clean": [history(f"clean {i}", [0.6, value]) for i, value in enumerate((0.712, 0.705, 0.716))],
}


def test_a_curve_of_each_source_with_the_user_s_seeds_marked() -> None:
    content = power_content(RUNS)
    left, right = draw(content, Path())["power"].axes
    shown = [source for source in content["seed_noise"]["sources"] if source["score"] == "best"]
    assert [source["name"] for source in shown] == ["none → clean", "2 groups pooled"]
    curves = [line for line in left.lines if len(line.get_xdata()) > 1]
    for line, source in zip(curves, shown, strict=True):
        seeds = np.asarray(line.get_xdata())
        assert (seeds[0], seeds[-1]) == (FEWEST, MOST)
        assert np.asarray(line.get_ydata())[0] == pytest.approx(100 * detectable(source["sd"], FEWEST))
    marks = [line for line in left.lines if len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in marks] == [3, 3]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["3 seeds (yours)", "10 seeds"]


def test_the_prior_has_no_mark() -> None:
    content = power_content({"none": RUNS["none"][:1]})
    figure = draw(content, Path())["power"]
    assert all(len(line.get_xdata()) > 1 for line in figure.axes[0].lines)
    assert "your seeds" not in figure.get_supxlabel()
    legend = figure.axes[0].get_legend()
    assert [text.get_text()[:14] for text in legend.get_texts()] == ["prior (ResNet)", "prior (DINOv2)"]


def test_best_epochs_with_their_optimism() -> None:
    rng = np.random.default_rng(0)
    runs = {"none": [history("long", 0.7 + 0.003 * rng.normal(size=40)), history("short", [0.6, 0.7])]}
    content = power_content(runs)
    figure = draw(content, Path())["power-epochs"]
    (panel,) = figure.axes
    (bars,) = (found for found in panel.collections if isinstance(found, LineCollection))
    first = content["seed_noise"]["runs"][0]
    assert np.ptp(bars.get_segments()[0][:, 0]) == pytest.approx(100 * first["noise"]["optimism"])
    assert [label.get_text() for label in panel.get_yticklabels()] == ["long", "short"]
    assert "No bar: too few evaluations" in figure.get_supxlabel()
