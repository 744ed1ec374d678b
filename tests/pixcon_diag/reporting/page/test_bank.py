"""The section on the bank and the gradient."""

from typing import Any

import pytest

from pixcon_diag.reporting.page.bank import section
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from tests.pixcon_diag.reporting.page.drawn import chart, paths, places, series, texts, titles
from tests.pixcon_diag.reporting.page.made import context

CONFUSED = "Eq. 3, the loss of training: wrong entries as the network confuses classes"
CONTAMINATION = "Wrong entries in the bank"


def bank(group: str, rule: str, rho_f: float, *, seed: int = 0, stored: float | None = None) -> dict[str, Any]:
    return {
        "name": f"{group}-{seed}",
        "group": group,
        "classes": ["road", "tree"],
        "rule": rule,
        "coverage": {"bank_size": 10, "absent": [], "classes": {"fill": [10, 4]}},
        "bank": {"rho_f": rho_f, "interval": {"low": rho_f / 2, "high": 2 * rho_f, "level": 0.95}},
        "stored_bank": None
        if stored is None
        else {"fill": [9, 9], "size": 10, "purity": None, "overall_contamination": stored},
    }


def split(
    group: str, rule: str, rho_f: float, ratio: float, sweep: tuple[tuple[float, float], ...] = ()
) -> dict[str, Any]:
    points = [{"result": forms(*point)} for point in sweep]
    return {
        "name": f"{group}-0",
        "group": group,
        "rule": rule,
        "gradient": forms(rho_f, ratio),
        "sweep": {"confusion": points} if sweep else {},
    }


def forms(rho_f: float, ratio: float) -> dict[str, Any]:
    return {form: {"overall": {"rho_f": rho_f, "ratio": ratio}} for form in ("eq3", "supcon")}


def results(command: str, *records: dict[str, Any]) -> Result:
    table = Table(command, f"Table of {command}", (Column("name", "checkpoint"),), (("none",),))
    files = [Table("coverage_classes", "Classes", (Column("name", "checkpoint"),), (("none",),))]
    return Result.of(command, [table], files if command == "coverage" else [], results=list(records))


NONE = (bank("none", "clean", 0.0), bank("none", "confidence", 0.02))
SWEPT = (
    split("none", "confidence", 0.004, 0.25),
    split("none", "clean", 0.0, 0.0, ((0.0, 0.0), (0.01, 1 / 99), (0.1, 1 / 9))),
)


def test_contamination_is_drawn_with_its_interval() -> None:
    found = section(context([results("coverage", *NONE, bank("clean", "confidence", 0.03, stored=0.01))]))
    assert found is not None
    svg = chart(found.body, CONTAMINATION)
    assert titles(svg) == ["none-0: 2 % (1 to 4)", "clean-0: 3 % (1.5 to 6)", "clean-0: 1 %"]
    assert [text for text in texts(svg) if text[0].isdigit() and "%" in text] == ["2 %", "3 %", "1 %"]
    assert {"bank by confidence", "bank in the checkpoint's file"} <= {*texts(svg)}
    assert "bank by clean" not in texts(svg)
    assert "By definition no wrong entry: clean." in found.body
    (at, _), (after, _), _ = places(svg)
    low, high = (float(end.split(" ")[0]) for end in paths(svg, "bar")[0][1:].split("L"))
    assert at == pytest.approx(low + (high - low) / 3, abs=0.11)
    assert after == pytest.approx(low + 2 * (high - low) / 3, abs=0.11)


def test_the_sweep_is_the_share_of_g_f_over_the_contamination() -> None:
    found = section(context([results("gradient", *SWEPT)]))
    assert found is not None
    svg = chart(found.body, CONFUSED)
    drawn = series(svg)
    assert titles(drawn["none"]) == ["none: 0, 0", "none: 0.01, 0.01", "none: 0.1, 0.1"]
    assert titles(drawn["none, bank by confidence"]) == ["none, bank by confidence: 0.004, 0.2"]
    assert "none, bank by clean" not in drawn
    assert "quiet" in drawn["count law"].attrib["class"] and not places(drawn["count law"])


def test_the_count_law_is_met_where_the_share_is_the_contamination() -> None:
    found = section(context([results("gradient", *SWEPT)]))
    assert found is not None
    drawn = series(chart(found.body, CONFUSED))
    start, end = (tuple(map(float, point.split(" "))) for point in paths(drawn["count law"], "line")[0][1:].split("L"))
    for left, top in places(drawn["none"])[1:]:
        share = (left - start[0]) / (end[0] - start[0])
        assert top == pytest.approx(start[1] + share * (end[1] - start[1]), abs=0.2)


def test_banks_alone_have_a_chart_without_a_sweep() -> None:
    found = section(context([results("gradient", split("none", "confidence", 0.1, 0.2))]))
    assert found is not None
    assert list(series(chart(found.body, "Eq. 3, the loss of training"))) == [
        "count law",
        "none",
        "none, bank by confidence",
    ]


def test_one_method_has_no_legend_and_its_bank_is_named() -> None:
    one, two = (
        section(context([results("gradient", *records)]))
        for records in (SWEPT, (*SWEPT, split("b", "confidence", 0.1, 0.2)))
    )
    assert one is not None and two is not None
    assert "confidence" in texts(chart(one.body, CONFUSED)) and "legend" not in one.body
    assert "confidence" not in texts(chart(two.body, CONFUSED)) and "legend" in two.body


def test_every_chart_has_its_table() -> None:
    found = section(context([results("coverage", *NONE), results("gradient", *SWEPT)]))
    assert found is not None
    assert all(
        f'data-table="{name}"' in found.body for name in ("coverage", "coverage_classes", "gradient", "bank_matrix")
    )


def test_absent_without_a_bank() -> None:
    assert section(context([])) is None
