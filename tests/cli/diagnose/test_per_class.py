"""`pixcon-diag per-class`: what only it has; see test_methods.py."""

from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_drawing, rows
from tests.cli.farm import call, one_message


def test_the_baseline_turns_the_differences_round(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_drawing(monkeypatch)
    (usual,) = ask("per-class", runs)["comparisons"]
    (turned,) = ask("per-class", runs, "--baseline", "clean", "--out", tmp_path)["comparisons"]
    assert (turned["baseline"], turned["other"]) == ("clean", "none")
    deltas = {row["name"]: row["delta"] for row in usual["per_class"]["rows"]}
    assert {row["name"]: -row["delta"] for row in turned["per_class"]["rows"]} == deltas
    table = rows(tmp_path / "per-class_none.csv")
    assert table[-1]["class"] == "mIoU" and table[0]["improved"].endswith("/2")


def test_what_cannot_be_compared_is_one_message(runs: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_message(call("per-class", runs / "farm-none-0", "--workers", 0), 2, "needs two methods", "name=path,path")
    two = (runs / "farm-none-0", runs / "farm-clean-0", "--baseline", "mine")
    one_message(call("per-class", *two, "--workers", 0), 2, "No group is called 'mine'")
    one_message(call("per-class", runs / "farm-none-0", elsewhere / "farm-clean-0"), 2, "measured on different images")
    monkeypatch.chdir(elsewhere)
    one_message(call("per-class"), 4, "No checkpoint was named", "./runs")
