"""`pixcon-diag coverage`: what only it has; see test_bank_options.py and test_methods.py."""

from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_drawing, rows
from tests.cli.farm import CLASSES, call


def test_json_and_csv_agree(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_drawing(monkeypatch)
    content = ask("coverage", runs, "--rule", "clean", "--rule", "confidence", "--rule", "clean", "--out", tmp_path)
    assert [each["rule"] for each in content["results"]] == ["clean", "confidence"] * 4
    for row, found in zip(rows(tmp_path / "coverage.csv"), content["results"], strict=True):
        coverage = found["coverage"]
        assert (row["name"], row["rule"], row["group"]) == (found["name"], found["rule"], found["group"])
        assert int(row["with_entry"]) == coverage["with_entry"] and int(row["images"]) == coverage["images"] == 4
        assert row["sha256"] == found["provenance"]["checkpoint"]["sha256"] and row["tau"] == "0.5"
    classes = rows(tmp_path / "coverage_classes.csv")
    fills = [fill for found in content["results"] for fill in found["coverage"]["classes"]["fill"]]
    assert [int(row["fill"]) for row in classes] == fills and len(fills) == 8 * len(CLASSES)
    stored = rows(tmp_path / "coverage_stored.csv")
    assert [(row["class"], row["fill"]) for row in stored[:4]] == [
        *zip(CLASSES, ("16", "4", "0"), strict=True),
        ("all", "20"),
    ]
    assert stored[2]["staleness"] == ""


def test_one_rule_of_one_checkpoint_shows_its_classes(runs: Path) -> None:
    result = call("coverage", runs / "farm-none-0", "--rule", "labeled", "--workers", 0)
    assert result.exit_code == 0 and "images until full" in " ".join(result.stdout.split()), result.output
    assert "Stored bank" not in result.stdout
    assert "images until full" not in call("coverage", runs / "farm-none-0", "--workers", 0).stdout


def test_the_list_that_is_replayed_is_named(runs: Path, tmp_path: Path) -> None:
    whole = ask("coverage", runs / "farm-clean-0", "--split", "unlabeled", "--rule", "confidence")
    assert whole["notes"][1].startswith("4 images of ") and "val.txt" in whole["notes"][1]
    two = tmp_path / "two.txt"
    two.write_text("".join((runs.parent / "data/val.txt").read_text().splitlines(keepends=True)[:2]))
    for option in ("--list", "--bank-list"):
        part = ask("coverage", runs / "farm-clean-0", option, two, "--rule", "clean")
        assert part["results"][0]["coverage"]["images"] == 2 and part["notes"][1].startswith("2 images of ")
