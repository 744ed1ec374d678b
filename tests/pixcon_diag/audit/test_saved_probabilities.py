"""Probabilities of saved maps, against their definition."""

from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.audit.saved_probabilities import saved_probabilities
from pixcon_diag.data.confidence_codes import KEYWORD, PLAIN
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import encode_map
from pixcon_diag.data.saved_maps import form_of_maps
from pixcon_diag.passes.saved_maps import maps_of
from tests.pixcon_diag.passes.small import CLASSES, SIZES, images

SIZE = SIZES[0]


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data", [SIZE])


def found(folder: Path, data: EvaluationData) -> np.ndarray:
    maps = maps_of(folder, data)
    return saved_probabilities(maps, data, form_of_maps(maps, data), 0)


def save(folder: Path, values: np.ndarray) -> Path:
    folder.mkdir()
    np.save(folder / "0.npy", values)
    return folder


def test_the_softmax_of_logits(tmp_path: Path, data: EvaluationData) -> None:
    logits = np.random.default_rng(0).normal(0, 3, (CLASSES, *SIZE))
    probabilities = found(save(tmp_path / "maps", logits.astype(np.float32)), data)
    assert probabilities.dtype == np.float64
    assert probabilities == pytest.approx(np.exp(logits) / np.exp(logits).sum(0), abs=1e-6)


def test_probabilities_are_clipped(tmp_path: Path, data: EvaluationData) -> None:
    values = np.array([1.125, -0.25, 0.125])[:, None, None] + np.zeros(SIZE)
    probabilities = found(save(tmp_path / "maps", values), data)
    assert probabilities[:, 3, 4].tolist() == [1, -0.25, 0.125]


def test_labels_have_their_confidence(tmp_path: Path, data: EvaluationData) -> None:
    labels = np.random.default_rng(0).integers(0, CLASSES, SIZE)
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps/0.png").write_bytes(encode_map(labels.astype(np.uint8), None))
    code = np.full(SIZE, 13107, np.int32)  # a fifth of 65535
    (tmp_path / "maps/0.confidence.png").write_bytes(encode_map(code, None, text=(KEYWORD, PLAIN)))
    probabilities = found(tmp_path / "maps", data)
    assert (probabilities.argmax(0) == labels).all()
    assert probabilities.sum(0) == pytest.approx(0.2) and probabilities.max(0) == pytest.approx(0.2)
