"""Contamination tables from pixels drawn by hand."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pixcon_diag.analyses.contamination import (
    classes_table,
    contamination_result,
    curve_table,
    overall_table,
    zones_table,
)
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.provenance import CheckpointInfo
from pixcon_diag.tables.table import Table
from tests.pixcon_diag.analyses.made import ODD, column, evaluation_data, predictions, sound

COUNTS = ((70, 0, 0), (70, 15, 15), (100, 0, 0))
TARGET = torch.tensor([[[0, 0, 0, 0, 1, 1, 255, 255]]])
PREDICTION = torch.tensor([[[0, 0, 0, 1, 1, 0, 0, 0]]])
CONFIDENCE = torch.tensor([[[1.0, 1.0, 0.6, 1.0, 1.0, 0.6, 1.0, 1.0]]])


def contaminated(name: str, *, group: str = "g", widths: tuple[int, ...] = (1,)) -> Measured[Any, Any]:
    """Six valid pixels: at τ = 0.9 four are retained, one of them wrongly; at 0.5 all six, two of them wrongly."""
    metric = Contamination(3, void=255, taus=(0.5, 0.9), widths=widths)
    metric.update(CONFIDENCE, PREDICTION, TARGET)
    return Measured(group, predictions(name, COUNTS), metric.compute())


def rows(table: Table, *keys: str) -> list[tuple[Any, ...]]:
    return list(zip(*(column(table, key) for key in keys), strict=True))


def test_a_row_for_each_checkpoint_and_threshold() -> None:
    table = overall_table([contaminated("x"), contaminated("y")])
    assert rows(table, "name", "tau") == [("x", 0.5), ("x", 0.9), ("y", 0.5), ("y", 0.9)]
    assert rows(table, "retention", "retained_accuracy", "rho_f")[:2] == [
        (1.0, pytest.approx(4 / 6), pytest.approx(2 / 6)),
        (pytest.approx(4 / 6), 0.75, 0.25),
    ]
    assert column(table, "macro_rho_f")[1] == 0.25  # class 0: 0 of 2 wrong, class 1: 1 of 2
    record = table.records()[1]
    assert (record["group"], record["sha256"]) == ("g", "hash of x")
    assert (record["pixels"], record["retained"], record["correct"]) == (6, 4, 3)
    assert record["miou_zero"] == pytest.approx(0.7 / 3) and "lower bound" in table.notes[-1]


def test_a_part_of_the_list_is_set_against_the_stated_score_where_there_is_one() -> None:
    stated = predictions("x", COUNTS, replace(evaluation_data(), limited=True))
    info = CheckpointInfo.of_maps(Path("maps"), "hash", "saved labels", 3)
    saved = replace(stated, provenance=replace(stated.provenance, checkpoint=info))
    result = contaminated("x").result
    first, second = (overall_table([Measured("g", member, result)]) for member in (stated, saved))
    assert first.notes[0] == "2 images of val.txt, a part of it: the stated mIoU covers other images."
    assert second.notes[0] == "2 images of val.txt, a part of it."
    assert (column(first, "weights")[0], column(second, "weights")[0]) == ("ema", "unknown")
    unnamed = replace(stated, provenance=replace(stated.provenance, checkpoint=replace(info, weights="unnamed")))
    assert column(overall_table([Measured("g", unnamed, result)]), "weights")[0] == "only one"


def test_band_and_interior_add_up_to_all_pixels() -> None:
    """Three pixels have another label, or void, beside them: two of these are wrong, one of them with confidence."""
    table = zones_table([contaminated("x")])
    assert rows(table, "tau", "width", "share") == [(0.5, 1, 0.5), (0.9, 1, 0.5)]
    assert rows(table, "band_retention", "interior_retention") == [(1.0, 1.0), (pytest.approx(2 / 3),) * 2]
    assert column(table, "band_rho_f") == [pytest.approx(2 / 3), 0.5] and column(table, "interior_rho_f") == [0.0, 0.0]
    for record in table.records():
        assert record["band_pixels"] + record["interior_pixels"] == 6


def test_classes_are_counted_by_prediction_and_by_target() -> None:
    table = classes_table([contaminated("x")])
    assert rows(table, "class", "predicted_pixels", "predicted_retained", "predicted_rho_f")[3:5] == [
        ("ground", 4, 2, 0.0),
        ("cat", 2, 2, 0.5),
    ]
    assert rows(table, "true_pixels", "true_retention", "true_rho_f")[3:5] == [
        (4, 0.75, pytest.approx(1 / 3)),
        (2, 0.5, 0.0),
    ]
    assert [record["index"] for record in table.records()] == [0, 1, 2, 0, 1, 2]
    assert table.notes[1] == "x: no pixel retained at τ = 0.9 for dog; left out of the macro mean."


def test_the_curve_ends_where_nothing_is_retained() -> None:
    table = curve_table([contaminated("x")])
    taus, retained = column(table, "tau"), column(table, "retained")
    assert taus == sorted(taus) and retained == sorted(retained, reverse=True) and retained[0] == 6
    assert table.records()[0]["group"] == "g"


def test_a_single_checkpoint_shows_its_classes(tmp_path: Path) -> None:
    def member(name: str, **options: Any) -> Any:
        own = contaminated(name, **options)
        counts = SimpleNamespace(retained=lambda _: np.array([[6, 4, 1], [0, 0, 0]]))
        return SimpleNamespace(
            **vars(own.member),
            iou=own.member.iou,
            contamination=lambda _: own.result,
            counts=counts,
            cells=SimpleNamespace(edges=()),
            labeled=None,
        )

    single = contamination_result([(ODD, member("x"))], (0.5, 0.9))
    assert [table.name.removeprefix("contamination") for table in single.tables] == [
        "",
        "verdict",
        "_boundary",
        "_classes",
        "verdict_classes",
    ]
    assert [table.name for table in single.files] == ["contamination_curve"]
    both = contamination_result([("a", member("x", widths=())), ("b", member("y", widths=()))], (0.5, 0.9))
    assert [table.name for table in both.tables] == ["contamination", "verdict"]
    content = sound(both, tmp_path)
    assert [record["group"] for record in content["results"]] == ["a", "b"]
    assert content["results"][0]["verdict"]["thresholds"][0]["overall"]["decision"] == "none"
