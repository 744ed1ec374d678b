"""What stands beside the maps."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pixcon_diag.analyses.tsne import tsne_result
from pixcon_diag.measures.pixel_sample_result import PixelSample
from pixcon_diag.measures.projection import separability
from pixcon_diag.tables.result import Result
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json
from tests.pixcon_diag.analyses.made import ODD, column, evaluation_data, provenance, sound


def measured(
    name: str, seed: int, *, pixels: int = 12, maps: Any = None, confidence: Any = None, folder: Path | None = None
) -> Any:
    """Pixels of two classes around two directions."""
    labels = np.repeat(np.arange(2), pixels // 2)
    features = np.eye(2, 5)[labels] + 0.3 * np.random.default_rng(seed).normal(size=(len(labels), 5))
    norms = np.linalg.norm(features, axis=1)
    places = tuple((f"val.txt/{i % 2}.jpg", 4 * i, 2) for i in range(len(labels)))
    sample = PixelSample(features / norms[:, None], norms, labels, places, 3, pixels // 2, 0)
    data = evaluation_data()
    return SimpleNamespace(
        name=name,
        data=data,
        provenance=provenance(name, data),
        sample=lambda: sample,
        maps=maps,
        confidence=confidence,
        folder=folder,
    )


@pytest.fixture(scope="module")
def result() -> Result:
    return tsne_result([(ODD, measured("x", 0)), ("clean", measured("y", 1))])


def test_the_numbers_are_those_in_feature_space(result: Result) -> None:
    (table,) = result.tables
    assert column(table, "name") == [ODD, "clean"] and column(table, "pixels") == [12, 12]
    for row, seed in zip(table.rows, (0, 1), strict=True):
        sample = measured("x", seed).sample()
        numbers = separability(sample.features.astype(np.float64), sample.labels, 3)
        assert row[2:5] == (numbers.purity, numbers.chance, numbers.silhouette)
    assert [record["sha256"] for record in table.records()] == ["hash of x", "hash of y"]
    assert "10-NN purity" in [column.head for column in table.columns]
    assert "at most 6 a class; independent fits" in table.notes[0]


def test_every_pixel_has_its_place_on_every_map(result: Result, tmp_path: Path) -> None:
    (positions,) = result.files
    assert len(positions.rows) == 24
    assert positions.rows[7][:5] == (ODD, "val.txt/1.jpg", 28, 2, "cat") and positions.rows[12][0] == "clean"
    content = sound(result, tmp_path)
    assert content["classes"] == ["ground", "cat", "dog"] and len(content["palette"]) >= 3
    maps = content["projection"]["projections"]
    assert [projection["name"] for projection in maps] == [ODD, "clean"]
    assert list(positions.rows[7][5:7]) == maps[0]["positions"][7]


def test_which_weights_the_maps_are_of_is_kept(result: Result) -> None:
    assert result.content["provenance"]["clean"]["checkpoint"]["sha256"] == "hash of y"
    assert result.content["provenance"][ODD]["data"]["images"] == 2


def test_aligned_maps_say_so_and_too_few_pixels_make_none() -> None:
    (table,) = tsne_result([("a", measured("x", 0)), ("b", measured("y", 1))], aligned=True).tables
    assert "the other maps start from the positions of the first" in table.notes[0]
    with pytest.raises(ConfigError, match="8 valid pixels are too few"):
        tsne_result([("a", measured("x", 0, pixels=8))])


def test_every_pixel_has_its_prediction_and_confidence_where_maps_are_cached(tmp_path: Path) -> None:
    """Values are read at each pixel's own image, row and column."""
    labels = np.random.default_rng(5).integers(0, 3, (2, 50, 4)).astype(np.uint8)
    bins = np.random.default_rng(6).integers(0, 3, (2, 50, 4)).astype(np.uint8)
    maps = SimpleNamespace(read=lambda place: labels[place])
    confidence = SimpleNamespace(read=lambda place: bins[place], edges=(0.0, 0.5, 0.9))
    both = measured("x", 0, maps=maps, confidence=confidence)
    result = tsne_result([("all", both), ("labels", measured("y", 1, maps=maps)), ("none", measured("z", 2))])
    at = [(place % 2, 4 * place, 2) for place in range(12)]
    content = sound(result, tmp_path)
    assert content["predicted"] == {"all": [labels[p] for p in at], "labels": [labels[p] for p in at], "none": None}
    assert content["confidence"] == {"all": [(0.0, 0.5, 0.9)[bins[p]] for p in at], "labels": None, "none": None}
    (positions,) = result.files
    assert positions.rows[3][-2:] == (content["classes"][labels[1, 12, 2]], (0.0, 0.5, 0.9)[bins[1, 12, 2]])
    assert positions.rows[-1][-2:] == (None, None)


def test_maps_are_fitted_once_for_the_same_pixels_and_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [("a", measured("x", 0, folder=tmp_path)), ("b", measured("y", 1, folder=tmp_path))]
    first = to_json(tsne_result(both).content)
    with monkeypatch.context() as patch:
        patch.setattr("pixcon_diag.measures.projection.fit_maps", None)
        assert to_json(tsne_result(both).content) == first
    others = [both[0], ("b", measured("y", 2))]  # other features
    again = (tsne_result(both, perplexity=2), tsne_result(both, aligned=True), tsne_result(others))
    assert first not in [to_json(result.content) for result in again]
    assert len([*tmp_path.iterdir()]) == 4
