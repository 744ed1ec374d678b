"""The files of a folder: which kind it holds, and what does not fit."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.data.confidence_codes import KEYWORD, PLAIN, SCALE
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import encode_map
from pixcon_diag.data.saved_maps import (
    CONFIDENCE,
    SavedMaps,
    find_saved_maps,
    form_of_maps,
    size_of,
    with_confidence,
)
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import sha256
from pixcon_train.data.lists import Pair
from tests.pixcon_diag.passes.small import CLASSES, SIZES, images

GRID = (0.9, 0.95)


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data")


def names(data: EvaluationData) -> list[str]:
    return [pair.image for pair in data.pairs]


def found(folder: Path, data: EvaluationData) -> SavedMaps:
    return find_saved_maps(folder, names(data), CLASSES)


def labels(size: tuple[int, int], value: int = 1) -> bytes:
    return encode_map(np.full(size, value, np.uint8), None)


def confidence(size: tuple[int, int], text: tuple[str, str] | None = (KEYWORD, SCALE)) -> bytes:
    return encode_map(np.full(size, 60_000, np.int32), None, text=text)


def write_labels(folder: Path, data: EvaluationData, *, with_it: bool = True) -> Path:
    for pair, size in zip(data.pairs, SIZES, strict=True):
        file = (folder / pair.image).with_suffix(".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(labels(size))
        if with_it:
            file.with_suffix(CONFIDENCE).write_bytes(confidence(size))
    return folder


def write_scores(folder: Path, dtype: str = "float32", low: float = -3) -> Path:
    folder.mkdir()
    for index, size in enumerate(SIZES):
        np.save(folder / f"{index}.npy", np.linspace(low, 3, CLASSES)[:, None, None] + np.zeros(size, dtype))
    return folder


def as_dtype(folder: Path, dtype: str) -> Path:
    for file in folder.iterdir():
        np.save(file, np.load(file).astype(dtype))
    return folder


def test_the_kind_of_a_folder_follows_from_its_files(tmp_path: Path, data: EvaluationData) -> None:
    alone = found(write_labels(tmp_path / "labels", data, with_it=False), data)
    assert (alone.has_confidence, alone.has_scores, len(alone.labels)) == (False, False, len(SIZES))
    both = found(write_labels(tmp_path / "both", data), data)
    assert (both.has_confidence, both.has_scores) == (True, False)
    assert form_of_maps(both, data).text == "saved labels and confidence (16-bit PNG)"
    scores = found(write_scores(tmp_path / "scores"), data)
    assert (scores.has_confidence, scores.has_scores) == (True, True)
    assert form_of_maps(scores, data).text == "saved logits (float64, .npy)"
    beyond = np.array([-0.25, 0.1, 1.15])[:, None, None] + np.zeros(SIZES[0])
    np.save(tmp_path / "scores/0.npy", beyond)
    text = "saved probabilities (float64, .npy, beyond [0, 1] as interpolation gives: clipped)"
    assert form_of_maps(scores, data).text == text
    assert with_confidence(scores) is scores
    with pytest.raises(DataError, match=r"labels hold no confidence. Save the probabilities .*IMAGE.confidence.png"):
        with_confidence(alone)


def test_maps_and_their_hashes(tmp_path: Path, data: EvaluationData) -> None:
    maps = found(write_labels(tmp_path / "both", data), data)
    predicted, certain = maps.read_labels(2, SIZES[2])
    assert predicted.shape == certain.shape == SIZES[2] and (predicted == 1).all() and (certain > 0.99).all()
    steps: list[tuple[int, int]] = []
    assert maps.sha256(lambda *step: steps.append(step)) == [sha256(file) for file in (*maps.files, *maps.confidence)]
    assert steps == [(done, 2 * len(SIZES)) for done in range(2 * len(SIZES) + 1)]


def test_the_size_is_the_mask_s_else_the_image_s(data: EvaluationData) -> None:
    (data.source.root / "masks/2.png").write_bytes(labels((7, 9)))
    assert size_of(data, 2) == (7, 9)
    unmasked = EvaluationData(data.source, "x", (Pair(data.pairs[2].image, None),), "index")
    assert size_of(unmasked, 0) == SIZES[2]


@pytest.mark.parametrize(
    ("dtype", "text", "said"),
    [
        ("float16", None, "float16 is rounded"),
        ("float32", None, None),
        (None, (KEYWORD, SCALE), None),
        (None, None, r"right to one code \(1/65535, as the files have no text `confidence-scale`\): at τ = 0.9, 0.95"),
        (None, (KEYWORD, "0:0 1000:0.9 1001:1"), r"right to one code: at τ = 0.95,"),
    ],
)
def test_what_may_be_counted_otherwise_is_said(
    tmp_path: Path, data: EvaluationData, dtype: str | None, text: tuple[str, str] | None, said: str | None
) -> None:
    if dtype is None:
        folder = write_labels(tmp_path / "maps", data)
        (folder / "images/0.confidence.png").write_bytes(confidence(SIZES[0], text))
    else:
        folder = as_dtype(write_scores(tmp_path / "maps"), dtype)
    remark = form_of_maps(found(folder, data), data).remark(GRID)
    assert (remark is None) == (said is None) and (remark is None or re.search(str(said), remark))


def test_most_thresholds_are_not_listed(tmp_path: Path, data: EvaluationData) -> None:
    folder = write_labels(tmp_path / "maps", data)
    (folder / "images/0.confidence.png").write_bytes(confidence(SIZES[0], (KEYWORD, PLAIN)))
    remark = form_of_maps(found(folder, data), data).remark((0.1, 0.3, 0.5, 0.7, 0.9))
    assert remark is not None and "at most thresholds, pixels within one code" in remark


Spoil = Callable[[Path], object]
SPOILT: dict[str, tuple[Spoil, str]] = {
    "a missing label map": (lambda f: (f / "images/3.png").unlink(), "has no prediction of images/3.png"),
    "a missing confidence": (lambda f: (f / "images/3.confidence.png").unlink(), "1 of 5 label maps in .*3.confidence"),
    "scores beside labels": (lambda f: np.save(f / "4.npy", np.zeros(3)), "of several kinds: .*0.png, .*4.npy"),
    "another size of the labels": (lambda f: (f / "images/0.png").write_bytes(labels((4, 5))), "5×4 pixels.*28×20"),
    "another size of the confidence": (
        lambda f: (f / "images/0.confidence.png").write_bytes(confidence((4, 5))),
        "0.confidence.png is 5×4 pixels, but its mask is 28×20",
    ),
    "void": (lambda f: (f / "images/0.png").write_bytes(labels(SIZES[0], 255)), "holds class 255, .*classes 0..2"),
    "confidence of 8 bits": (
        lambda f: (f / "images/0.confidence.png").write_bytes(labels(SIZES[0])),
        "Expected the confidence as a gray PNG of 16 bits",
    ),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_does_not_fit_is_one_message(tmp_path: Path, data: EvaluationData, what: str) -> None:
    folder = write_labels(tmp_path / "maps", data)
    spoil, said = SPOILT[what]
    spoil(folder)
    with pytest.raises(DataError, match=said):
        form_of_maps(found(folder, data), data)


def test_scores_of_another_form_than_the_first_image_s_are_refused(tmp_path: Path, data: EvaluationData) -> None:
    folder = write_scores(tmp_path / "maps")
    np.save(folder / "2.npy", np.full((CLASSES, *SIZES[2]), 1 / CLASSES))
    maps = found(folder, data)
    form = maps.read_scores(0, SIZES[0]).form
    with pytest.raises(DataError, match=r"2.npy holds probabilities, but .*0.npy holds logits"):
        maps.read_scores(2, SIZES[2], form)


def test_confidences_of_another_scale_than_the_first_image_s_are_refused(tmp_path: Path, data: EvaluationData) -> None:
    folder = write_labels(tmp_path / "maps", data)
    (folder / "images/2.confidence.png").write_bytes(confidence(SIZES[2], None))
    maps = found(folder, data)
    with pytest.raises(DataError, match=r"2.confidence.png has another scale .* than .*0.confidence.png"):
        maps.read_labels(2, SIZES[2], SCALE)
    assert maps.read_labels(2, SIZES[2], PLAIN)[1] == pytest.approx(60_000 / 65_535)


def test_a_file_of_gigabytes_is_not_hashed(tmp_path: Path, data: EvaluationData) -> None:
    folder = write_scores(tmp_path / "maps")
    with (folder / "3.npy").open("r+b") as handle:
        handle.truncate(2**40)
    with pytest.raises(DataError, match=r"3.npy has 1,099,511,627,776 bytes, too many for one image"):
        found(folder, data).sha256()


def test_no_folder_and_a_shared_file(tmp_path: Path, data: EvaluationData) -> None:
    with pytest.raises(DataError, match="No folder of predictions at"):
        found(tmp_path / "none", data)
    folder = write_scores(tmp_path / "maps")
    with pytest.raises(DataError, match=r"would be the prediction of both a/1.png and b/1.png"):
        find_saved_maps(folder, ["a/1.png", "b/1.png"], CLASSES)
    (folder / "1.npy").rename(folder / "1.bak")
    with pytest.raises(DataError, match=r"has no prediction of images/1.png"):
        found(folder, data)
