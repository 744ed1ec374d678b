"""The figure of a duel: bars of class pairs, and the estimate over the draws."""

from pathlib import Path

import pytest

from pixcon_figures.duel import draw
from tests.figures.saved_results import Content, saved

PAIRS = [{"baseline": "cow", "method": "sky", "pixels": 30}, {"baseline": "sky", "method": "grass", "pixels": 10}]


def content(*, labelled: bool, stopped: int | None = 2) -> Content:
    answers = [{"number": n, "delta": 0.1 / n, "low": -0.1, "high": 0.3 / n} for n in (1, 2, 3)]
    found = {"answers": answers, "interval": {"level": 0.95}, "stopped": stopped, "better": stopped and "b"}
    one = {"baseline": "a", "method": "b", "share": 0.04, "disagreeing": 40, "pairs": PAIRS}
    return saved("duel", duels=[one | {"labelled": found if labelled else None}])


def test_bars_are_shares_of_the_disagreement() -> None:
    (panel,) = draw(content(labelled=False), Path())["duel"].axes
    assert [bar.get_width() for bar in panel.patches] == pytest.approx([25, 75])
    assert [label.get_text() for label in panel.get_yticklabels()] == ["sky | grass", "cow | sky"]
    assert panel.get_title() == "b and a disagree on 4.00 % of the pixels"


@pytest.mark.parametrize("stopped", [2, None])
def test_the_estimate_is_drawn_in_points(stopped: int | None) -> None:
    _, panel = draw(content(labelled=True, stopped=stopped), Path())["duel"].axes
    estimate = next(line for line in panel.lines if line.get_label() == "estimate")
    assert list(estimate.get_ydata()) == pytest.approx([10, 5, 10 / 3])
    assert ("b is better" in [line.get_label() for line in panel.lines]) == (stopped is not None)


def test_predictions_that_agree_give_an_empty_panel() -> None:
    one = {"baseline": "a", "method": "b", "share": 0.0, "disagreeing": 0, "pairs": [], "labelled": None}
    (panel,) = draw(saved("duel", duels=[one]), Path())["duel"].axes
    assert not panel.patches
