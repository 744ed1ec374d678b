"""`pixcon-diag gradient`: what only it has; see test_bank_options.py and test_methods.py."""

from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_drawing, rows
from tests.cli.farm import call, one_message


def test_json_and_csv_agree(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_drawing(monkeypatch)
    content = ask("gradient", runs / "farm-none-0", runs / "farm-clean-0", "--anchors", 5, "--out", tmp_path)
    by_place = [(each["name"], each["rule"]) for each in content["results"]]
    assert by_place == [(name, rule) for name in ("farm-none-0", "farm-clean-0") for rule in ("confidence", "clean")]
    split = rows(tmp_path / "gradient.csv")
    for index, found in enumerate(content["results"]):
        for form, row in zip(("eq3", "supcon"), split[2 * index : 2 * index + 2], strict=True):
            overall = found["gradient"][form]["overall"]
            assert (row["name"], row["rule"], row["space"]) == (found["name"], found["rule"], found["space"])
            assert row["ratio"] == ("" if overall["ratio"] is None else repr(overall["ratio"]))
            assert int(row["anchors"]) == overall["anchors"] <= 15
    sweep = rows(tmp_path / "gradient_sweep.csv")
    assert len(sweep) == 2 * 2 * 9 and {row["way"] for row in sweep} == {"uniform", "confusion"}
    points = content["results"][1]["sweep"]["uniform"]
    ratios = [point["result"]["eq3"]["overall"]["ratio"] for point in points]
    assert [float(row["eq3_ratio"]) for row in sweep[:9]] == ratios


def test_the_temperature_is_the_run_s_unless_it_is_told(
    runs: Path, public: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used(*arguments: object) -> float:
        options = ("--rule", "labeled", "--anchors", 5)
        return float(ask("gradient", *arguments, *options)["results"][0]["options"]["temperature"])

    assert used(runs / "farm-clean-0", "--temperature", 0.5) == 0.5
    monkeypatch.setattr("pixcon_diag.analyses.gradient.temperature_of", lambda loaded, given: given or 0.07)
    assert used(runs / "farm-clean-0") == 0.07
    monkeypatch.undo()
    listed = ("--dataset", data / "farm.yaml", "--data-root", data, "--bank-list", "val.txt")
    assert used(public, *listed) == 0.1


def test_a_bank_that_stays_empty_has_no_ratio(runs: Path) -> None:
    content = ask("gradient", runs / "farm-clean-0", "--rule", "confidence", "--admission-tau", 1, "--anchors", 5)
    (found,) = content["results"]
    overall = found["gradient"]["eq3"]["overall"]
    assert (overall["anchors"], overall["ratio"], found["sweep"]) == (0, None, {})
    shown = call("gradient", runs / "farm-clean-0", "--rule", "confidence", "--admission-tau", 1, "--workers", 0).stdout
    assert "Controlled contamination" not in shown and "the projection head's output" in " ".join(shown.split())


def test_a_value_that_makes_no_sense_is_one_message(runs: Path) -> None:
    for option, value in (("--temperature", 0), ("--anchors", 101)):
        one_message(call("gradient", runs / "farm-none-0", option, value), 2, option)
