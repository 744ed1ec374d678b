"""Table 7 from counts made by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.analyses.boundary import boundary_result, rates_table, table7
from pixcon_diag.analyses.boundary_counts import BoundaryCounts, MeasuredBoundary
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.options import BandOptions
from tests.pixcon_diag.analyses.made import ODD, column, evaluation_data, predictions, sound

COUNTS = ((70, 0, 0), (70, 15, 15), (100, 0, 0))
"""100 valid pixels of one class, 30 of them wrong."""


def measured(
    group: str,
    *wrong: tuple[int, int, int],
    pixels: tuple[int, int, int] = (10, 40, 100),
    data: EvaluationData | None = None,
) -> list[MeasuredBoundary]:
    """A seed for each triple of wrong pixels: in the bands of 1 and 3 px, and in all of ``pixels``."""
    options = BandOptions((1, 3))
    found = []
    for seed, errors in enumerate(wrong):
        counts = np.zeros((2, 3, 2), dtype=np.int64)
        counts[0] = np.stack((pixels, errors), 1)
        member = predictions(f"{group} {seed}", COUNTS, data)
        found.append(Measured(group, member, BoundaryCounts(counts, options)))
    return found


NONE = measured("none", (5, 16, 30), (7, 20, 32))
CLEAN = measured("clean", (4, 10, 20), (4, 8, 18))


def test_a_row_for_each_checkpoint_and_width() -> None:
    table = rates_table(NONE)
    assert column(table, "name") == ["none 0", "none 0", "none 1", "none 1"]
    assert column(table, "width") == [1, 3, 1, 3] and column(table, "share") == [0.1, 0.4, 0.1, 0.4]
    assert column(table, "band_error") == [0.5, 0.4, 0.7, 0.5]
    assert column(table, "interior_error") == [25 / 90, 14 / 60, 25 / 90, 12 / 60]
    assert column(table, "error") == [0.3, 0.3, 0.32, 0.32]
    assert column(table, "miou")[0] == pytest.approx(0.7 / 3)
    record = table.records()[1]
    assert (record["band_pixels"], record["band_wrong"], record["interior_pixels"]) == (40, 16, 60)
    assert (record["group"], record["widths"], record["distance"]) == ("none", "1 3", "chessboard")
    assert table.texts()[0] == ["none 0", "23.33", "1", "10.00", "50.00", "27.78", "30.00"]


def test_table_7_is_the_mean_over_seeds_and_negative_where_the_other_is_better() -> None:
    table = table7([*NONE, *CLEAN], "none", "clean", "name")
    assert [row[0] for row in table.rows] == ["1 px", "3 px"]
    (first, other, delta), interior = table.rows[0][1:4], table.rows[0][4:]
    assert (first.mean, other.mean, delta) == (0.6, 0.4, pytest.approx(-0.2))
    assert first.std == pytest.approx(0.2 / math.sqrt(2)) and other.std == 0
    assert interior[0].mean == pytest.approx(25 / 90) and interior[1].mean == pytest.approx((16 + 14) / 180)
    assert table.texts()[0] == [
        "1 px",
        "60.00 ± 14.14",
        "40.00 ± 0.00",
        "-20.00",
        "27.78 ± 0.00",
        "16.67 ± 1.57",
        "-11.11",
    ]
    assert "Δ = clean − none. ↑: more is better; ↓: less is better." in table.notes[0]
    assert [column.head for column in table.columns[3::3]] == ["Δ (↓)", "Δ (↓)"]
    assert table.columns[3].title == "band error % Δ (↓)" and table.columns[6].title == "interior error % Δ (↓)"
    assert "paper's Table 7 has the opposite sign" in table.notes[0] and "seeds (2, 2)" in table.notes[0]


def test_each_method_is_compared_with_the_first_on_the_same_images() -> None:
    elsewhere = measured("other images", (1, 1, 1), data=evaluation_data(2, "train.txt"))
    tables = boundary_result([*NONE, *elsewhere, *CLEAN]).tables
    assert [table.name for table in tables] == ["boundary", "table7_none_clean"]
    assert len(tables[0].rows) == 10


def test_methods_with_other_classes_are_not_compared() -> None:
    other = measured("reordered", (1, 1, 1), data=evaluation_data(classes=("sky", "ground", "dog")))
    assert [table.name for table in boundary_result([*NONE, *other]).tables] == ["boundary"]


def test_names_that_look_alike_have_their_own_files(tmp_path: Path) -> None:
    groups = [member for name in (ODD, "x/y", "x y") for member in measured(name, (5, 16, 30))]
    content = sound(boundary_result(groups), tmp_path)
    assert len(list(tmp_path.glob("table7_*.csv"))) == 2
    assert [record["group"] for record in content["results"]] == [ODD, "x/y", "x y"]
    assert content["results"][0]["boundary"]["widths"][0]["band"] == {"pixels": 10, "wrong": 5, "error": 0.5}
    assert content["results"][0]["provenance"]["checkpoint"]["scores"]["epoch"] == 3


def test_a_band_without_pixels_is_undefined_and_said_to_say_little(tmp_path: Path) -> None:
    result = boundary_result(measured("void", (0, 0, 5), pixels=(0, 0, 100)))
    table = result.tables[0]
    assert table.texts()[0][3:] == ["0.00", "–", "5.00", "5.00"]
    assert "width 1, 3 holds less than 0.5%" in table.notes[-1]
    content = sound(result, tmp_path)
    assert content["results"][0]["boundary"]["widths"][0]["band"]["error"] is None
    assert (tmp_path / "boundary.csv").read_text().splitlines()[1].split(",")[-3:] == ["", "0.05", "0.05"]
