"""Published estimators of the accuracy on pixels without labels, from confidences alone."""

from dataclasses import dataclass

import numpy as np
import scipy

from pixcon_diag.statistics.spread import NAN, quotient, quotients


@dataclass(frozen=True)
class ConfidenceHistograms:
    """Pixels by confidence; the bins ascend."""

    correct: np.ndarray
    """(B,) float64: correct calibration pixels."""
    wrong: np.ndarray
    """(B,) float64: wrong calibration pixels."""
    target: np.ndarray
    """(B,) float64: pixels without label."""

    @property
    def known(self) -> np.ndarray:
        """(B,) calibration pixels."""
        total: np.ndarray = self.correct + self.wrong
        return total


def difference_of_confidences(accuracy: float, calibration: float, target: float) -> float:
    """DoC: the calibration accuracy plus the change in mean confidence (Guillory et al. 2021), within [0, 1].

    Args:
        accuracy: of the calibration pixels.
        calibration: their mean confidence.
        target: mean confidence of the pixels without label, which is itself the estimate AC (Hendrycks and Gimpel
            2017).
    """
    return float(np.clip(accuracy + target - calibration, 0, 1))


def average_thresholded_confidence(pixels: ConfidenceHistograms, start: int) -> float:
    """ATC: share of target pixels above the confidence below which lies as large a share of the calibration pixels as
    is wrong (Garg et al. 2022); within a bin by linear interpolation.

    Args:
        start: first bin of the pixels in question.

    Returns:
        NaN without calibration or target pixels.
    """
    known, target = pixels.known[start:], pixels.target[start:]
    if not known.sum() or not target.sum():
        return NAN
    error = pixels.wrong[start:].sum() / known.sum()
    below = [np.concatenate(([0.0], counts.cumsum())) / counts.sum() for counts in (known, target)]
    place = int(np.searchsorted(below[0][1:-1], error))  # the first bin that reaches the error
    part = np.nan_to_num(quotient(error - below[0][place], below[0][place + 1] - below[0][place]))
    return float(1 - np.interp(place + part, np.arange(len(below[1])), below[1]))


def calibrated_confidence(pixels: ConfidenceHistograms, start: int) -> float:
    """CBPE: mean over the target pixels of the confidence calibrated by isotonic regression (Kivimäki et al. 2025;
    Zadrozny and Elkan 2002).

    Args:
        start: first bin of the pixels in question; the calibration is that of all bins.

    Returns:
        NaN without calibration or target pixels.
    """
    held, places = pixels.known > 0, np.arange(len(pixels.known))
    if not held.any():
        return NAN
    fitted = scipy.optimize.isotonic_regression(
        quotients(pixels.correct, pixels.known)[held], weights=pixels.known[held]
    ).x
    accuracy, target = np.interp(places, places[held], fitted)[start:], pixels.target[start:]
    return quotient(float(accuracy @ target), float(target.sum()))
