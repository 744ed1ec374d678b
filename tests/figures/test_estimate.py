from pathlib import Path

import pytest
from matplotlib.figure import Figure

from pixcon_figures.estimate import OTHERS, draw
from tests.figures.saved_results import estimate


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_every_estimator_at_every_threshold_over_the_truth() -> None:
    content = estimate({"none": 2, "clean": 1})
    figure = draw(content, Path())["estimate"]
    assert [panel.get_title() for panel in figure.axes] == ["none (first of 2 seeds)", "clean"]
    thresholds = content["results"][0]["estimate"]["thresholds"][::-1]  # ascending
    panel = figure.axes[0]
    drawn = {line.get_label(): line.get_ydata() for line in panel.lines}
    for key, label in OTHERS.items():
        assert list(drawn[label]) == pytest.approx([100 * at[key] for at in thresholds])
    (bars,) = panel.containers
    assert list(bars.lines[0].get_ydata()) == pytest.approx([100 * at["overall"]["rho_f"] for at in thresholds])
    assert labels(figure) == ["true", *OTHERS.values(), "strata, 95 %"]
    assert [tick.get_text() for tick in panel.get_xticklabels()] == [f"{at['tau']:g}" for at in thresholds]


def test_without_masks_there_is_no_line_of_the_truth() -> None:
    figure = draw(estimate({"none": 1}, masks=False), Path())["estimate"]
    assert "true" not in labels(figure) and not figure.axes[0].collections[1:]


def test_nothing_wrong_is_drawn_on_a_linear_axis() -> None:
    content = estimate({"none": 1})
    for at in content["results"][0]["estimate"]["thresholds"]:
        at.update(dict.fromkeys(OTHERS, 0.0))
        at["overall"].update(rho_f=0.0, truth=0.0, low=0.0)
    assert draw(content, Path())["estimate"].axes[0].get_yscale() == "linear"
