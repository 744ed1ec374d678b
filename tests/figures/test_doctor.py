"""The figure of the error budget."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixcon_figures.doctor import draw
from tests.figures.saved_results import saved
from tests.pixcon_diag.findings.facts import budget


def content(groups: dict[str, float]) -> dict[str, Any]:
    results = [
        {"name": name, "group": name, "errors": asdict(budget(boundary=points))} for name, points in groups.items()
    ]
    return saved("doctor", results=results)


def test_the_steps_of_each_method_follow_its_miou() -> None:
    turn, alone = draw(content({"none": 10.0, "clean": 5.0}), Path())["doctor"].axes
    bars = [(bar.get_x(), bar.get_width()) for bar in turn.patches]
    assert len(bars) == 2 * 6
    assert np.array(bars[:6]) == pytest.approx(np.array([(0, 60), (0, 60), (60, 10), (60, 5), (70, 1), (65, 1)]))
    gains = [bar.get_width() for bar in alone.patches]
    assert gains == pytest.approx([10, 1, 1, 1, 1, 5, 1, 1, 1, 1])
    ends = [line.get_xdata() for line in alone.lines]
    assert np.array(ends[0]) == pytest.approx(np.array([9.6, 10.4]))
    assert [label.get_text() for label in turn.get_yticklabels()] == ["none", "clean"]


def test_logs_alone_have_no_figure() -> None:
    assert draw(saved("doctor", results=[]), Path()) == {}
