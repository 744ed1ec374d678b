"""Saved label maps of a list without masks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import encode_map
from pixcon_diag.passes.saved_labels import saved_labels
from pixcon_diag.passes.saved_maps import maps_of
from pixcon_train.core.errors import DataError
from pixcon_train.data.lists import Pair
from tests.pixcon_diag.passes.small import SIZES, images


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    """Without masks."""
    found = images(tmp_path / "data")
    return replace(found, pairs=tuple(Pair(pair.image, None) for pair in found.pairs))


def save(folder: Path, value: int = 1) -> Path:
    folder.mkdir()
    for index, size in enumerate(SIZES):
        (folder / f"{index}.png").write_bytes(encode_map(np.full(size, value, np.uint8), None))
    return folder


def test_they_are_read_as_predictions(tmp_path: Path, data: EvaluationData) -> None:
    steps: list[int] = []
    made = saved_labels("mine", maps_of(save(tmp_path / "a"), data), data, lambda done, total: steps.append(done))
    assert (made.name, len(made.label_maps), steps[-1]) == ("mine", len(SIZES), len(SIZES))
    assert (made.label_maps.read(2) == np.ones(SIZES[2])).all()
    checkpoint = made.provenance.checkpoint
    assert (checkpoint.layout, checkpoint.source) == ("saved label maps", str(tmp_path / "a"))
    other = saved_labels("other", maps_of(save(tmp_path / "b", 2), data), data)
    assert other.provenance.checkpoint.sha256 != checkpoint.sha256


def test_a_number_that_is_no_class_is_named(tmp_path: Path, data: EvaluationData) -> None:
    folder = save(tmp_path / "a")
    (folder / "1.png").write_bytes(encode_map(np.full(SIZES[1], 255, np.uint8), None))
    with pytest.raises(DataError, match=r"1.png holds 255, which is no class of .*, whose indices are 0 to "):
        saved_labels("mine", maps_of(folder, data), data)


def test_another_size_than_the_image_s_is_one_message(tmp_path: Path, data: EvaluationData) -> None:
    folder = save(tmp_path / "a")
    (folder / "2.png").write_bytes(encode_map(np.zeros((4, 5), np.uint8), None))
    with pytest.raises(DataError, match=r"2.png is of 5×4 pixels, but its image is of 16×24"):
        saved_labels("mine", maps_of(folder, data), data)
