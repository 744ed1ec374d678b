"""Crops: what they show, and where the outline and the mark are."""

import io

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.sheets.crops import CONTEXT, EDGE, crop_around


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_small_region_is_shown_enlarged_with_its_surroundings() -> None:
    photograph = np.full((300, 400, 3), 40, dtype=np.uint8)
    photograph[100:104, 200:204] = 250
    region = np.zeros((300, 400), dtype=bool)
    region[100:104, 200:204] = True
    crop = crop_around(photograph, region, (103, 200))
    shown, outline = opened(crop.photograph), opened(crop.outline)
    assert shown.shape[:2] == outline.shape[:2] == (EDGE, EDGE)
    scale = EDGE / (2 * CONTEXT + 4)
    inside = outline[round((CONTEXT + 1) * scale) : round((CONTEXT + 3) * scale), EDGE // 2, 3]
    assert (inside == 0).all()  # the outline hides nothing of the region
    assert outline[..., 3].any() and shown.max() > 200
    assert crop.mark == pytest.approx(((CONTEXT + 0.5) / (2 * CONTEXT + 4), (CONTEXT + 3.5) / (2 * CONTEXT + 4)))


def test_the_crop_ends_at_the_image() -> None:
    region = np.ones((30, 60), dtype=bool)
    crop = crop_around(np.zeros((30, 60, 3), dtype=np.uint8), region, (0, 0))
    assert opened(crop.photograph).shape == (EDGE // 2, EDGE, 3)
    assert crop.mark == pytest.approx((0.5 / 60, 0.5 / 30))


def test_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="image's size"):
        crop_around(np.zeros((30, 60, 3), dtype=np.uint8), np.ones((30, 61), dtype=bool), (0, 0))
