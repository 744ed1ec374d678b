from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from pixcon_figures.contamination import draw, shown_taus
from tests.figures.saved_results import Content, contamination


def curves(content: Content) -> Figure:
    return draw(content, Path())["contamination"]


def legend(figure: Figure) -> list[str]:
    texts = figure.legends[0].get_texts()
    return [text.get_text() for text in texts]


def test_one_line_per_result_with_a_mark_at_each_threshold_asked_for() -> None:
    content = contamination({"none": 2, "clean": 1})
    retention, rho_f = curves(content).axes
    for panel, key in ((retention, "retention"), (rho_f, "rho_f")):
        lines, marks = panel.lines[::2], panel.lines[1::2]
        assert len({(line.get_linestyle(), mark.get_marker()) for line, mark in zip(lines, marks, strict=True)}) == 2
        assert len(lines) == 3
        for line, mark, result in zip(lines, marks, content["results"], strict=True):
            asked = result["contamination"]["thresholds"]
            assert list(mark.get_xdata()) == pytest.approx([1 - at["tau"] for at in asked])
            assert list(mark.get_ydata()) == pytest.approx([100 * at["overall"][key] for at in asked])
            assert line.get_color() == mark.get_color()
    assert legend(curves(content)) == ["none (2 seeds)", "clean"]
    assert retention.lines[0].get_color() == retention.lines[2].get_color() != retention.lines[4].get_color()


def test_the_axis_resolves_thresholds_close_to_one() -> None:
    panel = curves(contamination({"none": 1})).axes[1]
    assert panel.get_xscale() == "log" and panel.get_xlim() == pytest.approx((1, 1e-4))
    labels = dict(
        zip([f"{x:.2e}" for x in panel.get_xticks()], [t.get_text() for t in panel.get_xticklabels()], strict=True)
    )
    assert labels["5.00e-02"] == "0.95" and labels["1.00e-04"] == "0.9999"


@pytest.mark.parametrize(
    ("retention", "marked", "last"),
    [
        ([(0.5, 0.9), (0.96, 0.01), (0.9995, 0.0001)], (), "0.99"),  # hardly a pixel beyond 0.96
        ([(0.5, 0.9), (0.96, 0.01)], (0.9995,), "0.9999"),  # a reported threshold is on the axis
        ([(0.999999, 0.5), (1.0, 0.5)], (), "0.999999"),
        ([(0.5, None)], (), "0.5"),
    ],
)
def test_the_axis_ends_where_hardly_a_pixel_is_retained(
    retention: list[tuple[float, float | None]], marked: tuple[float, ...], last: str
) -> None:
    assert shown_taus(retention, marked)[-1] == last


def test_nothing_retained_is_a_gap() -> None:
    content = contamination({"none": 1})
    curve = content["results"][0]["contamination"]["curve"]
    assert None in curve["rho_f"]  # beyond the largest confidence nothing is retained
    drawn = curves(content).axes[1].lines[0].get_ydata()
    known = [value is not None for value, tau in zip(curve["rho_f"], curve["tau"], strict=True) if tau < 1]
    assert np.isfinite(drawn).tolist() == known


def test_reliability_diagram_says_the_calibration_error() -> None:
    content = contamination({"none": 1, "clean": 2})
    drawn = draw(content, Path())["reliability"]
    upper, lower = drawn.axes
    diagonal, *lines = upper.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 100]
    assert len(lines) == len(lower.patches) == 3
    calibration = content["results"][0]["contamination"]["calibration"]
    known = [accuracy for accuracy in calibration["accuracy"] if accuracy is not None]
    assert list(lines[0].get_ydata()) == pytest.approx([100 * accuracy for accuracy in known])
    texts = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert texts[0] == f"none\nECE {100 * calibration['ece']:.2f} %"
    assert texts[1].startswith("clean (2 seeds)\nECE") and "±" in texts[1]
    stairs = lower.patches[0].get_data()
    assert np.nansum(stairs.values) == pytest.approx(100) and list(stairs.edges[[0, -1]]) == [0, 100]


def test_an_interval_per_checkpoint_against_the_threshold() -> None:
    content = contamination({"none": 2, "clean": 1})
    panels = draw(content, Path())["verdict"].axes
    assert len(panels) == 2
    for panel, place in zip(panels, (0, 1), strict=True):
        verdicts = [result["verdict"]["thresholds"][place]["overall"] for result in content["results"]]
        *drawn, threshold = panel.lines
        assert threshold.get_xdata()[0] == pytest.approx(100 * (1 - verdicts[0]["tau"]))
        assert [mark.get_xdata()[0] for mark in drawn[1::2]] == pytest.approx(
            [100 * (1 - v["pi_kept"]) for v in verdicts]
        )
        assert [label.get_text() for label in panel.get_yticklabels()] == ["none (2 seeds)", "", "clean"]


def test_without_a_verdict_its_figure_is_left_out() -> None:
    content = contamination({"none": 1})
    del content["results"][0]["verdict"]
    assert list(draw(content, Path())) == ["contamination", "reliability"]
