from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pixcon_figures.gradient import LAW, RELABELLED, draw
from pixcon_figures.palette import color
from tests.figures.saved_results import Content, gradient


def figure(content: Content) -> Figure:
    return draw(content, Path())["gradient"]


def banks(panel: Axes) -> list[Line2D]:
    return [line for line in panel.lines if str(line.get_gid()).startswith("bank")]


def law(panel: Axes) -> Line2D:
    (line,) = (line for line in panel.lines if line.get_label() == LAW)
    return line


def sweeps(panel: Axes) -> list[Line2D]:
    return [line for line in panel.lines if line not in [*banks(panel), law(panel)] and len(line.get_xdata())]


def test_both_forms_over_the_measured_contamination_in_a_panel_per_way_of_relabelling() -> None:
    content = gradient(["none"])
    panels = figure(content).axes
    assert [panel.get_title() for panel in panels] == list(RELABELLED.values())
    for panel, kind in zip(panels, RELABELLED, strict=True):
        points = [point["result"] for point in content["results"][0]["sweep"][kind]]
        supcon, eq3 = sweeps(panel)
        for line, form in ((supcon, "supcon"), (eq3, "eq3")):
            assert list(line.get_xdata()) == pytest.approx([p["supcon"]["overall"]["rho_f"] for p in points[1:]])
            assert list(line.get_ydata()) == pytest.approx([p[form]["overall"]["ratio"] for p in points[1:]])
        x, y = law(panel).get_data()
        assert y == pytest.approx(x / (1 - x)) and x.max() >= max(supcon.get_xdata())
        assert panel.get_xlim()[0] == panel.get_ylim()[0] == 0
        assert panel.get_xscale() == panel.get_yscale() == "symlog"
        assert panel.get_xticks()[:2] == pytest.approx([0, 0.001]) and panel.get_xticks()[-1] >= 0.1


def test_the_smallest_positive_value_lies_on_the_logarithmic_part() -> None:
    content = gradient(["none"], kinds=())
    content["results"][1]["gradient"]["supcon"]["overall"]["rho_f"] = 0.00042
    (panel,) = figure(content).axes
    assert panel.get_xticks()[1] == pytest.approx(1e-4)


def test_every_rule_s_bank_is_marked_in_both_forms() -> None:
    content = gradient(["none", "clean"])
    drawn = banks(figure(content).axes[0])
    assert len(drawn) == 2 * 2 * 2  # groups, rules, forms
    clean, confidence = drawn[0:2], drawn[2:4]
    assert [tuple(line.get_xydata()[0]) for line in clean] == [(0, 0), (0, 0)]  # no false positive
    rates = content["results"][1]["gradient"]
    for line, form in zip(confidence, ("supcon", "eq3"), strict=True):
        expected = (rates["supcon"]["overall"]["rho_f"], rates[form]["overall"]["ratio"])
        assert tuple(line.get_xydata()[0]) == pytest.approx(expected) and expected[0] > 0
    assert clean[0].get_marker() != confidence[0].get_marker()
    assert [line.get_color() for line in drawn[::4]] == [color(0), color(1)]
    assert [line.get_markerfacecolor() for line in confidence] == ["white", color(0)]
    texts = [text.get_text() for text in figure(content).legends[0].get_texts()]
    assert {"none", "clean", LAW} < set(texts)


@pytest.mark.parametrize("kinds", [(), ("confusion",)])
def test_without_all_sweeps_there_is_one_panel(kinds: tuple[str, ...]) -> None:
    (panel,) = figure(gradient(["clean"], kinds=kinds)).axes
    assert len(banks(panel)) == 4 and len(sweeps(panel)) == 2 * len(kinds)


def test_an_undefined_bank_is_not_drawn() -> None:
    content = gradient(["none"], kinds=())
    for form in ("supcon", "eq3"):
        content["results"][1]["gradient"][form]["overall"] |= {"rho_f": None, "ratio": None}
    (panel,) = figure(content).axes
    assert np.isnan(banks(panel)[2].get_xydata()).all()
    assert np.isfinite(law(panel).get_ydata()).all()
