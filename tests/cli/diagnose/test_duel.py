"""`pixcon-diag duel`: what only it has; see test_methods.py."""

import json
import shutil
from pathlib import Path

import pytest

from pixcon_train.runs.checkpoint import save_checkpoint
from tests.cli.diagnose.asking import ask, no_drawing, no_network
from tests.cli.farm import SIZES, call, one_message, own_checkpoint, write_public


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


@pytest.fixture
def photographs(data: Path) -> Path:
    """A list without masks, in a data set without masks and without a list of its own."""
    shutil.rmtree(data / "masks")
    (data / "val.txt").unlink()
    listed = data / "photographs.txt"
    listed.write_text("".join(f"images/{index}.jpg\n" for index in range(len(SIZES))))
    return listed


def test_images_without_masks_are_enough(
    tmp_path: Path, data: Path, photographs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet, then answers, which run no network; two checkpoints that name no data set are compared too."""
    own, public = tmp_path / "own.pth", write_public(tmp_path / "public.pth")
    (data / "val.txt").write_text("images/0.jpg masks/0.png\n")  # for the checkpoint to name
    save_checkpoint(own, own_checkpoint(data, 0.4))
    (data / "val.txt").unlink()
    choice = ("--dataset", data / "farm.yaml", "--data-root", data, "--unlabeled", photographs)
    command = ("duel", f"own={own}", f"public={public}", *choice, "--out", tmp_path / "out")
    found = ask(*command, "--count", 5)["duels"][0]
    assert found["images"] == len(SIZES) and found["pixels"] == sum(width * height for width, height in SIZES)
    assert 0 < found["disagreeing"] == sum(pair["pixels"] for pair in found["pairs"])
    sheet = found["sheet"]
    assert sheet["id"] in (tmp_path / "out/duel_sheet.html").read_text(encoding="utf-8")
    lines = [f"{sheet['id']},{draw['number']},N\n" for draw in sheet["draws"]]
    (tmp_path / "answers.csv").write_text("sheet,question,answer\n" + "".join(lines))
    no_network(monkeypatch)
    answered = ask(*command, "--answers", tmp_path / "answers.csv")["duels"][0]
    assert answered["disagreeing"] == found["disagreeing"] and answered["labelled"]["labels"] == 5


def test_masks_change_nothing(runs: Path) -> None:
    pair = [runs / "farm-none-0", runs / "farm-clean-0"]
    masks, none = ask("duel", *pair), ask("duel", *pair, "--unlabeled", runs.parent / "data/val.txt")
    for key in ("images", "pixels", "disagreeing", "pairs"):
        assert none["duels"][0][key] == masks["duels"][0][key]


def test_saved_label_maps_need_every_image(data: Path, photographs: Path) -> None:
    saved = ("--predictions", f"a={data}", "--predictions", f"b={data}", "--dataset", data / "farm.yaml")
    given = ("--data-root", data, "--unlabeled", photographs)
    one_message(call("duel", *saved, *given), 3, "has a prediction of none of the 4 images")


def test_one_method_is_no_duel(runs: Path) -> None:
    one_message(call("duel", runs / "farm-none-0", "--workers", 0), 2, "needs two methods")
