"""The maps of an image give the counts of the pass, pixel by pixel."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.cache.measure import measure
from pixcon_diag.passes.image_maps import ImageMaps
from pixcon_train.core.errors import ConfigError
from tests.pixcon_diag.passes.small import cpu, images, network

TAU = 0.5


def test_the_maps_of_every_image_add_up_to_its_counts(tmp_path: Path) -> None:
    measured = measure(network(), images(tmp_path), run=cpu(), cache=tmp_path / "cache")
    for counts, wrong, maps in zip(
        measured.counts.retained(TAU), measured.counts.boundary[:, -1, 1], measured.images(), strict=True
    ):
        retained = maps.retained(TAU)
        assert list(counts) == [maps.valid.sum(), retained.sum(), (retained & maps.wrong).sum()]
        assert wrong == maps.wrong.sum() > 0
        assert Image.open(maps.path).size[::-1] == maps.target.shape
        assert maps.path == tmp_path / maps.name


def test_void_is_neither_wrong_nor_retained_and_a_pixel_at_the_threshold_is() -> None:
    target, prediction, bins = np.array([[0, 1, 255]]), np.array([[1, 1, 1]]), np.array([[2, 1, 2]])
    maps = ImageMaps("a.jpg", Path("a.jpg"), target, prediction, bins, (0.0, 0.9, 0.95), 255)
    assert maps.valid.tolist() == [[True, True, False]] and maps.wrong.tolist() == [[True, False, False]]
    assert maps.retained(0.9).tolist() == [[True, True, False]]
    assert maps.retained(0.95).tolist() == [[True, False, False]]
    with pytest.raises(ValueError, match=r"did not count τ = 0.93.*MeasureOptions"):
        maps.retained(0.93)


def test_maps_that_were_not_cached_are_one_message(tmp_path: Path) -> None:
    measured = measure(network(), images(tmp_path), run=cpu())
    with pytest.raises(ConfigError, match="not cached"):
        next(measured.images())
