"""Regions that contradict their label: by hand, strips left out, and the score's order."""

import math

import numpy as np
import pytest
from scipy import ndimage

from pixcon_diag.measures.label_errors import MIN_DEPTH, equal_regions, region_at, suspect_regions

VOID = 255


def test_equal_regions_are_those_of_each_value() -> None:
    random = np.random.default_rng(0)
    values, inside = random.integers(0, 3, (40, 50)), random.random((40, 50)) < 0.8
    found = equal_regions(values, inside)
    assert ((found > 0) == inside).all()
    count = 0
    for value in range(3):
        labels, number = ndimage.label((values == value) & inside, np.ones((3, 3)))
        count += number
        for region in range(1, number + 1):
            (one,) = np.unique(found[labels == region])
            assert (found == one).sum() == (labels == region).sum()
    assert found.max() == count


def test_a_region_by_hand() -> None:
    """A block of 7 × 9 predicted as 2, of which 7 × 7 are labelled 1 and a void column divides nothing else."""
    target = np.zeros((30, 30), dtype=np.uint8)
    target[5:12, 5:12] = 1
    prediction = target.copy()
    prediction[5:12, 5:14] = 2
    target[5:12, 12:14] = VOID
    confidence = np.full(target.shape, 0.5)
    confidence[5:12, 5:12] = 0.9
    (region,) = suspect_regions(target, prediction, confidence, void=VOID)
    assert (region.size, region.depth, region.target, region.prediction) == (49, 4, 1, 2)
    assert (region.row, region.column) == (8, 8)
    assert region.confidence == pytest.approx(0.9) and region.coherence == 49 / 63
    assert region.score == pytest.approx(math.log(9 * 49 / 63))
    assert region_at(target, prediction, 8, 8).sum() == 49


def test_strips_along_a_boundary_are_left_out() -> None:
    """A teacher whose boundaries are off by 4 pixels contradicts the label in strips alone."""
    target = np.zeros((60, 60), dtype=np.uint8)
    target[:, 30:] = 1
    prediction = np.zeros_like(target)
    prediction[:, 34:] = 1
    sure = np.ones(target.shape)
    assert suspect_regions(target, prediction, sure, void=VOID) == []
    prediction[:, 30:36] = 0
    assert len(suspect_regions(target, prediction, sure, void=VOID)) == 1  # 6 wide: a square of 5 fits
    assert suspect_regions(target, prediction, sure, void=VOID, min_depth=MIN_DEPTH + 1) == []


def test_confident_and_coherent_regions_score_higher() -> None:
    target = np.zeros((40, 80), dtype=np.uint8)
    target[5:15, 5:15] = target[5:15, 45:55] = target[25:35, 5:15] = 1
    prediction = np.zeros_like(target)
    prediction[5:15, 5:15] = prediction[5:15, 40:75] = prediction[25:35, 5:15] = 2
    confidence = np.where(np.arange(40)[:, None] < 20, 0.99, 0.6) * np.ones(target.shape)
    found = {(r.row < 20, r.column < 20): r.score for r in suspect_regions(target, prediction, confidence, void=VOID)}
    assert found[True, True] > found[True, False] and found[True, True] > found[False, True]


def test_the_depth_is_the_distance_to_the_nearest_pixel_of_another_region() -> None:
    """Pixel by pixel: the deepest pixel of each region, the image's edge being no boundary."""
    random = np.random.default_rng(4)
    target = np.kron(random.integers(0, 3, (4, 5)), np.ones((9, 11))).astype(np.uint8)
    prediction = np.roll(target, (3, -5), (0, 1))
    wrong = prediction != target
    regions = equal_regions(target.astype(np.int64) * 256 + prediction, wrong)
    depths = {}
    for y, x in zip(*np.nonzero(wrong), strict=True):
        others = np.argwhere(regions != regions[y, x])
        depth = int(np.abs(others - (y, x)).max(1).min())
        depths[regions[y, x]] = max(depths.get(regions[y, x], 0), depth)
    found = suspect_regions(target, prediction, np.ones(target.shape), void=VOID, min_depth=1)
    assert len(found) == len(depths) > 10
    for region in found:
        number = regions[region.row, region.column]
        assert region.depth == depths[number] and region.size == (regions == number).sum()
        assert (region.target, region.prediction) == (target[regions == number][0], prediction[regions == number][0])
        assert np.array_equal(region_at(target, prediction, region.row, region.column), regions == number)


def test_the_depth_beside_a_region_that_begins_farther_down() -> None:
    """Columns 6 to 12 are predicted as 1 from row 0 on, columns 0 to 5 as 2 from row 1 on."""
    prediction = np.repeat(np.array([[2] * 6 + [1] * 7], dtype=np.uint8), 7, axis=0)
    prediction[0, :6] = 0
    found = suspect_regions(np.zeros_like(prediction), prediction, np.ones(prediction.shape), void=VOID)
    assert {region.prediction: (region.depth, region.column) for region in found} == {1: (7, 12), 2: (6, 0)}


def test_a_prediction_without_confidence_is_the_least_suspect() -> None:
    zeros = np.zeros((8, 9), dtype=np.uint8)
    (region,) = suspect_regions(zeros, zeros + 1, np.zeros((8, 9)), void=VOID)
    assert region.confidence == 0 and region.score == -math.inf


def test_predictions_without_an_error_have_no_region() -> None:
    same = np.ones((8, 8), dtype=np.uint8)
    assert suspect_regions(same, same, np.ones((8, 8)), void=VOID) == []
    assert suspect_regions(np.full((8, 8), VOID), same, np.ones((8, 8)), void=VOID) == []


def test_an_image_wrong_everywhere_is_one_region() -> None:
    zeros = np.zeros((8, 9), dtype=np.uint8)
    (region,) = suspect_regions(zeros, zeros + 1, np.ones((8, 9)), void=VOID)
    assert (region.size, region.depth, region.coherence) == (72, 9, 1)
    assert math.isfinite(region.score)


def test_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        suspect_regions(np.zeros((2, 2)), np.zeros((2, 3)), np.zeros((2, 2)), void=VOID)
