"""The figure of a label audit: scores over ranks, findings marked, and the corrected ρ_F."""

from pathlib import Path
from typing import Any

import pytest

from pixcon_figures.audit_labels import draw
from tests.figures.saved_results import Content, saved


def content(*, reviewed: bool, scores: tuple[float, ...] = (3.0, 2.0, 1.0)) -> Content:
    review: Any = {
        "top": {"1": "label wrong", "3": "ambiguous"},
        "corrected_rho_f": 0.01,
        "interval": {"low": 0.005, "high": 0.018},
    }
    regions = [{"score": score} for score in scores]
    one = {"name": "a", "group": "a", "tau": 0.95, "rho_f": 0.02, "regions": regions}
    return saved("audit-labels", results=[one | {"review": review if reviewed else None}])


def test_scores_are_drawn_by_rank() -> None:
    (panel,) = draw(content(reviewed=False), Path())["audit-labels"].axes
    (line,) = panel.lines
    assert list(line.get_xdata()) == [1, 2, 3] and list(line.get_ydata()) == [3, 2, 1]


def test_findings_are_marked_and_rho_f_is_corrected() -> None:
    scores, corrected = draw(content(reviewed=True), Path())["audit-labels"].axes
    marked = {line.get_label(): list(line.get_xdata()) for line in scores.lines[1:]}
    assert marked == {"label wrong": [1], "ambiguous": [3]}
    before = corrected.lines[0]
    assert list(before.get_ydata()) == pytest.approx([2.0])
    (bar,) = corrected.containers
    assert bar.lines[0].get_ydata()[0] == pytest.approx(1.0)


def test_no_region_gives_an_empty_panel() -> None:
    (panel,) = draw(content(reviewed=False, scores=()), Path())["audit-labels"].axes
    assert len(panel.lines[0].get_xdata()) == 0
