"""Published estimators of accuracy: by hand, and where target and calibration are the same."""

import math

import numpy as np
import pytest

from pixcon_diag.statistics.accuracy_estimators import (
    ConfidenceHistograms,
    average_thresholded_confidence,
    calibrated_confidence,
    difference_of_confidences,
)

CORRECT, WRONG = np.array([1.0, 3.0, 6.0, 16.0]), np.array([3.0, 1.0, 2.0, 0.0])


def histograms(*target: float) -> ConfidenceHistograms:
    return ConfidenceHistograms(CORRECT, WRONG, np.array(target))


def test_difference_of_confidences_adds_the_change() -> None:
    assert difference_of_confidences(0.8, 0.9, 0.85) == pytest.approx(0.75)
    assert difference_of_confidences(0.05, 0.9, 0.5) == 0.0 and difference_of_confidences(0.99, 0.5, 0.9) == 1.0


def test_a_threshold_of_confidence_is_that_of_the_calibration_error() -> None:
    """6 of 32 pixels are wrong, and 6 are below the middle of the second bin, where 10 + 20 / 2 of 100 targets are."""
    assert average_thresholded_confidence(histograms(10, 20, 30, 40), 0) == pytest.approx(1 - 0.175 - 0.025)
    # From the third bin on: 2 of 24 are wrong, a quarter of the third bin.
    assert average_thresholded_confidence(histograms(10, 20, 40, 60), 2) == pytest.approx(1 - 10 / 100)


def test_the_threshold_is_placed_by_the_calibration_pixels_alone() -> None:
    """6 of 32 are wrong: the first bin and a quarter of the second, in which 90 + 5 / 4 of 100 targets are."""
    pixels = ConfidenceHistograms(np.array([1.0, 6, 19]), np.array([3.0, 2, 1]), np.array([90.0, 5, 5]))
    assert average_thresholded_confidence(pixels, 0) == pytest.approx(1 - 0.9125)


def test_a_bin_of_one_pixel_calibrates() -> None:
    """1 of 1 and 3 of 4 are pooled, as the accuracy may not fall."""
    pixels = ConfidenceHistograms(np.array([1.0, 3]), np.array([0.0, 1]), np.array([1.0, 1]))
    assert calibrated_confidence(pixels, 0) == pytest.approx(4 / 5)


def test_a_threshold_beyond_empty_bins() -> None:
    pixels = ConfidenceHistograms(
        np.array([0.0, 0, 4, 0, 4]), np.array([0.0, 0, 2, 0, 0]), np.array([5.0, 5, 10, 10, 70])
    )
    assert average_thresholded_confidence(pixels, 0) == pytest.approx(1 - (10 + 10 / 3) / 100)


def test_calibration_is_isotonic() -> None:
    """The second and third bin, 3/4 and 6/8, have one accuracy already; 1/4 and 16/16 are in order."""
    assert calibrated_confidence(histograms(4, 4, 8, 16), 0) == pytest.approx((1 + 3 + 6 + 16) / 32)
    pooled = ConfidenceHistograms(np.array([3.0, 1.0]), np.array([1.0, 3.0]), np.array([1.0, 9.0]))
    assert calibrated_confidence(pooled, 0) == pytest.approx(0.5), "a falling accuracy is pooled"


@pytest.mark.parametrize("start", [0, 1, 2])
def test_on_the_calibration_pixels_themselves_both_give_their_accuracy(start: int) -> None:
    pixels = histograms(*(CORRECT + WRONG))
    accuracy = CORRECT[start:].sum() / (CORRECT + WRONG)[start:].sum()
    assert average_thresholded_confidence(pixels, start) == pytest.approx(accuracy)
    assert calibrated_confidence(pixels, start) == pytest.approx(accuracy)


def test_without_pixels_there_is_no_estimate() -> None:
    nothing = np.zeros(3)
    for pixels in (
        ConfidenceHistograms(nothing, nothing, np.ones(3)),
        ConfidenceHistograms(np.ones(3), nothing, nothing),
    ):
        assert math.isnan(average_thresholded_confidence(pixels, 0))
        assert math.isnan(calibrated_confidence(pixels, 0))
