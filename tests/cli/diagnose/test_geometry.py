"""`pixcon-diag geometry`: what only it has; see test_analysis.py and test_methods.py."""

from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_drawing, rows
from tests.cli.farm import CLASSES, call, one_message


def test_json_and_csv_agree(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_drawing(monkeypatch)
    content = ask("geometry", runs, "--baseline", "clean", "--min-pixels", 5, "--out", tmp_path)
    found = [each["geometry"] for each in content["results"]]
    assert [each["group"] for each in content["results"]] == ["clean", "clean", "none", "none"]
    table = {row["quantity"]: row for row in rows(tmp_path / "geometry.csv")}
    margin = table["Margin (↑)"]
    assert float(margin["clean"]) == pytest.approx((found[0]["margin"] + found[1]["margin"]) / 2)
    assert float(margin["delta"]) == pytest.approx(float(margin["none"]) - float(margin["clean"]))
    checkpoints = rows(tmp_path / "geometry_checkpoints.csv")
    assert [float(row["cdnv"]) for row in checkpoints] == [each["cdnv"] for each in found]
    assert len(rows(tmp_path / "geometry_matrix.csv")) == 4 * 9
    assert [row["class"] for row in rows(tmp_path / "geometry_classes.csv")] == [*CLASSES] * 4


def test_classes_with_too_few_pixels_are_undefined(runs: Path) -> None:
    content = ask("geometry", runs / "farm-none-0", "--min-pixels", 10**6)
    geometry = content["results"][0]["geometry"]
    assert geometry["compactness"] is None and geometry["left_out"] == [0, 1, 2]
    assert "fewer than 1000000 feature pixels: grass, sky, cow" in content["notes"][1]


def test_sliding_windows_have_no_geometry(runs: Path) -> None:
    one_message(call("geometry", runs / "farm-none-0", "--window", 28, "--workers", 0), 2, "--window 0")


def test_an_unknown_baseline_names_those_there_are(runs: Path) -> None:
    one_message(call("geometry", runs, "--baseline", "x", "--workers", 0), 2, "No group is called 'x'", "none, clean")
