"""`pixcon-diag boundary`: what only it has; see test_analysis.py and test_methods.py."""

from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_drawing, rows
from tests.cli.farm import call, one_message


def test_the_baseline_of_table_7_can_be_chosen(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_drawing(monkeypatch)
    names = [each["group"] for each in ask("boundary", runs, "--baseline", "clean", "--out", tmp_path)["results"]]
    assert names == ["clean", "clean", "none", "none"]
    first, *_ = rows(tmp_path / "table7_clean_none.csv")
    ask("boundary", runs, "--out", tmp_path)
    other, *_ = rows(tmp_path / "table7_none_clean.csv")
    assert first["baseline_band"] == other["other_band"] and float(first["delta_band"]) == -float(other["delta_band"])
    one_message(call("boundary", runs, "--baseline", "claen"), 2, "No group is called 'claen'", "none, clean")


def test_any_width_distance_and_void(runs: Path) -> None:
    options = ("--width", 7, "--width", 2, "--width", 7, "--distance", "euclidean", "--void", "nearest")
    (found,) = ask("boundary", runs / "farm-none-0", *options)["results"]
    assert found["options"] == {"widths": [2, 7], "distance": "euclidean", "void_mode": "nearest"}
    assert [at["width"] for at in found["boundary"]["widths"]] == [2, 7]
    one_message(call("boundary", runs / "farm-none-0", "--width", 0), 2, "--width")


def test_methods_on_other_images_stand_side_by_side_without_a_difference(runs: Path, elsewhere: Path) -> None:
    result = call("boundary", runs / "farm-none-0", elsewhere / "farm-clean-0", "--workers", 0)
    assert result.exit_code == 0 and "Table 7" not in result.stdout, result.output
    assert "farm-none-0" in result.stdout and "farm-clean-0" in result.stdout


def test_seeds_of_one_method_need_the_same_images(runs: Path, elsewhere: Path) -> None:
    group = f"clean={runs / 'farm-clean-0'},{elsewhere / 'farm-clean-1'}"
    one_message(call("boundary", group), 2, "measured on different images", "mean over seeds", "--list")
