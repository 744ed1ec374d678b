from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixcon_diag.measures.error_regions import MIN_SHARE, error_regions

VOID = 255


def maps(height: int = 40, width: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Prediction and truth, all of class 0; 0.5 % of 2000 pixels is 10."""
    return np.zeros((height, width), dtype=np.uint8), np.zeros((height, width), dtype=np.uint8)


@pytest.mark.parametrize(("pixels", "kept"), [(9, False), (10, True), (11, True)])
def test_a_component_just_below_and_just_above_half_a_per_cent(pixels: int, kept: bool) -> None:
    prediction, truth = maps()
    prediction[7, 3 : 3 + pixels] = 1
    result = error_regions(prediction, truth, void=VOID)
    assert result.sizes == ((pixels,) if kept else ())
    assert (result.suppressed, result.suppressed_pixels) == ((0, 0) if kept else (1, pixels))
    assert result.outlined.sum() == (pixels if kept else 0)
    assert result.error == pixels / 2000  # suppression is about what is drawn, not about the error


@pytest.mark.parametrize(("height", "width"), [(375, 500), (480, 360), (333, 499), (112, 112)])
def test_the_threshold_is_exact_whatever_the_size(height: int, width: int) -> None:
    for pixels in (height * width // 200, -(-height * width // 200)):
        prediction, truth = maps(height, width)
        prediction.reshape(-1)[: pixels if pixels <= width else 0] = 1
        prediction[: pixels // width, :] = 1
        prediction[pixels // width, : pixels % width] = 1
        result = error_regions(prediction, truth, void=VOID)
        assert bool(result.sizes) == (200 * pixels >= height * width)


def test_void_is_never_wrong_and_does_not_connect() -> None:
    prediction, truth = maps()
    prediction[7, 3:23] = 1
    truth[6:9, 12:14] = VOID  # cuts the strip of 20 into 9 and 9
    result = error_regions(prediction, truth, void=VOID)
    assert result.sizes == () and result.suppressed == 2 and result.suppressed_pixels == 18
    assert result.error == 18 / (2000 - 6)


def test_void_still_counts_as_part_of_the_image() -> None:
    prediction, truth = maps()
    truth[20:] = VOID
    prediction[7, 3:12] = 1
    assert error_regions(prediction, truth, void=VOID).sizes == ()


def test_regions_touching_at_a_corner_are_one_whatever_they_say() -> None:
    prediction, truth = maps()
    prediction[3, 0:5] = 1
    prediction[4, 5:10] = 2
    assert error_regions(prediction, truth, void=VOID).sizes == (10,)


def test_nothing_wrong_and_nothing_valid() -> None:
    prediction, truth = maps()
    clean = error_regions(prediction, truth, void=VOID)
    assert clean.sizes == () and clean.error == 0.0 and not clean.outlined.any()
    void = error_regions(prediction, np.full_like(truth, VOID), void=VOID)
    assert void.sizes == () and void.error != void.error
    assert set(void.to_dict()) == {"sizes", "suppressed", "suppressed_pixels", "error"}


@pytest.mark.parametrize("shape", [(39, 50), (1, 40, 50)])
def test_maps_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="one shape"):
        error_regions(np.zeros(shape), maps()[1], void=VOID)


def flooded(wrong: np.ndarray) -> Iterator[int]:
    """Sizes of connected regions by flood fill, corners included."""
    left = set(zip(*np.nonzero(wrong), strict=True))
    while left:
        stack, size = [left.pop()], 0
        while stack:
            row, column = stack.pop()
            size += 1
            near = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            stack += near
        yield size


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, MIN_SHARE, 0.02, 1.0]))
def test_regions_equal_a_flood_fill(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, (20, 30))
    prediction = np.where(rng.random((20, 30)) < 0.7, truth, 1)
    truth = np.where(rng.random((20, 30)) < 0.1, VOID, truth)
    result = error_regions(prediction, truth, void=VOID, min_share=share)
    sizes = sorted(flooded((prediction != truth) & (truth != VOID)), reverse=True)
    assert result.sizes == tuple(size for size in sizes if size >= share * 600)
    assert (
        sum(result.sizes) + result.suppressed_pixels == sum(sizes) == round(result.error * (truth != VOID).sum().item())
    )
    assert result.suppressed == len(sizes) - len(result.sizes)
