"""`pixcon-diag audit-labels`: what only it has; see test_methods.py."""

import json
from pathlib import Path

import pytest

from tests.cli.diagnose.asking import ask, no_drawing, no_network
from tests.cli.farm import call, one_message, write_data


@pytest.fixture(autouse=True)
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    no_drawing(monkeypatch)


def test_a_sheet_is_written_and_its_answers_are_read(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("audit-labels", runs / "farm-none-0", "--tau", 0.5)
    result = call(*arguments, "--count", 5, "--top", 2, "--workers", 0)
    assert result.exit_code == 0 and "wrote audit_labels_sheet.html in audit-labels: " in result.stderr, result.output
    sheet = json.loads(Path("audit-labels/audit-labels.json").read_text())["results"][0]["sheet"]
    rows = "".join(f"{sheet['id']},S{n},U\n" for n in range(1, 6))
    Path("answers.csv").write_text("sheet,question,answer\n" + rows)
    no_network(monkeypatch)
    review = ask(*arguments, "--answers", "answers.csv")["results"][0]["review"]
    assert review["shares"]["ambiguous"] == 1
    other = call(*arguments[:2], "--tau", 0.95, "--answers", "answers.csv", "--workers", 0)
    one_message(other, 3, "answers.csv, line 2", "belongs to sheet")


def test_saved_label_maps_have_no_confidence(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")  # whose masks are label maps as well
    images = ("--dataset", data / "farm.yaml", "--data-root", data)
    message = call("audit-labels", "--predictions", f"a={data / 'masks'}", *images, "--list", data / "val.txt")
    one_message(message, 2, "of a hold no confidence", "IMAGE.npz", "IMAGE.confidence.png")
