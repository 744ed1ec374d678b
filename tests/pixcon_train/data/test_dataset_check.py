"""Looking over a data set: what is counted, and that every planted fault is found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixcon_train.core.errors import DataError
from pixcon_train.data.dataset_check import DataReport, check_data
from pixcon_train.data.lists import Pair, read_list
from pixcon_train.data.reading import read_mask
from pixcon_train.data.specs import DatasetSpec, get_spec, voc_palette
from tests.pixcon_train.data.files import THREE, numbered, save_image, write_pairs

MASKS = [[[0, 1, 2, 255]], [[0, 0], [1, 255]], [[2], [2], [2]]]


def look(root: Path, **changes: Any) -> DataReport:
    """Look over three small pairs."""
    pairs = read_list(root / "val.txt", masks_required=True)
    return check_data(THREE, root, pairs, **({"encoding": "index"} | changes))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_pairs(tmp_path, MASKS)
    return tmp_path


def test_pixels_are_counted_per_class(root: Path) -> None:
    report = look(root)
    assert report.ok and report.findings == ()
    assert (report.dataset, report.pairs, report.encoding) == ("three", 3, "index")
    assert (report.pixels, report.masks, report.void) == ((3, 2, 4), (2, 2, 2), 2)
    report.raise_for_findings()


def test_counts_are_those_of_a_naive_loop(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    masks = [rng.choice([0, 1, 2, 255], size=rng.integers(1, 9, 2)) for _ in range(5)]
    write_pairs(tmp_path, masks)
    expected = [0] * 256
    for mask in masks:
        for value in mask.ravel().tolist():
            expected[value] += 1
    report = look(tmp_path)
    assert [*report.pixels, report.void] == [*expected[:3], expected[255]]


def test_raw_labels_are_counted_by_what_they_mean(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path, [[[0, 0, 1, 150]]])
    report = check_data(get_spec("ade20k"), tmp_path, pairs, encoding="raw")
    assert report.ok and report.void == 2
    assert [k for k, count in enumerate(report.pixels) if count] == [0, 149]


def coloured(root: Path) -> None:
    save_image(root / "masks/1.png", np.zeros((2, 2, 3)))


def foreign(root: Path) -> None:
    save_image(root / "masks/1.png", np.full((2, 2), 9))


def resized(root: Path) -> None:
    save_image(root / "masks/1.png", np.zeros((2, 3)))


def turned(root: Path) -> None:
    save_image(root / "masks/0.png", np.zeros((4, 1)))


def maskless(root: Path) -> None:
    (root / "masks/1.png").unlink()


def imageless(root: Path) -> None:
    (root / "images/1.png").unlink()


def no_image(root: Path) -> None:
    (root / "images/1.png").write_text("nothing")


@pytest.mark.parametrize(
    ("fault", "file", "words"),
    [
        (coloured, "masks/1.png", ("masks/1.png is a colour image", "one label per pixel", "convert")),
        (foreign, "masks/1.png", ("masks/1.png holds the value 9 in 36.4 % of all pixels", "0..2, or 255 for void")),
        (resized, "masks/1.png", ("images/1.png is 2×2", "masks/1.png is 3×2", "one size")),
        (turned, "masks/0.png", ("images/0.png is 4×1", "masks/0.png is 1×4")),
        (maskless, "masks/1.png", ("No mask at", "masks/1.png", "data root")),
        (imageless, "masks/1.png", ("No image at", "images/1.png")),
        (no_image, "masks/1.png", ("images/1.png cannot be read",)),
    ],
)
def test_every_fault_is_one_finding(
    root: Path, fault: Callable[[Path], None], file: str, words: tuple[str, ...]
) -> None:
    fault(root)
    report = look(root)
    (finding,) = report.findings
    assert finding.file == file and not report.ok
    assert [word for word in words if word not in finding.message] == []
    with pytest.raises(DataError) as caught:
        report.raise_for_findings()
    assert str(caught.value) == finding.message


def test_a_damaged_image_is_found_when_images_are_decoded(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(64, 64, 3))
    path = save_image(tmp_path / "a.jpg", pixels)
    path.write_bytes(path.read_bytes()[:-200])
    save_image(tmp_path / "a.png", np.zeros((64, 64)))
    pairs = [Pair("a.jpg", "a.png")]
    assert check_data(THREE, tmp_path, pairs, encoding="index").ok  # its header is whole
    report = check_data(THREE, tmp_path, pairs, encoding="index", images="whole")
    assert "a.jpg cannot be read" in report.findings[0].message


def test_labelids_where_trainids_are_expected(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path, [[[7, 11, 23, 26]]])
    report = check_data(get_spec("cityscapes"), tmp_path, pairs, encoding="index")
    assert "_labelTrainIds.png" in report.findings[0].message


def test_ade20k_masks_that_do_not_tell_their_form(tmp_path: Path) -> None:
    def notes(*masks: list[int]) -> tuple[str, ...]:
        pairs = write_pairs(tmp_path, [[mask] for mask in masks])
        return check_data(get_spec("ade20k"), tmp_path, pairs, encoding="raw").notes

    (note,) = notes([0, 3, 12])
    assert "No mask holds 150 or 255" in note and "If 0 is `wall`, say --labels shifted." in note
    assert notes([0, 3, 12], [150, 1]) == ()


def test_raw_ade20k_labels_where_shifted_ones_are_expected(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path, [[[0, 3]], [[150, 3]]])
    report = check_data(get_spec("ade20k"), tmp_path, pairs, encoding="shifted")
    (finding,) = report.findings
    assert finding.file == "masks/1.png" and "--labels raw" in finding.message


def test_a_model_of_other_classes(root: Path) -> None:
    assert look(root, num_classes=3).ok
    (finding,) = look(root, num_classes=2).findings
    assert "predicts 2 classes but three has 3" in finding.message and "--dataset" in finding.message


def test_many_findings_are_all_kept_and_the_first_is_raised(root: Path) -> None:
    coloured(root)
    turned(root)
    report = look(root)
    assert [finding.file for finding in report.findings] == ["masks/0.png", "masks/1.png"]
    with pytest.raises(DataError, match=r"images/0\.png is 4×1.*\(1 more: `pixcon-diag check-data` lists them\)"):
        report.raise_for_findings()


def test_equal_faults_of_many_files_are_one_finding(root: Path) -> None:
    for name in ("masks/0.png", "masks/2.png", "images/1.png"):
        (root / name).unlink()
    masks, image = look(root).findings
    assert masks.files == ("masks/0.png", "masks/2.png") and image.files == ("masks/1.png",)
    assert masks.message.startswith(f"No mask at {root / 'masks/0.png'}")
    assert masks.message.endswith("The same in 1 more of 3 pairs: masks/2.png.")


def test_values_of_many_masks_are_one_finding_with_its_remedy(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path, [[[0, 9, 9, 9, 1, 1, 1, 1]], [[0, 0]], [[9, 0]]])
    (finding,) = check_data(THREE, tmp_path, pairs, encoding="index").findings
    assert finding.files == ("masks/0.png", "masks/2.png")
    assert "2 of 3 masks, " in finding.message and "hold the value 9 in 33.3 % of all pixels" in finding.message
    assert "If 9 is void: set `void: 9`" in finding.message and "--dataset" not in finding.message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            [0, 1, 2, 3],
            "If 0 is no data and the classes are 1..3: set `void: 0`. If 3 is void: set `void: 3` in the data set's "
            "YAML. Or is a class missing?",
        ),
        (
            [1, 2, 3],
            "No mask holds 0, so that the labels seem to be one too high: `pixcon-diag convert-masks IN OUT --sh",
        ),
        ([0, 1, 2, 7, 8], "Is this the right --dataset?"),
        ([0, 127, 255], "spread over 0..255: `pixcon-diag convert-masks IN OUT --map 127=1 --map 255=2`"),
    ],
)
def test_what_to_do_about_values(tmp_path: Path, values: list[int], words: str) -> None:
    (finding,) = check_data(THREE, tmp_path, write_pairs(tmp_path, [[values]]), encoding="index").findings
    assert words in finding.message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0, 127, 255], "Is this the right --dataset?"),  # of three classes and void there would be four values
        ([0, 85, 170, 255], "The 3 classes and void seem to be spread over 0..255: `pixcon-diag convert-masks IN OUT "
         "--map 85=1 --map 170=2 --map 255=3`"),
    ],
)  # fmt: skip
def test_spread_values_where_zero_is_void(tmp_path: Path, values: list[int], words: str) -> None:
    spec = THREE.model_copy(update={"void": 0})
    (finding,) = check_data(spec, tmp_path, write_pairs(tmp_path, [[values]]), encoding="raw").findings
    assert words in finding.message and ("--map" in words or "--map" not in finding.message)


def two(**more: Any) -> DatasetSpec:
    return DatasetSpec(name="cracks", classes=("background", "crack"), palette=tuple(voc_palette(2)), **more)


def test_masks_of_0_and_255_show_one_of_two_classes(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path, [[[0, 0, 0, 255]], [[0, 0, 0, 0]]])
    (finding,) = check_data(two(), tmp_path, pairs, encoding="index").findings
    assert "No pixel of `crack` in any of 2 masks, while 255 (void) holds 12.5 %" in finding.message
    assert "--map 255=1" in finding.message and "`void: 255`" in finding.message
    meant = check_data(two(void=255), tmp_path, pairs, encoding="index")
    assert meant.ok and "No pixel of `crack`" in meant.notes[0]


def test_masks_of_0_and_255_show_none_of_the_other_classes(tmp_path: Path) -> None:
    (finding,) = check_data(THREE, tmp_path, write_pairs(tmp_path, [[[0, 0, 0, 255]]]), encoding="index").findings
    others = ", ".join(f"`{name}`" for name in THREE.classes[1:])
    assert f"No pixel of {others} in any of 1 masks" in finding.message and "--map 255=LABEL" in finding.message


@pytest.mark.parametrize("masks", [[[[0, 1, 255]]], [[[1, 255]]], [[[0, 0]]]])
def test_void_beside_the_second_class_is_void(tmp_path: Path, masks: list[Any]) -> None:
    report = check_data(two(), tmp_path, write_pairs(tmp_path, masks), encoding="index")
    assert report.ok and report.notes == ()


def test_masks_of_0_and_1_where_void_is_said_to_be_0(tmp_path: Path) -> None:
    report = check_data(two(void=0), tmp_path, write_pairs(tmp_path, [[[0, 1]]]), encoding="raw")
    assert report.ok and "leave `void` out" in report.notes[0]


def test_an_unlabeled_list_needs_no_masks(root: Path) -> None:
    (root / "masks/1.png").unlink()
    pairs = [*read_list(root / "val.txt", masks_required=True)[:2], Pair("images/2.png", None)]
    report = check_data(THREE, root, pairs, encoding="index", images="whole", masks_optional=True)
    assert report.ok and report.pixels == (1, 1, 1)
    assert report.notes == ("1 masks of the unlabeled list are missing; they are only used for measurement.",)


def test_masks_alone_can_be_looked_at(root: Path) -> None:
    imageless(root)
    assert look(root, images="none").ok


def test_a_missing_file_is_told_where_it_lies(root: Path) -> None:
    (finding,) = check_data(THREE, root / "masks", [Pair("images/0.png", "masks/0.png")], encoding="index").findings
    assert f"It is there below {root}: give that as the data root." in finding.message
    (finding,) = check_data(THREE, root, [Pair("/images/7.png", "masks/0.png")], encoding="index").findings
    assert "starts with a slash, and there is nothing at" in finding.message
    (finding,) = check_data(THREE, root, [Pair("images\\7.png", "masks/0.png")], encoding="index").findings
    assert "holds backslashes" in finding.message


def test_progress_goes_on_past_a_fault(root: Path) -> None:
    maskless(root)
    steps: list[tuple[int, int]] = []
    look(root, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_report_is_ready_for_json(root: Path) -> None:
    foreign(root)
    stored = json.loads(json.dumps(look(root).to_dict()))
    assert stored["ok"] is False and stored["pixels"] == [1, 1, 4]
    assert stored["findings"][0]["file"] == "masks/1.png"


@pytest.mark.reference
@pytest.mark.parametrize(("dataset", "folder", "count"), [("camvid", "camvid", 101), ("pascal", "voc_animals", 220)])
def test_real_data_has_nothing_wrong(reference: Path, dataset: str, folder: str, count: int) -> None:
    spec, root = get_spec(dataset), reference / "data" / folder
    pairs = read_list(root / "val.txt", masks_required=True)
    report = check_data(spec, root, pairs, encoding="index", num_classes=spec.num_classes)
    assert report.findings == () and report.pairs == count
    first = read_mask(root / str(pairs[0].mask), spec, "index")
    assert report.pixels[0] >= int((first == 0).sum()) > 0 and report.void > 0


@pytest.mark.reference
def test_shifted_reading_of_official_ade20k_masks_goes_unseen_without_class_150(reference: Path) -> None:
    """Why the form is detected, not only checked: these three masks lack 150 and would read, every label one off."""
    root = reference / "data/ade20k_raw"
    names = sorted(path.stem for path in (root / "images/validation").glob("*.jpg"))
    pairs = [Pair(f"images/validation/{name}.jpg", f"annotations/validation/{name}.png") for name in names]
    wrong, right = (check_data(get_spec("ade20k"), root, pairs, encoding=form) for form in ("shifted", "raw"))
    assert wrong.ok and right.ok and (wrong.void, right.void > 0) == (0, True)
    assert wrong.pixels[1:] == right.pixels[:-1]


def test_paths_out_of_the_root_are_said_once(root: Path) -> None:
    (root / "list.txt").write_text("../up.jpg ../up.png\n/far.jpg ../up.png\n")
    report = check_data(THREE, root, read_list(root / "list.txt", masks_required=True), encoding="index")
    (note,) = report.notes
    assert note == f"3 paths of the list lead out of the data root {root}, ../up.jpg for one."
    assert look(root).notes == ()


@pytest.mark.parametrize("count", [1, 255, 256, 1000])
def test_counts_of_any_number_of_classes(tmp_path: Path, count: int) -> None:
    void = 255 if count <= 255 else 65535
    rng, spec = np.random.default_rng(count), numbered(count, void=void)
    masks = [np.where(rng.random((8, 9)) < 0.1, void, rng.integers(count, size=(8, 9))) for _ in range(3)]
    report = check_data(spec, tmp_path, write_pairs(tmp_path, masks), encoding="index")
    stored = np.concatenate([mask.ravel() for mask in masks]).tolist()
    assert report.ok and report.void == stored.count(void) > 0
    assert report.pixels == tuple(stored.count(k) for k in range(count))
    assert report.masks == tuple(sum(bool((mask == k).any()) for mask in masks) for k in range(count))


def test_what_a_data_set_of_one_class_usually_lacks(tmp_path: Path) -> None:
    """Masks of 0 and 255 or of 0 and 1, in which 0 is the background."""
    pairs = write_pairs(tmp_path, [[[0, 0, 255]]])
    (finding,) = check_data(numbered(1), tmp_path, pairs, encoding="index").findings
    assert "Void (255) holds 33.3 %" in finding.message and "name the background too" in finding.message
    assert "say `void: 255`" in finding.message
    pairs = write_pairs(tmp_path, [[[0, 0, 1]]])
    (finding,) = check_data(numbered(1), tmp_path, pairs, encoding="index").findings
    assert "the value 1 in 33.3 % of all pixels" in finding.message and "name the background too" in finding.message
    (finding,) = check_data(numbered(1), tmp_path, pairs, encoding="index", num_classes=2).findings
    assert "predicts 2 classes but numbered has 1" in finding.message and "sigmoid channel" in finding.message


def test_wide_masks_one_too_high(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path, [[[1, 2, 300]]])
    (finding,) = check_data(numbered(300), tmp_path, pairs, encoding="index").findings
    assert "`pixcon-diag convert-masks IN OUT --shift -1 --wide`" in finding.message
