"""The section on differences."""

import math
import re
from collections.abc import Sequence
from typing import Any

import pytest

from pixcon_diag.reporting.page.differences import section
from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from tests.pixcon_diag.analyses.made import predictions
from tests.pixcon_diag.reporting.page.drawn import chart, places, series, texts, titles
from tests.pixcon_diag.reporting.page.made import context

COLUMNS = (Column("measure", "measure"),)


def row(
    measure: str,
    delta: float,
    bounds: tuple[float, float] | None = None,
    *,
    unit: str = "fraction",
    higher: bool = True,
    pairs: Sequence[float] = (),
) -> dict[str, Any]:
    return {
        "measure": measure,
        "unit": unit,
        "higher_is_better": higher,
        "image_noise": None if bounds is None else {"low": bounds[0], "high": bounds[1], "images": 20},
        "seed_noise": {"difference": delta, "paired": {"deltas": {"values": list(pairs or [delta])}}},
    }


def compared(others: dict[str, list[dict[str, Any]]], command: str = "compare") -> Result:
    tables = [Table(f"compare_{other}_fractions_short", f"to {other}", COLUMNS, (("mIoU",),)) for other in others]
    files = [Table(f"compare_{other}_fractions", f"to {other}, noise", COLUMNS, (("mIoU",),)) for other in others]
    files.append(Table("compare_verdict", "Verdict on the filter", COLUMNS, (("mIoU",),)))
    comparisons = [{"other": other, "rows": rows} for other, rows in others.items()]
    return Result.of(command, tables, files, summary=["mIoU: a sentence."], comparisons=comparisons)


def made(names: Sequence[str], by_baseline: dict[str, Result], *more: Result) -> Context:
    groups = {name: [predictions(name, ((70, 0, 0), (70, 15, 15), (100, 0, 0)))] for name in names}
    own = next(iter(by_baseline.values()))
    return context([own, *more], groups, {name: [result] for name, result in by_baseline.items()})


def shown(context: Context) -> Section:
    found = section(context)
    assert found is not None
    return found


ROWS = [
    row("mIoU", 0.02, (0.01, 0.04)),
    row("ρ_F", -0.01, (-0.02, -0.005), higher=False),
    row("pixel accuracy", -0.01, (-0.02, -0.005)),
    row("retention", 0.01, (-0.01, 0.03)),
    row("macro ρ_F", 0.03, higher=False),
    row("ECE", -0.0034, unit="number", higher=False),
    row("classes at capacity", 2.0, unit="count"),
]
STUDY = made(
    ["none", "clean"],
    {"none": compared({"clean": ROWS}), "clean": compared({"none": [row("mIoU", -0.02, (-0.04, -0.01))]})},
)


def test_differences_are_judged_by_sign_colour_and_word() -> None:
    svg = chart(shown(STUDY).body.split("data-baseline")[1], "Rates")
    found = ((text.text or "", text.attrib.get("class", "")) for text in svg.iter("text"))
    judged = {text: color for text, color in found if text[:1] in ("+", "−") and " " in text}
    assert judged == {
        "+2.00 ↑ better": "good",
        "−1.00 ↑ better": "good",
        "−1.00 ↓ worse": "bad",
        "+1.00 undecided": "",
        "+3.00 no interval": "soft",
    }
    assert texts(svg).count("less is better") == 2


def test_marks_stand_where_the_differences_are() -> None:
    svg = chart(shown(STUDY).body.split("data-baseline")[1], "Rates")
    ticks = {text.text: float(text.attrib["x"]) for text in svg.iter("text") if text.attrib["text-anchor"] == "middle"}
    unit = (ticks["4"] - ticks["0"]) / 4
    at = [left for group in svg.iter("g") for left, _ in places(group)]
    assert at == pytest.approx([ticks["0"] + unit * value for value in (2, -1, -1, 1, 3)], abs=0.15)
    assert titles(svg)[0] == "clean, mIoU: +2.00, ↑ better (+1.00 to +4.00)"
    assert titles(svg)[4] == "clean, macro ρ_F: +3.00, no interval"
    kinds = [path.attrib["class"] for path in svg.iter("path") if "mark" in path.attrib["class"]]
    assert kinds == ["mark"] * 4 + ["mark hollow"]


def test_other_units_have_axes_of_their_own() -> None:
    body = shown(STUDY).body
    assert "−0.0034 no interval" in texts(chart(body, "ECE"))
    assert "Δ (less is better)" in texts(chart(body, "ECE"))
    assert "+2 no interval" in texts(chart(body, "classes at capacity"))


def test_every_baseline_has_its_plot_and_its_tables() -> None:
    found = shown(STUDY)
    none, clean = found.body.split("data-baseline=")[1:]
    assert none.startswith('"none">') and clean.startswith('"clean" hidden>')
    assert "−2.00 ↓ worse" in texts(chart(clean, "Rates"))
    tables = [re.findall('data-table="([^"]+)"', variant) for variant in (none, clean)]
    assert tables == [[f"compare_{other}_fractions_short", f"compare_{other}_fractions"] for other in ("clean", "none")]


def test_seeds_are_rings_from_two_on() -> None:
    several = made(
        ["none", "clean"], {"none": compared({"clean": [row("mIoU", 0.02, (0.01, 0.03), pairs=(0.01, 0.03))]})}
    )
    svg = chart(shown(several).body, "Rates")
    rings = [float(ring.attrib["cx"]) for ring in svg.iter("circle")]
    ((at, _),) = places(series(svg)["clean"])
    assert sum(rings) / 2 == pytest.approx(at, abs=0.11)
    assert "Rings" in shown(several).body
    assert not list(chart(shown(STUDY).body.split("data-baseline")[1], "Rates").iter("circle"))
    assert "Rings" not in shown(STUDY).body


def test_eight_methods_of_three_seeds_are_told_apart() -> None:
    names = [f"m{k}" for k in range(8)]
    others = {
        name: [row("mIoU", k / 100, (k / 100 - 0.01, k / 100 + 0.01), pairs=[k / 100] * 3)]
        for k, name in enumerate(names[1:])
    }
    body = shown(made(names, {"m0": compared(others)})).body
    drawn = series(chart(body, "Rates"))
    assert list(drawn) == names[1:]
    looks = {
        (group.attrib["class"], next(p.attrib["d"] for p in group.iter("path") if p.attrib["class"] == "mark"))
        for group in drawn.values()
    }
    assert len(looks) == 7
    assert all(f"</svg>{name}</li>" in body for name in names[1:])


def test_an_undefined_difference_has_no_mark() -> None:
    rows = [row("mIoU", 0.01, (0.0, 0.02)), row("ρ_F", math.nan, (math.nan, math.nan), higher=False)]
    svg = chart(shown(made(["none", "clean"], {"none": compared({"clean": rows})})).body, "Rates")
    assert len([path for path in svg.iter("path") if "mark" in path.attrib["class"]]) == 1
    assert "– no interval" in texts(svg)


def test_power_is_folded_beside_differences_and_shown_without_any() -> None:
    power = Result.of("power", [Table("power_needed", "Seeds needed", COLUMNS, (("mIoU",),))])
    duel = Result.of("duel", [Table("duel", "Duel", COLUMNS, (("mIoU",),))])
    beside = shown(made(["none", "clean"], {"none": compared({"clean": ROWS})}, power, duel))
    assert re.findall("<summary>(Power|Duel)", beside.body) == ["Power", "Duel"]
    alone = shown(context([power]))
    assert 'data-table="power_needed"' in alone.body and "<details>" not in alone.body


def test_hostile_names_are_text() -> None:
    name = "</svg><script>alert(1)</script>"
    body = shown(made(["none", name], {"none": compared({name: [row(name, 0.01, (0.0, 0.02))]})})).body
    assert "<script" not in body
    assert name in series(chart(body, "Rates"))


def test_absent_without_a_comparison() -> None:
    assert section(context([])) is None
    assert (
        section(context([], {"none": [predictions("none", ((70, 0, 0), (70, 15, 15), (100, 0, 0)))]}, {"none": []}))
        is None
    )
