"""Predictions read from files: their confidence and class, and one form over a list that is read in parts."""

from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.read_maps import read_pass
from pixcon_diag.passes.run import PredictedBatch
from pixcon_train.core.errors import DataError
from tests.pixcon_diag.passes.small import CLASSES, SIZES, images

LOGITS = np.random.default_rng(0).normal(0, 4, (CLASSES, *SIZES[0]))


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data", [SIZES[0]] * 3)


def save(folder: Path, *values: np.ndarray) -> Path:
    folder.mkdir()
    for index, each in enumerate(values):
        np.save(folder / f"{index}.npy", each)
    return folder


def softmax(values: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(values - values.max(0))
    return powers / powers.sum(0)


def read(folder: Path, data: EvaluationData, places: range) -> list[PredictedBatch]:
    batches: list[PredictedBatch] = []
    read_pass(folder, data, places, [batches.append])
    return batches


def test_logits_beyond_float32_have_a_softmax(tmp_path: Path, data: EvaluationData) -> None:
    """One class is ruled out by the least float64, and another exceeds float32."""
    ruled_out, huge = LOGITS.copy(), LOGITS.copy()
    ruled_out[1] = np.finfo(float).min
    huge[2] = 1e200
    first, second, third = read(save(tmp_path / "maps", LOGITS, ruled_out, huge), data, range(3))
    for batch, values in ((first, LOGITS), (second, ruled_out)):
        assert batch.confidence[0].numpy() == pytest.approx(softmax(values).max(0), abs=1e-6)
        assert (batch.prediction[0].numpy() == values.argmax(0)).all()
    assert (third.confidence == 1).all() and (third.prediction == 2).all()


def test_interpolated_probabilities_are_clipped(tmp_path: Path, data: EvaluationData) -> None:
    beyond = np.array([-0.25, 0.1, 1.15])[:, None, None] + np.zeros(SIZES[0])
    (first, *_) = read(save(tmp_path / "maps", *[beyond] * 3), data, range(3))
    assert (first.confidence == 1).all() and (first.prediction == 2).all()


@pytest.mark.parametrize("places", [range(3), range(1, 3), range(2, 3)])
def test_a_part_of_the_list_has_the_form_of_its_first_image(
    tmp_path: Path, data: EvaluationData, places: range
) -> None:
    """As where a pass is resumed, or shared by processes."""
    folder = save(tmp_path / "maps", LOGITS, softmax(LOGITS), softmax(LOGITS))
    with pytest.raises(DataError, match=r"[12].npy holds probabilities, but .*0.npy holds logits"):
        read(folder, data, places)
