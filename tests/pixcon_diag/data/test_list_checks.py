"""Looking over all lists of a data set: images that two lists share, the recipe, and sums over the lists."""

import json
from pathlib import Path

import pytest

from pixcon_diag.data.list_checks import NamedList, SetReport, check_lists
from pixcon_train.data.lists import Pair
from tests.pixcon_train.data.files import THREE, write_pairs

MASKS = [[[0, 1, 2, 255]], [[0, 0]], [[2], [2]], [[1, 1]]]


def look(root: Path, recipe: str = "small", **positions: list[int]) -> SetReport:
    """Look over lists of some of four pairs."""
    pairs = write_pairs(root, MASKS)
    lists = [NamedList(split, f"{split}.txt", tuple(pairs[i] for i in chosen)) for split, chosen in positions.items()]
    return check_lists(THREE.model_copy(update={"recipe": recipe}), root, lists, encoding="index")


def test_lists_that_share_nothing(tmp_path: Path) -> None:
    report = look(tmp_path, labeled=[0], unlabeled=[1, 2], val=[3])
    assert report.ok and report.all_notes == ()
    stored = json.loads(json.dumps(report.to_dict()))
    assert (stored["pairs"], stored["pixels"], stored["void"], stored["ok"]) == (4, [3, 3, 3], 1, True)
    assert [(each["split"], each["list"], each["pairs"]) for each in stored["lists"]] == [
        ("labeled", "labeled.txt", 1),
        ("unlabeled", "unlabeled.txt", 2),
        ("val", "val.txt", 1),
    ]


@pytest.mark.parametrize("training", ["labeled", "unlabeled"])
def test_a_validation_image_is_not_trained_on(tmp_path: Path, training: str) -> None:
    report = look(tmp_path, **{training: [0, 1, 2], "val": [1, 2, 3]})
    (finding,) = report.all_findings
    assert f"2 images are in both the {training} and the val list: images/1.png, images/2.png." in finding.message


def test_a_labeled_image_may_train_without_its_labels_too(tmp_path: Path) -> None:
    report = look(tmp_path, labeled=[0, 1], unlabeled=[1, 2], val=[3])
    assert report.ok
    assert report.all_notes == (
        "1 image is in both the labeled and the unlabeled list: images/1.png. They are trained on with their labels "
        "and without.",
    )


@pytest.mark.parametrize("start", [".//", "{root}/", "masks/../"])
def test_one_image_written_in_two_ways(tmp_path: Path, start: str) -> None:
    write_pairs(tmp_path, MASKS)
    other = f"{start.format(root=tmp_path)}images/0.png"
    lists = [
        NamedList("labeled", "l.txt", (Pair("images/0.png", "masks/0.png"),)),
        NamedList("val", "v.txt", (Pair(other, "masks/0.png"),)),
    ]
    (finding,) = check_lists(THREE, tmp_path, lists, encoding="index").findings
    assert "1 image is in both the labeled and the val list: images/0.png." in finding.message


def test_an_image_that_a_list_names_twice_is_a_note(tmp_path: Path) -> None:
    report = look(tmp_path, labeled=[0, 1, 0], val=[3])
    assert report.ok and report.all_notes == ("1 image is in the labeled list more than once: images/0.png.",)


def test_a_recipe_that_no_preset_has_comes_with_the_nearest(tmp_path: Path) -> None:
    (finding,) = look(tmp_path, recipe="smal", val=[0]).all_findings
    assert "no recipe 'smal' (did you mean 'small'?)" in finding.message


def test_findings_and_notes_of_a_list(tmp_path: Path) -> None:
    write_pairs(tmp_path, MASKS)
    lists = [
        NamedList("unlabeled", "u.txt", (Pair("images/0.png", "none.png"),)),
        NamedList("val", "v.txt", (Pair("images/1.png", "none.png"),)),
    ]
    report = check_lists(THREE, tmp_path, lists, encoding="index")
    (finding,) = report.all_findings
    assert "No mask at" in finding.message and report.all_notes[0].startswith("unlabeled list: 1 masks")


def test_another_number_of_classes_is_said_once(tmp_path: Path) -> None:
    pairs = tuple(write_pairs(tmp_path, MASKS))
    lists = [NamedList("labeled", "l.txt", pairs[:1]), NamedList("val", "v.txt", pairs[1:])]
    (finding,) = check_lists(THREE, tmp_path, lists, encoding="index", num_classes=2).all_findings
    assert "predicts 2 classes" in finding.message


def test_progress_runs_over_all_lists(tmp_path: Path) -> None:
    pairs = tuple(write_pairs(tmp_path, MASKS))
    steps: list[tuple[int, int]] = []
    lists = [NamedList("labeled", "l.txt", pairs[:3]), NamedList("val", "v.txt", pairs[3:])]
    check_lists(THREE, tmp_path, lists, encoding="index", progress=lambda *step: steps.append(step))
    assert sorted(set(steps)) == [(done, 4) for done in range(5)] and steps == sorted(steps)
