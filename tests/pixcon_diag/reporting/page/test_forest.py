"""Forest plots of the page."""

import math
from itertools import pairwise

import pytest

from pixcon_diag.reporting.page.forest import Estimate, Row, forest
from tests.pixcon_diag.reporting.page.drawn import chart, paths, places, series, texts, titles

NAN = math.nan
CLEAN = Estimate("clean", 1, 2.0, 1.0, 4.0, "+2.00 ↑ better", "good", "clean: +2")
PLAIN = Estimate("clean", 1, -1.0, NAN, NAN, "−1.00 no interval", "soft", "clean: −1")


def test_values_and_bounds_stand_on_one_scale() -> None:
    svg = chart(
        forest("Differences", "Δ, points", [Row("mIoU", "", [CLEAN]), Row("ECE", "less is better", [PLAIN])]),
        "Differences",
    )
    (bar,) = paths(svg, "bar")
    low, high = (float(end.split(" ")[0]) for end in bar[1:].split("L"))
    ((first, top), (second, below)) = places(svg)
    unit = (high - low) / 3
    assert first == pytest.approx(low + unit, abs=0.11)
    assert second == pytest.approx(low - 2 * unit, abs=0.11)
    assert below > top
    ticks = {text.text: float(text.attrib["x"]) for text in svg.iter("text") if text.attrib["text-anchor"] == "middle"}
    assert ticks["0"] == pytest.approx(low - unit, abs=0.11)
    assert {"mIoU", "ECE", "less is better", "+2.00 ↑ better", "−1.00 no interval", "Δ, points"} <= {*texts(svg)}
    assert titles(svg) == ["clean: +2", "clean: −1"]


def test_an_estimate_without_interval_is_hollow() -> None:
    svg = chart(forest("Differences", "Δ", [Row("", "", [CLEAN, PLAIN])]), "Differences")
    kinds = [path.attrib["class"] for path in svg.iter("path") if "mark" in path.attrib["class"]]
    assert kinds == ["mark", "mark hollow"]


def test_seeds_are_rings_below_the_value() -> None:
    svg = chart(forest("Differences", "Δ", [Row("mIoU", "", [CLEAN._replace(rings=(1.5, 2.5))])]), "Differences")
    rings = [(float(ring.attrib["cx"]), float(ring.attrib["cy"])) for ring in svg.iter("circle")]
    ((at, middle),) = places(series(svg)["clean"])
    assert (rings[0][0] + rings[1][0]) / 2 == pytest.approx(at, abs=0.11)
    assert min(top for _, top in rings) > middle


def test_the_drawing_holds_all_rows() -> None:
    rows = [Row(f"measure {k}", "", [CLEAN] * 7) for k in range(20)]
    svg = chart(forest("Differences", "Δ", rows), "Differences")
    height = float(svg.attrib["viewBox"].split()[3])
    tops = [top for _, top in places(svg)]
    assert len(tops) == 140 and tops == sorted(tops) and max(tops) < height - 36
    assert min(b - a for a, b in pairwise(tops)) >= 14


@pytest.mark.parametrize("high", [0.12, 0.14, 1.0, 2.4, 70.0, 9000.0])
@pytest.mark.parametrize("low", [-0.1, -0.03, -5.0, -123.0])
def test_numbers_of_the_axis_do_not_overlap_and_0_is_among_them(low: float, high: float) -> None:
    svg = chart(forest("Differences", "Δ", [Row("", "", [Estimate("clean", 1, low, low, high, "")])]), "Differences")
    ticks = [
        (float(text.attrib["x"]), text.text or "")
        for text in svg.iter("text")
        if text.attrib["text-anchor"] == "middle"
    ]
    assert "0" in [text for _, text in ticks]
    assert all(at >= 3 * len(text) for at, text in ticks)
    for (left, first), (right, second) in pairwise(ticks):
        assert right - left >= 3.5 * (len(first) + len(second))


def test_nothing_without_a_value() -> None:
    assert forest("Differences", "Δ", []) == ""
    assert forest("Differences", "Δ", [Row("mIoU", "", [Estimate("clean", 1, NAN, NAN, NAN, "–")])]) == ""
