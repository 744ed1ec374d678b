"""The diagnosis of studies in memory and on disk: what is gathered, told and written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pixcon_diag import DataChoice, RunChoice, Study, StudyOptions, wrap_module
from pixcon_diag.analyses.doctor_facts import gather, shifted_miou
from pixcon_diag.analyses.error_budgets import error_budgets
from pixcon_diag.tables.result import Result
from tests.cli.farm import CLASSES, SIZES, write_data
from tests.pixcon_diag.analyses.made import column, sound
from tests.training_logs import write_unimatch


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def options(data: Path) -> StudyOptions:
    return StudyOptions(data=DataChoice(str(data / "farm.yaml"), root=data, list_path=data / "val.txt"))


def write_maps(folder: Path, data: Path, change: dict[int, int]) -> Path:
    """Label maps equal to the masks but for these classes; void is predicted as 0."""
    folder.mkdir()
    for index in range(len(SIZES)):
        mask = np.array(Image.open(data / f"masks/{index}.png"))
        labels = np.where(mask == 255, 0, mask)
        changed = labels.copy()
        for old, new in change.items():
            changed[labels == old] = new
        Image.fromarray(changed).save(folder / f"{index}.png")
    return folder


def rules(result: Result) -> list[str]:
    return [finding["rule"] for finding in result.content["findings"]]


def test_saved_label_maps_alone(tmp_path: Path, data: Path) -> None:
    maps = write_maps(tmp_path / "maps", data, {2: 1})
    result = Study(predictions={"mine": str(maps)}, options=options(data)).doctor()
    assert "never-predicted" in rules(result)
    (told,) = [finding for finding in result.content["findings"] if finding["rule"] == "never-predicted"]
    assert "mine never predicts cow" in told["sentence"]
    assert result.summary[0].startswith("mine has ")
    assert {fine["rule"] for fine in result.content["fine"]} >= {"shifted-labels"}
    assert set(result.content["unchecked"]) >= {"nothing-retained", "slow-teacher", "confused-pair"}
    content = sound(result, tmp_path / "out")
    assert content["summary"] == list(result.summary)
    (errors,) = content["results"]
    assert errors["errors"]["categories"][-1]["reached"] == 1


def test_perfect_label_maps(tmp_path: Path, data: Path) -> None:
    result = Study(predictions={"mine": str(write_maps(tmp_path / "maps", data, {}))}, options=options(data)).doctor()
    assert rules(result) == [] and "No rule finds anything." in result.summary


def test_a_pair_names_its_images(tmp_path: Path, data: Path) -> None:
    maps = write_maps(tmp_path / "maps", data, {2: 1})
    result = Study(predictions={"mine": str(maps)}, options=options(data)).doctor()
    pairs = result.to_frame("doctor_all_pairs")
    assert pairs["first"].tolist() == ["sky"] and pairs["back"][0] > 0 and pairs["there"][0] == 0
    assert set(pairs["images"][0].split()) <= {f"images/{i}.jpg" for i in range(len(SIZES))}


def test_two_sets_of_maps_are_compared(tmp_path: Path, data: Path) -> None:
    maps = {
        "a": str(write_maps(tmp_path / "a", data, {2: 1})),
        "b": str(write_maps(tmp_path / "b", data, {2: 0})),
        "c": str(write_maps(tmp_path / "c", data, {})),
    }
    study = Study(predictions=maps, options=options(data))
    result = study.doctor(draws=200)
    noise = [finding for finding in result.content["findings"] if finding["rule"] == "image-noise"]
    assert [finding["about"] for finding in noise] == ["a → b", "a → c"]
    assert all("too few for its interval to hold" in finding["sentence"] for finding in noise)
    assert "few-seeds" in rules(result)
    facts = gather(study, width=5, draws=10)
    assert [pair.name for pair in facts.pairs] == ["a → b", "a → c"]
    assert facts.pairs[1].image_noise is not None and facts.pairs[1].image_noise.second == 1
    assert facts.pairs[0].seeds == pytest.approx((facts.pairs[0].image_noise.difference,))  # type: ignore[union-attr]


def test_logs_alone(tmp_path: Path) -> None:
    curve = [(40.0 + 10 * epoch, 50.0 + 10 * epoch) for epoch in range(4)]
    curve += [(70.0 - epoch, 80.0 - epoch) for epoch in range(8)]
    logs = [
        str(write_unimatch(tmp_path / f"{name}.log", [[values] * 3 for values in curve])) for name in ("one", "two")
    ]
    study = Study(logs=[f"mine={','.join(logs)}"])
    result = study.doctor()
    assert study.only_logs
    assert rules(result) == ["early-best", "early-best"]
    assert "results" in result.content and result.content["results"] == []
    assert result.summary[0] == "mine reaches 80.0 % mIoU at its best epoch in the mean of 2 seeds."
    sound(result, tmp_path / "out")
    assert result.tables[0].name == "doctor" and column(result.tables[0], "about") == ["one", "two"]


def test_a_teacher_is_not_compared_with_a_student(tmp_path: Path) -> None:
    """One log has no EMA teacher, so the students' best epochs are compared."""
    none = write_unimatch(tmp_path / "none.log", [[(60.0, 70.0)] * 3] * 2)
    clean = write_unimatch(tmp_path / "clean.log", [[(62.0, None)] * 3] * 2)
    facts = gather(Study(logs=[f"none={none}", f"clean={clean}"]), width=5, draws=10)
    assert facts.pairs[0].seeds == pytest.approx((0.02,))


def test_a_network_in_memory_has_no_label_maps(data: Path) -> None:
    """Its pass is not cached, so there is no error budget, which is noted; the filter is judged."""
    torch.manual_seed(0)
    network = wrap_module(torch.nn.Conv2d(3, len(CLASSES), 1), num_classes=len(CLASSES), name="one layer")
    study = Study({"mine": network}, options=replace(options(data), run=RunChoice(workers=0)))
    result = study.doctor()
    assert "nothing-retained" in {*rules(result), *(fine["rule"] for fine in result.content["fine"])}
    assert {"region-errors", "shifted-labels"} <= set(result.content["unchecked"])
    assert any("has no log" in sentence for sentence in study.left_out)


def test_budgets_are_read_from_the_cache(tmp_path: Path, data: Path) -> None:
    network = wrap_module(torch.nn.Conv2d(3, len(CLASSES), 1), num_classes=len(CLASSES), name="one layer")
    chosen = replace(options(data), run=RunChoice(workers=0), cache=tmp_path / "cache")
    first = error_budgets(Study({"mine": network}, options=chosen))["mine"]
    (file,) = (tmp_path / "cache").glob("*/errors-*.npz")
    before = file.stat().st_mtime_ns
    again = error_budgets(Study({"mine": network}, options=chosen))["mine"]
    assert file.stat().st_mtime_ns == before and (again.wrong == first.wrong).all()
    assert len(error_budgets(Study({"mine": network}, options=chosen), 3)["mine"].statistics) == len(SIZES)
    assert len(list((tmp_path / "cache").glob("*/errors-*.npz"))) == 2


@pytest.mark.parametrize(("shift", "expected"), [(0, 0.0), (-1, 1.0), (1, 0.0)])
def test_a_shift_of_the_labels_moves_the_predicted_classes(shift: int, expected: float) -> None:
    """Every class k is predicted as k + 1, the last one never occurs."""
    confusion = np.zeros((4, 4), dtype=np.int64)
    confusion[np.arange(3), np.arange(1, 4)] = 10
    assert shifted_miou(confusion, shift) == expected


def test_a_shift_the_other_way() -> None:
    confusion = np.zeros((3, 3), dtype=np.int64)
    confusion[[1, 2], [0, 1]] = 10
    assert [shifted_miou(confusion, shift) for shift in (-1, 0, 1)] == [0.0, 0.0, 1.0]
