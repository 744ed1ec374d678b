"""`pixcon-diag duel`: what only it has; see test_methods.py."""

import json
from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_drawing, no_network
from tests.cli.farm import call, one_message


@pytest.fixture(autouse=True)
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    no_drawing(monkeypatch)


def test_a_sheet_is_written_even_if_nobody_says_where(runs: Path, tmp_path: Path) -> None:
    pair = [runs / "farm-none-0", runs / "farm-clean-0"]
    result = call("duel", *pair, "--count", 5, "--workers", 0)
    assert result.exit_code == 0 and "Disagreement of the predictions" in result.stdout, result.output
    assert "wrote duel_sheet.html in duel: " in result.stderr
    saved = json.loads((tmp_path / "duel/duel.json").read_text())["duels"][0]
    assert saved["sheet"]["id"] in (tmp_path / "duel/duel_sheet.html").read_text(encoding="utf-8")


def test_answers_change_the_report_too(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [runs / "farm-none-0", runs / "farm-clean-0"]
    sheet = ask("duel", *pair, "--count", 5)["duels"][0]["sheet"]
    lines = [f"{sheet['id']},{draw['number']},N\n" for draw in sheet["draws"]]
    for folder in (tmp_path, tmp_path / "report"):
        folder.mkdir(exist_ok=True)
        (folder / "duel_answers.csv").write_text("sheet,question,answer\n" + "".join(lines))
    no_network(monkeypatch)
    answered = ask("duel", *pair, "--answers", "duel_answers.csv")
    assert answered["duels"][0]["labelled"]["labels"] == 5
    assert answered["conclusions"][0].startswith("Undecided after 5 labels")
    other = call("duel", *pair, "--answers", "duel_answers.csv", "--seed", 1, "--workers", 0)
    one_message(other, 3, "duel_answers.csv, line 2", "belongs to sheet")


def test_one_method_is_no_duel(runs: Path) -> None:
    one_message(call("duel", runs / "farm-none-0", "--workers", 0), 2, "needs two methods")
