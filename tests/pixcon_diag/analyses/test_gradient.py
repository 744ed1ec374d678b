"""The split as tables, from sums over anchors made by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pixcon_diag.analyses.gradient import classes_table, gradient_result, split_table, sweep_table
from pixcon_diag.analyses.gradient_split import GradientSplit, MeasuredGradient
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.measures.gradient_result import COLUMNS, GradientOptions, GradientResult, SweepPoint
from pixcon_diag.passes.replayed_banks import ReplayOptions
from tests.pixcon_diag.analyses.made import ODD, column, evaluation_data, predictions, provenance, sound

COUNTS = ((70, 0, 0), (70, 15, 15), (100, 0, 0))


def result(rho_f: float, eq3: float, supcon: float) -> GradientResult:
    """Ten anchors of class 0 with this share of false positives and these ratios; none of the other classes."""
    forms = {}
    for form, ratio in (("eq3", eq3), ("supcon", supcon)):
        sums = np.zeros((3, len(COLUMNS)))
        if rho_f < 1:
            row = {"anchors": 10, "rho_f": 10 * rho_f, "mass": 5 * rho_f, "norm_true": 20, "norm_false": 20 * ratio}
            row |= {"cosine": -5, "cosines": 10 if rho_f else 0, "deflection": 10 * np.pi / 6, "deflections": 10}
            sums[0] = [row[name] for name in COLUMNS]
        forms[form] = sums
    return GradientResult.from_sums(forms)


CLEAN, CONFIDENT = result(0, 0, 0), result(0.2, 0.1, 0.25)


def measured(
    name: str = "x",
    *,
    group: str = "g",
    space: str = "projection",
    sweep: tuple[tuple[float, float, float], ...] = (),
    rules: dict[str, GradientResult] | None = None,
    trained: str | None = None,
) -> MeasuredGradient:
    data = evaluation_data(2, "labeled.txt")
    about = {"name": name, "space": space, "provenance": provenance(name, data), "trained": trained}
    bank: Any = SimpleNamespace(options=ReplayOptions(tau=0.9), **about)
    points = {"uniform": tuple(SweepPoint(rho, result(rho, *ratios)) for rho, *ratios in sweep)} if sweep else {}
    by_rule = rules or {"confidence": CONFIDENT, "clean": CLEAN}
    options = GradientOptions(tuple(by_rule))
    passed: Any = predictions(name, COUNTS)
    return Measured(group, passed, GradientSplit(bank, options, by_rule, points))


def test_a_row_for_each_rule_and_form() -> None:
    table = split_table([measured()])
    assert [row[:3] for row in table.rows] == [
        ("x", "confidence", "Eq. 3"),
        ("x", "confidence", "SupCon"),
        ("x", "clean", "Eq. 3"),
        ("x", "clean", "SupCon"),
    ]
    assert table.texts()[0][3:] == ["10", "0.2000", "0.1000", "0.2500", "0.400", "0.1000", "-0.500", "30.00"]
    assert column(table, "ratio") == pytest.approx([0.1, 0.25, 0.0, 0.0])
    assert column(table, "law") == pytest.approx([0.25, 0.25, 0, 0])
    assert table.texts()[2][3:] == ["10", "0.0000", "0.0000", "0.0000", "–", "0.0000", "–", "30.00"]
    record = table.records()[0]
    assert record["space"] == "projection" and record["bank_list"] == "labeled.txt" and record["tau"] == 0.9
    assert record["temperature"] == 0.1 and record["list"] == "val.txt"
    assert table.notes[-1] == "x, confidence: Eq. 3 departs from the law by more than 10% for ground."


def test_the_space_is_named_for_each_checkpoint() -> None:
    table = split_table([measured("x"), measured("y", space="fused feature"), measured("z")])
    assert "Embedding of x, z: the projection head's output." in table.notes[1]
    assert "Embedding of y: the fused decoder feature (no head)." in table.notes[2]


def test_a_run_whose_bank_no_replay_makes_is_named(tmp_path: Path) -> None:
    result = gradient_result([measured("p", trained="pseudo"), measured("c", trained="clean")])
    (note,) = (note for note in result.tables[0].notes if "trained with" in note)
    assert note.startswith("p: trained with `pseudo`") and "--split unlabeled" in note
    assert [record["trained_rule"] for record in sound(result, tmp_path)["results"][::2]] == ["pseudo", "clean"]


def test_the_sweep_says_where_it_leaves_the_law() -> None:
    """The law is 0.111, 0.25, 0.667 and 1: Eq. 3 leaves it in the middle only."""
    points = ((0.0, 0, 0), (0.1, 0.11, 0.111), (0.2, 0.1, 0.25), (0.4, 0.5, 0.667), (0.5, 1.0, 1.0))
    table = sweep_table([measured(sweep=points)])
    assert column(table, "fraction") == [0.0, 0.1, 0.2, 0.4, 0.5] and column(table, "way") == ["uniform"] * 5
    assert column(table, "eq3_ratio") == pytest.approx([0, 0.11, 0.1, 0.5, 1.0])
    assert table.texts()[0][2:6] == ["0.00", "0.0000", "0.0000", "0.0000"] and table.texts()[0][6] == "–"
    assert table.notes == (
        "x, uniform, Eq. 3: more than 10% from the law at 2 of 4 points (ρ_F 0.200 to 0.400).",
        "x, uniform, SupCon: more than 10% from the law at 0 of 4 points.",
    )


def test_without_a_sweep_there_is_no_table_of_it(tmp_path: Path) -> None:
    result = gradient_result([measured(group=ODD, rules={"confidence": CONFIDENT})])
    assert [table.name for table in result.tables] == ["gradient"]
    assert sound(result, tmp_path)["results"][0]["sweep"] == {}


def test_an_empty_bank_is_undefined_everywhere(tmp_path: Path) -> None:
    nothing = result(1, 0, 0)
    made = gradient_result([measured(rules={"confidence": nothing, "clean": CLEAN}, sweep=((0.1, 0.1, 0.1),))])
    assert made.tables[0].texts()[0][3:] == ["0", "–", "–", "–", "–", "–", "–", "–"]
    (confidence, clean) = sound(made, tmp_path)["results"]
    overall = confidence["gradient"]["eq3"]["overall"]
    assert overall["anchors"] == 0 and overall["ratio"] is None and overall["rho_f"] is None
    assert confidence["sweep"] == {} and list(clean["sweep"]) == ["uniform"]
    assert (clean["space"], clean["tau"], clean["options"]["temperature"]) == ("projection", 0.9, 0.1)
    assert clean["bank"]["data"]["list_name"] == "labeled.txt" and clean["provenance"]["data"]["list_name"] == "val.txt"


def test_every_class_of_the_anchor_has_its_row() -> None:
    table = classes_table([measured()])
    assert len(table.rows) == 2 * 2 * 3
    assert table.rows[0][:5] == ("x", "confidence", "Eq. 3", "ground", 10)
    assert table.texts()[1][3:] == ["cat", "0", "–", "–", "–", "–", "–", "–", "–"]
