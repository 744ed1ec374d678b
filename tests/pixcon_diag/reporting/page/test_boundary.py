"""The section on the boundary."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from pixcon_diag.analyses.boundary import boundary_result
from pixcon_diag.analyses.boundary_counts import BoundaryCounts, MeasuredBoundary
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.passes.options import BandOptions
from pixcon_diag.reporting.page.boundary import section
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.statistics.intervals import ratio_interval
from pixcon_diag.tables.result import Result
from tests.pixcon_diag.analyses.made import predictions
from tests.pixcon_diag.reporting.page.drawn import chart, paths, places, series, texts, titles
from tests.pixcon_diag.reporting.page.made import context

BAND, INTERIOR = "In the boundary band", "In the interior"
WIDTHS = (1, 3, 5)


def measured(group: str, *rates: float) -> list[MeasuredBoundary]:
    """A seed for each rate, about which its images scatter."""
    members = []
    for seed, rate in enumerate(rates):
        generator = np.random.default_rng(seed)
        pixels = np.tile([100, 300, 500, 1000], (12, 1))
        wrong = generator.binomial(pixels, rate * np.array([1.0, 0.7, 0.5, 0.4]))
        counts = BoundaryCounts(np.stack((pixels, np.sort(wrong, 1)), -1), BandOptions(WIDTHS))
        members.append(Measured(group, predictions(f"{group} {seed}", ((70, 0, 0), (70, 15, 15), (100, 0, 0))), counts))
    return members


def compared(baseline: str, *others: str, interval: bool = True) -> Result:
    """Δ of the band's error 1, 2 and 3 points, and twice that in the interior."""
    rows = [
        {
            "measure": f"{name}, {width} px",
            "image_noise": {"low": factor * k / 200, "high": factor * k / 50} if interval else None,
            "seed_noise": {"difference": factor * k / 100},
        }
        for factor, name in ((1, "boundary error"), (2, "interior error"))
        for k, width in enumerate(WIDTHS, 1)
    ]
    return Result.of("compare", [], comparisons=[{"other": other, "rows": rows} for other in others])


def made(members: Sequence[MeasuredBoundary], by_baseline: dict[str, list[Result]] | None = None) -> Context:
    groups = {member.group: [one.member for one in members if one.group == member.group] for member in members}
    return context([boundary_result(members)], groups, by_baseline, boundary=members)


NONE, CLEAN = measured("none", 0.3), measured("clean", 0.2, 0.25)


def test_the_curve_is_the_error_with_its_interval_over_images() -> None:
    found = section(made(NONE))
    assert found is not None
    counts = NONE[0].result.counts
    band = series(chart(found.body, BAND))["none"]
    for index, title in enumerate(titles(band)):
        error = 100 * counts[:, index, 1].sum() / counts[:, index, 0].sum()
        interval = ratio_interval(counts[:, index, 1], counts[:, index, 0])
        assert title == f"none: {WIDTHS[index]}, {error:.4g} ({100 * interval.low:.4g} to {100 * interval.high:.4g})"
    inner = counts[:, -1] - counts[:, 0]
    assert f"none: 1, {100 * inner[:, 1].sum() / inner[:, 0].sum():.4g} (" in titles(chart(found.body, INTERIOR))[0]
    assert len(paths(band, "bar")) == 3
    assert "legend" not in found.body


def test_a_method_with_seeds_is_their_mean() -> None:
    found = section(made([*NONE, *CLEAN]))
    assert found is not None
    drawn = series(chart(found.body, BAND))
    errors = [member.result.rates.widths[0].band.error for member in CLEAN]
    assert f"clean: 1, {100 * np.mean(errors):.4g} (" in titles(drawn["clean"])[0]
    assert list(drawn) == ["none", "clean"]
    assert "legend" in found.body


def test_the_difference_is_drawn_for_each_baseline() -> None:
    by_baseline = {"none": [compared("none", "clean")], "clean": [compared("clean", "none")]}
    found = section(made([*NONE, *CLEAN], by_baseline))
    assert found is not None
    assert found.body.count("class=variant") == 2
    band, interior = (chart(found.body, f"{part}: Δ from none") for part in (BAND, INTERIOR))
    assert titles(series(band)["clean"]) == ["clean: 1, 1 (0.5 to 2)", "clean: 3, 2 (1 to 4)", "clean: 5, 3 (1.5 to 6)"]
    assert titles(series(interior)["clean"])[0] == "clean: 1, 2 (1 to 4)"
    assert list(series(chart(found.body, f"{BAND}: Δ from clean"))) == ["none"]
    assert {"1", "3", "5"} <= {*texts(band)}
    steps = [b[1] - a[1] for a, b in pairwise(places(series(band)["clean"]))]
    assert steps[0] == pytest.approx(steps[1], abs=0.21)


def test_a_difference_without_interval_has_no_bar() -> None:
    found = section(made([*NONE, *CLEAN], {"none": [compared("none", "clean", interval=False)]}))
    assert found is not None
    drawn = series(chart(found.body, f"{BAND}: Δ from none"))["clean"]
    assert len(places(drawn)) == 3
    assert not paths(drawn, "bar")


def test_one_method_has_no_difference() -> None:
    found = section(made(NONE, {"none": []}))
    assert found is not None
    assert "Δ" not in found.body.split("<div class=table")[0]


def test_many_methods_keep_their_looks() -> None:
    names = [f"m{k}" for k in range(8)]
    members = [member for k, name in enumerate(names) for member in measured(name, *[0.1 + 0.05 * k] * 3)]
    found = section(made(members, {"m3": [compared("m3", *(name for name in names if name != "m3"))]}))
    assert found is not None
    curves, deltas = series(chart(found.body, BAND)), series(chart(found.body, f"{BAND}: Δ from m3"))
    assert list(curves) == names
    assert all(curves[name].attrib["class"] == deltas[name].attrib["class"] for name in deltas)
    assert len({curves[name].attrib["transform"] for name in names}) == 8


def test_the_tables_of_many_pairs_are_folded() -> None:
    two, three = (section(made([*NONE, *CLEAN, *more])) for more in ([], measured("third", 0.1)))
    assert two is not None and three is not None
    assert 'data-table="table7_none_clean"' in two.body and "<details>" not in two.body
    assert "layout of Table 7" in three.body.split("<details>")[1]


def test_absent_without_a_measurement() -> None:
    assert section(context([])) is None
