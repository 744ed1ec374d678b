"""Charts of the page."""

import math

import pytest

from pixcon_diag.reporting.page.charts import (
    DASHES,
    MARKED,
    MARKERS,
    Axis,
    Mark,
    Point,
    Series,
    color_class,
    grid,
    legend,
    line_chart,
    marker,
    shorten,
)
from tests.pixcon_diag.reporting.page.drawn import chart, paths, places, series, svgs, texts, titles

X, Y = Axis("width, px"), Axis("error, %")
HOSTILE = "</svg><script>alert('\"&')</script>\u202e"


def points(*values: float) -> list[Point]:
    return [Point(float(place), value) for place, value in enumerate(values)]


def test_points_stand_where_their_numbers_are() -> None:
    svg = chart(line_chart("Error", X, Y, [Series("none", points(1, 2, 4))]), "Error")
    (first, second, third) = places(series(svg)["none"])
    assert second[0] - first[0] == pytest.approx(third[0] - second[0], abs=0.11)
    assert third[1] - second[1] == pytest.approx(2 * (second[1] - first[1]), abs=0.21)
    assert third[1] < first[1]  # upwards
    assert titles(svg) == ["none: 0, 1", "none: 1, 2", "none: 2, 4"]
    assert texts(svg)[-8:] and "width, px" in texts(svg) and "error, %" in texts(svg)


def test_the_axis_is_drawn_on_the_scale_of_the_points() -> None:
    svg = chart(line_chart("Error", X, Y, [Series("none", points(1, 2, 4))]), "Error")
    ticks = {text.text: float(text.attrib["y"]) for text in svg.iter("text") if text.attrib["text-anchor"] == "end"}
    tops = [place[1] for place in places(series(svg)["none"])]
    assert [ticks["1"], ticks["2"], ticks["4"]] == pytest.approx([top + 4 for top in tops], abs=0.11)


def test_an_undefined_point_breaks_the_line() -> None:
    svg = chart(line_chart("Error", X, Y, [Series("none", points(1, 2, math.nan, 3, 4))]), "Error")
    (path,) = paths(series(svg)["none"], "line")
    assert [path.count("M"), path.count("L")] == [2, 2]
    assert len(places(series(svg)["none"])) == 4


def test_zero_is_marked_and_not_joined_on_a_logarithmic_axis() -> None:
    drawn = line_chart("Sweep", Axis("ρ_F", log=True), Axis("share", log=True), [Series("none", points(0, 0.1, 1))])
    svg = chart(drawn, "Sweep")
    (path,) = paths(series(svg)["none"], "line")
    assert [path.count("M"), path.count("L")] == [1, 1]
    assert len(places(series(svg)["none"])) == 3
    assert texts(svg).count("0") == 2


def test_intervals_are_bars_or_a_band() -> None:
    with_bounds = [Point(1, 5, 4, 7), Point(2, 6), Point(3, 5, 2, 6)]
    bars, band = (
        series(chart(line_chart("Error", X, Y, [Series("none", with_bounds, interval=kind)]), "Error"))["none"]
        for kind in ("bars", "band")
    )
    assert len(paths(bars, "bar")) == 2
    assert not paths(bars, "band")
    (area,) = paths(band, "band")
    assert area.count("L") == 3
    assert area.endswith("Z")
    assert titles(band)[0] == "none: 1, 5 (4 to 7)"
    assert titles(band)[1] == "none: 2, 6"


def test_the_axis_shows_the_bounds_of_intervals() -> None:
    svg = chart(line_chart("Error", X, Y, [Series("none", [Point(1, 5, -20, 30)])]), "Error")
    assert {"−20", "0", "20", "30"} & {*texts(svg)} >= {"−20", "0", "20"}


def test_looks_differ_in_colour_dashes_and_marks() -> None:
    assert math.gcd(6, len(DASHES)) * math.lcm(6, len(DASHES)) == 6 * len(DASHES)
    looks = {(color_class(look), look % len(DASHES), look % len(MARKERS)) for look in range(24)}
    assert len(looks) == 24
    drawn = svgs(legend([("none", 0), ("clean", 1)]))
    assert [svg.find("g").attrib["class"] for svg in drawn] == ["series-1", "series-2"]  # type: ignore[union-attr]
    assert "stroke-dasharray" in drawn[1].find("g/path").attrib  # type: ignore[union-attr]


def test_a_long_line_carries_few_marks_and_its_last_one() -> None:
    svg = chart(line_chart("Error", X, Y, [Series("none", points(*range(500)))]), "Error")
    assert len(places(series(svg)["none"])) <= MARKED + 1
    assert titles(svg)[-1] == "none: 499, 499"
    (path,) = paths(series(svg)["none"], "line")
    assert path.count("L") == 499


def test_marks_are_lines_at_a_value() -> None:
    marks = [Mark(1, "warm-up ends"), Mark(2.5, "overall", "y")]
    svg = chart(line_chart("Error", X, Y, [Series("none", points(1, 2, 4))], marks), "Error")
    upright, level = paths(svg, "rule")
    assert upright.split("L")[0].split(" ")[0][1:] == upright.split("L")[1].split(" ")[0]
    assert level.split("L")[0].split(" ")[1] == level.split("L")[1].split(" ")[1]
    assert {"warm-up ends", "overall"} <= {*texts(svg)}


def test_ticks_may_be_named() -> None:
    axis = Axis("width", ticks=((0, "1 px"), (2, "5 px")))
    svg = chart(line_chart("Error", axis, Y, [Series("none", points(1, 2, 4))]), "Error")
    assert {"1 px", "5 px"} <= {*texts(svg)}


@pytest.mark.parametrize("values", [(), (math.nan,), (math.nan, math.nan)])
def test_nothing_is_drawn_without_a_value(values: tuple[float, ...]) -> None:
    assert line_chart("Error", X, Y, [Series("none", points(*values))]) == ""
    assert line_chart("Error", X, Y, []) == ""


def test_foreign_names_are_text() -> None:
    drawn = legend([(HOSTILE, 0)]) + grid(
        [line_chart(HOSTILE, X, Y, [Series(HOSTILE, points(1, 2))], [Mark(1, HOSTILE)])]
    )
    assert "<script" not in drawn
    assert drawn.count("</svg>") == 2
    chart_svg = svgs(drawn)[1]
    assert HOSTILE in series(chart_svg)
    assert titles(chart_svg)[-1] == f"{HOSTILE}: 1, 2"


def test_long_names_lose_their_middle_and_keep_it_in_the_title() -> None:
    assert shorten("x" * 100, 11) == "xxxxx…xxxxx"
    assert shorten("none") == "none"
    svg = svgs(grid([line_chart("Error", X, Axis("y" * 2000), [Series("none", points(1, 2))])]))[0]
    assert max(map(len, texts(svg))) <= 40
    assert "y" * 2000 in titles(svg)


def test_a_mark_without_text_has_no_title() -> None:
    assert "<title>" not in marker(1, 2, 0)
    assert 'class="mark hollow"' in marker(1, 2, 0, "x", hollow=True)
