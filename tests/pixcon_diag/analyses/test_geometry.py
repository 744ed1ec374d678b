"""Table 9 from class sums made by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.analyses.geometry import (
    MeasuredGeometry,
    classes_table,
    closest_table,
    geometry_result,
    matrix_table,
    table9,
)
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.geometry_result import GeometryResult
from pixcon_diag.passes.predictions import MeasuredGroup
from tests.pixcon_diag.analyses.made import column, evaluation_data, predictions

COUNTS = ((70, 0, 0), (70, 15, 15), (100, 0, 0))


def geometry(
    group: str, compactness: float, *, pixels: int = 200, data: EvaluationData | None = None, seed: int = 0
) -> MeasuredGeometry:
    """Classes 1 and 2 (0 is the background) at 0° and 60°, both of one compactness."""
    directions = np.array([[0, 1], [1, 0], [0.5, math.sqrt(0.75)]])
    counts = np.array([500, pixels, 200])
    sums = compactness * directions * counts[:, None]
    member = predictions(f"{group} {seed}", COUNTS, data)
    return Measured(group, member, GeometryResult.from_sums(sums, counts, (1, 2), 100))


def test_table_9_is_the_mean_over_seeds_with_the_second_s_difference() -> None:
    results = [geometry("none", 0.7), geometry("none", 0.8, seed=1), geometry("clean", 0.9), geometry("clean", 0.95)]
    table = table9(results)
    assert [column.key for column in table.columns] == ["quantity", "none", "clean", "delta"]
    by_name = {str(row[0]).split(" (")[0]: row[1:] for row in table.rows}
    none, clean, delta = by_name["Intra-class compactness"]
    assert (none.mean, clean.mean, delta) == (pytest.approx(0.75), pytest.approx(0.925), pytest.approx(0.175))
    assert none.std == pytest.approx(0.1 / math.sqrt(2))
    assert by_name["Mean inter-class cosine"][0].mean == pytest.approx(0.5)
    assert by_name["Max inter-class cosine"][2] == pytest.approx(0.0)
    assert by_name["Margin"][0].mean == pytest.approx(0.25) and by_name["Margin"][2] == pytest.approx(0.175)
    # V = 1 − c², ‖μ1 − μ2‖² = c² for an angle of 60°: CDNV = (1 − c²) / c².
    assert by_name["CDNV"][1].mean == pytest.approx(np.mean([1 / c**2 - 1 for c in (0.9, 0.95)]))
    assert table.texts()[0] == ["Intra-class compactness (↑)", "0.750 ± 0.071", "0.925 ± 0.035", "+0.175"]
    assert "seeds (2, 2)" in table.notes[0] and "Δ = " in table.notes[1]


def test_one_three_or_differently_measured_methods_have_no_difference() -> None:
    for results in (
        [geometry("a", 0.7)],
        [geometry("a", 0.7), geometry("b", 0.8), geometry("c", 0.9)],
        [geometry("a", 0.7), geometry("b", 0.8, data=evaluation_data(2, "train.txt"))],
        [geometry("a", 0.7), geometry("b", 0.8, data=evaluation_data(classes=("cat", "ground", "dog")))],
    ):
        table = table9(results)
        assert [column.key for column in table.columns] == ["quantity", *(measured.group for measured in results)]


def test_classes_left_out_are_named_and_undefined() -> None:
    results = [geometry("few", 0.7, pixels=99)]
    assert table9(results).notes[-1] == "few 0: classes left out with fewer than 100 feature pixels: cat"
    assert table9(results).texts()[1:] == [[row[0], "–"] for row in table9(results).texts()[1:]]  # no pair is left
    assert closest_table(results).texts()[0][-1] == "–"
    classes = classes_table(results)
    assert column(classes, "class") == ["ground", "cat", "dog"] and column(classes, "pixels") == [500, 99, 200]
    assert classes.texts()[1][3:] == ["–", "–", "–", "–"]


def test_each_checkpoint_has_its_closest_pair_and_each_pair_its_cosine() -> None:
    results = [geometry("a", 0.7), geometry("b", 0.8)]
    table = closest_table(results)
    assert column(table, "closest") == ["cat – dog"] * 2 and column(table, "max_inter")[0] == pytest.approx(0.5)
    assert table.records()[1]["group"] == "b" and table.records()[1]["sha256"] == "hash of b 0"
    assert column(classes_table(results), "nearest")[:3] == [None, "dog", "cat"]
    matrix = matrix_table(results)
    assert len(matrix.rows) == 2 * 9
    assert matrix.rows[5][1:] == ("cat", "dog", pytest.approx(0.5)) and matrix.rows[0][1:] == ("ground", "ground", 1.0)


def test_saved_predictions_have_no_geometry(tmp_path: Path) -> None:
    group = MeasuredGroup("saved", (predictions("saved", COUNTS),))
    assert geometry_result([group]).content["results"] == []
