"""A duel of saved predictions: what the sheet asks, what the answers give, and what is refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.analyses.duel import LEVEL
from pixcon_diag.data.evaluation_data import DataChoice
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.sheets.question import order_of
from pixcon_diag.study import Study
from pixcon_diag.tables.result import Result
from pixcon_train.core.errors import ConfigError, DataError
from tests.cli.farm import SIZES, write_data

VOID = 255


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The farm, with stripes as masks, and label maps of three methods: b is right more often than a."""
    root = write_data(tmp_path_factory.mktemp("duel") / "data")
    random = np.random.default_rng(0)
    for index, (width, height) in enumerate(SIZES):
        truth = np.broadcast_to((np.arange(width) // 8 % 3).astype(np.uint8), (height, width)).copy()
        truth[:3] = VOID
        Image.fromarray(truth).save(root / f"masks/{index}.png")
        for name, rate in (("a", 0.5), ("b", 0.2), ("c", 0.4)):
            blocks = np.kron(random.random((height // 5 + 1, width // 5 + 1)) < rate, np.ones((5, 5), bool))
            wrong = np.where(blocks[:height, :width], (truth + 1) % 3, truth % 3).astype(np.uint8)
            (root / name).mkdir(exist_ok=True)
            Image.fromarray(wrong).save(root / name / f"{index}.png")
    return root


def study(data: Path, *names: str, seed: int = 0) -> Study:
    choice = DataChoice(dataset=str(data / "farm.yaml"), root=data, list_path=data / "val.txt")
    return Study(predictions={name: data / name for name in names}, options=StudyOptions(data=choice, seed=seed))


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).copy()


def by_truth(data: Path, sheet: dict[str, Any]) -> list[list[str]]:
    """Rows of answers that the masks give: at every drawn pixel."""
    rows = []
    for draw in sheet["draws"]:
        found = read(data / f"masks/{draw['image']}.png")[draw["row"], draw["column"]]
        which = {draw["first"]: "first", draw["second"]: "second"}.get(int(found))
        order = order_of(sheet["id"], draw["component"])
        rows.append([sheet["id"], str(draw["number"]), "M" + ("N" if which is None else "AB"[order.index(which)])])
    return rows


def save(path: Path, rows: list[list[str]]) -> Path:
    path.write_text("\n".join(",".join(row) for row in [["sheet", "question", "answer"], *rows]) + "\n")
    return path


def duel(result: Result) -> dict[str, Any]:
    return json.loads(json.dumps(result.to_dict()["duels"][0], default=float))


def accuracy(data: Path, name: str) -> float:
    """Right pixels as a share of all, void ones included."""
    right = sum((read(data / f"masks/{i}.png") == read(data / name / f"{i}.png")).sum() for i in range(len(SIZES)))
    return float(right) / sum(width * height for width, height in SIZES)


def test_the_disagreement_is_counted(data: Path) -> None:
    result = duel(study(data, "a", "b").duel())
    differ = sum((read(data / f"a/{i}.png") != read(data / f"b/{i}.png")).sum() for i in range(len(SIZES)))
    assert (result["baseline"], result["method"], result["disagreeing"]) == ("a", "b", differ)
    assert result["share"] == differ / result["pixels"]
    assert sum(pair["pixels"] for pair in result["pairs"]) == differ
    assert result["sheet"] is None and result["labelled"] is None


def test_answers_give_the_difference_of_accuracies(data: Path, tmp_path: Path) -> None:
    """400 answers by the masks, then the method that is better has been found and no sheet is written."""
    sheet = duel(study(data, "a", "b").duel(folder=tmp_path, count=400))["sheet"]
    path = save(tmp_path / sheet["answers_file"], by_truth(data, sheet))
    result = study(data, "a", "b").duel(folder=tmp_path / "next", answers=[path], count=50)
    found = duel(result)["labelled"]
    truth = accuracy(data, "b") - accuracy(data, "a")
    assert found["interval"]["low"] < truth < found["interval"]["high"]
    assert abs(found["delta"] - truth) < 0.1 * abs(truth) + 0.02
    assert (found["better"], found["interval"]["level"], found["draws"]) == ("b", LEVEL, 400)
    assert found["stopped"] < 100 and not (tmp_path / "next").exists()
    assert re.match(rf"b is better, decided after {found['stopped']} labels", result.to_dict()["conclusions"][0])
    assert [row[0] for row in result.tables[1].rows] == list(range(1, 401))


def test_an_answered_component_needs_no_further_answer(data: Path, tmp_path: Path) -> None:
    """The second sheet continues where the answers end, without their components."""
    sheet = duel(study(data, "a", "b").duel(folder=tmp_path, count=8))["sheet"]
    draws = sheet["draws"]
    first = {draw["component"]: draw["number"] for draw in reversed(draws)}
    rows = [[sheet["id"], str(number), "N"] for number in sorted(first.values())]
    answers = save(tmp_path / "duel_answers.csv", rows)
    found = duel(study(data, "a", "b").duel(folder=tmp_path, answers=[answers], count=60))
    assert (found["labelled"]["labels"], found["labelled"]["draws"]) == (len(first), 8 + _inherited(found, first))
    assert found["labelled"]["delta"] == 0 and found["labelled"]["better"] is None
    numbers = [draw["number"] for draw in found["sheet"]["draws"]]
    assert numbers[0] == found["labelled"]["draws"] + 1
    content = (tmp_path / "duel_sheet.html").read_text(encoding="utf-8")
    asked = json.loads(re.findall(r'id="content">(.*?)</script>', content, re.DOTALL)[0])["questions"]
    assert not {question["component"] for question in asked} & set(first)
    assert found["sheet"]["answers_file"] == f"duel_answers_{numbers[0]}.csv"


def _inherited(found: dict[str, Any], answered: dict[str, int]) -> int:
    """Draws right after the eighth that belong to an answered component."""
    rest = found["labelled"]["answers"][8:]
    assert all(draw["component"] in answered and not draw["asked"] for draw in rest)
    return len(rest)


Spoil = Callable[[list[list[str]]], list[list[str]]]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: rows[:2] + rows[3:], "Question 3 has no answer, but a later one has"),
        (lambda rows: [*rows, [rows[0][0], "10001", "N"]], "the sheet has no question '10001'"),
        (lambda rows: [*rows, [rows[0][0], "0", "N"]], "the sheet has no question '0'"),
        (lambda rows: [[*rows[0][:1], "01", *rows[0][2:]], *rows[1:]], "the sheet has no question '01'"),
        (lambda rows: [*rows, [rows[0][0], "first", "N"]], "the sheet has no question 'first'"),
        (lambda rows: [*rows, rows[0]], "question 1 is answered twice"),
        (lambda rows: [["other", *row[1:]] for row in rows], "belongs to sheet other"),
        (lambda rows: [[*rows[0][:2], "U"]], "unknown answer 'U'"),
    ],
)
def test_strange_answers_are_one_message(data: Path, tmp_path: Path, spoil: Spoil, words: str) -> None:
    sheet = duel(study(data, "a", "b").duel(folder=tmp_path, count=6))["sheet"]
    path = save(tmp_path / "answers.csv", spoil(by_truth(data, sheet)))
    with pytest.raises(DataError) as error:
        study(data, "a", "b").duel(answers=[path])
    assert words in str(error.value) and "answers.csv" in str(error.value)


@pytest.mark.parametrize("change", ["seed", "order", "method"])
def test_answers_of_another_duel_are_refused(data: Path, tmp_path: Path, change: str) -> None:
    sheet = duel(study(data, "a", "b").duel(folder=tmp_path, count=3))["sheet"]
    path = save(tmp_path / "answers.csv", by_truth(data, sheet))
    names = {"seed": ("a", "b"), "order": ("b", "a"), "method": ("a", "c")}[change]
    with pytest.raises(DataError, match="belongs to sheet"):
        study(data, *names, seed=int(change == "seed")).duel(answers=[path])


def test_three_methods_have_their_disagreements_but_no_sheet(data: Path, tmp_path: Path) -> None:
    result = study(data, "a", "b", "c").duel()
    assert [row[1] for row in result.tables[0].rows] == ["b", "c"]
    with pytest.raises(ConfigError, match="compares two methods, got 3: a, b, c"):
        study(data, "a", "b", "c").duel(folder=tmp_path)


def test_equal_predictions_have_nothing_to_ask(data: Path, tmp_path: Path) -> None:
    (tmp_path / "same").symlink_to(data / "a")
    choice = DataChoice(dataset=str(data / "farm.yaml"), root=data, list_path=data / "val.txt")
    same = Study(predictions={"a": data / "a", "same": tmp_path / "same"}, options=StudyOptions(data=choice))
    result = duel(same.duel(folder=tmp_path / "out"))
    assert (result["share"], result["sheet"], result["pairs"]) == (0, None, [])
    assert not (tmp_path / "out").exists()


def test_label_maps_of_another_size_than_the_image_are_named(data: Path, tmp_path: Path) -> None:
    for index in range(len(SIZES)):
        image = Image.open(data / f"images/{index}.jpg")
        image.resize((60, 50)).save(data / f"images/{index}.png")
    text = (data / "val.txt").read_text().replace(".jpg", ".png")
    (tmp_path / "val.txt").write_text(text)
    choice = DataChoice(dataset=str(data / "farm.yaml"), root=data, list_path=tmp_path / "val.txt")
    pair = Study(predictions={name: data / name for name in "ab"}, options=StudyOptions(data=choice))
    with pytest.raises(DataError, match=r"the image has the size 60×50, its predictions \d+×\d+"):
        pair.duel(folder=tmp_path / "out", count=2)


def test_maps_that_hold_no_class_in_void_are_compared_elsewhere(data: Path, tmp_path: Path) -> None:
    choice = DataChoice(dataset=str(data / "farm.yaml"), root=data, list_path=data / "val.txt")
    pair = Study(predictions={"a": data / "a", "b": data / "masks"}, options=StudyOptions(data=choice))
    result = pair.duel(folder=tmp_path / "out", count=4)
    expected = 0
    for index in range(len(SIZES)):
        predicted, truth = read(data / f"a/{index}.png"), read(data / f"masks/{index}.png")
        expected += int(((predicted != truth) & (truth != VOID)).sum())
    assert result.tables[0].records()[0]["disagreeing"] == expected
