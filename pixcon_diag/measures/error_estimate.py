"""ρ_F on images without labels, estimated from images with labels (decisions, section 4)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from pixcon_diag.measures.image_cells_result import ImageCellsResult
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.accuracy_estimators import (
    ConfidenceHistograms,
    average_thresholded_confidence,
    calibrated_confidence,
    difference_of_confidences,
)
from pixcon_diag.statistics.post_stratification import PostStratified, post_stratified
from pixcon_diag.statistics.shift import shift_test
from pixcon_diag.statistics.spread import NAN, quotient, quotients

RANGES = (0.0, 0.5, 0.8, 0.95)
"""Left edges of the ranges of confidence by which lists are compared."""

SHIFT_LEVEL = 0.05
"""p-value below which two lists count as different."""

ESTIMATORS = ("post_stratified", "held_out", "ac", "doc", "atc", "cbpe")
"""Fields of :class:`ThresholdEstimate` that estimate the same ρ_F."""


@dataclass(frozen=True)
class RateEstimate:
    """An estimated rate with its interval; NaN without a retained pixel."""

    rho_f: float
    low: float
    high: float
    level: float
    truth: float
    """The rate by the masks; NaN where they do not exist or no valid pixel is retained."""
    pixels: int
    """Retained pixels, valid or not."""


@dataclass(frozen=True)
class ThresholdEstimate:
    """ρ_F of the target images at one τ; estimates other than the post-stratified one have no interval."""

    tau: float
    retention: float
    """Share of the target's pixels with c >= τ, valid or not."""
    overall: RateEstimate
    classes: tuple[RateEstimate, ...]
    """By predicted class."""
    held_out: float
    """ρ_F of the calibration images, as if the target's were the same."""
    ac: float
    """1 − average confidence."""
    doc: float
    """1 − the accuracy by the difference of confidences."""
    atc: float
    """1 − the accuracy by average thresholded confidence."""
    cbpe: float
    """1 − the average calibrated confidence."""

    @property
    def post_stratified(self) -> float:
        """The post-stratified estimate."""
        return self.overall.rho_f

    def errors(self) -> dict[str, float]:
        """Estimate − truth of each estimator, NaN without masks."""
        return {name: getattr(self, name) - self.overall.truth for name in ESTIMATORS}


@dataclass(frozen=True)
class ErrorEstimate(Serializable):
    """ρ_F of the target images at several thresholds."""

    thresholds: tuple[ThresholdEstimate, ...]
    calibration_images: int
    target_images: int
    margin_images: float
    """κ: number of images that the mean over classes counts for in a cell."""
    shift_p: float
    """p-value of the hypothesis that the images of both lists are drawn from the same ones, by what is predicted for
    them: by class and confidence, over images."""

    @property
    def shifted(self) -> bool:
        """Whether the predictions on both lists differ by more than chance, so that accuracies may too."""
        return self.shift_p < SHIFT_LEVEL

    def closest(self) -> dict[str, int]:
        """At how many thresholds each estimator is the closest to the truth, the most frequent first."""
        errors = [at.errors() for at in self.thresholds if not np.isnan(at.overall.truth)]
        best = [min(at, key=lambda name: abs(at[name])) for at in errors if not np.isnan([*at.values()]).any()]
        return dict(Counter(best).most_common())


def estimate_error(
    calibration: ImageCellsResult,
    outcomes: np.ndarray,
    target: ImageCellsResult,
    fine: tuple[float, ...],
    taus: Sequence[float],
    *,
    masks: bool,
    rng: np.random.Generator,
    level: float = 0.95,
) -> ErrorEstimate:
    """ρ_F of the target images at every τ, post-stratified and by four published estimators.

    Void pixels of the target cannot be told from others. All estimators weight its pixels by the share of valid pixels
    among those of the calibration images: post-stratification in the cell, the others in the bin of confidence.

    Args:
        calibration: cells of images with masks that the network has not been trained on.
        outcomes: (I, 2, fine bins) correct and wrong pixels of the same images.
        target: cells of the images without labels.
        fine: left edges of the fine bins.
        taus: thresholds, each a coarse edge.
        masks: whether all target images have masks, which only serve to give the truth.
        rng: generator of the permutations of images.
        level: coverage of the intervals.

    Raises:
        ConfigError: a threshold that is no coarse edge.
    """
    starts = [calibration.first_bin(tau) for tau in taus]
    rates = post_stratified(calibration.strata, target.strata, starts, level)
    known, sizes = target.strata.known_sizes(starts).sum(0), target.strata.sizes(starts).sum(0)
    truth = quotients(target.strata.wrong_sizes(starts).sum(0), known) if masks else np.full(known.shape, NAN)
    shares = quotients(outcomes.sum((0, 1)), calibration.histogram.sum(0))
    correct, wrong = outcomes.sum(0).astype(np.float64)
    histograms = ConfidenceHistograms(correct, wrong, target.histogram.sum(0) * np.nan_to_num(shares, nan=1.0))
    thresholds = []
    for row, (tau, start) in enumerate(zip(taus, starts, strict=True)):
        place = fine.index(float(tau))
        accuracy = quotient(histograms.correct[place:].sum(), histograms.known[place:].sum())
        confidences = _mean_confidences(calibration, target, start)
        thresholds.append(
            ThresholdEstimate(
                tau=float(tau),
                retention=quotient(sizes[row, 0], target.counts.sum()),
                overall=_rate(rates, truth, sizes, row, 0),
                classes=tuple(_rate(rates, truth, sizes, row, 1 + k) for k in range(target.num_classes)),
                held_out=1 - accuracy,
                ac=1 - confidences[1],
                doc=1 - difference_of_confidences(accuracy, *confidences),
                atc=1 - average_thresholded_confidence(histograms, place),
                cbpe=1 - calibrated_confidence(histograms, place),
            )
        )
    shift_p = shift_test(_predicted_shares(calibration), _predicted_shares(target), rng)
    return ErrorEstimate(tuple(thresholds), len(calibration.strata), len(target.strata), rates.margin_images, shift_p)


def _predicted_shares(cells: ImageCellsResult) -> np.ndarray:
    """(I, D) shares of each image's pixels by predicted class and a few ranges of confidence."""
    classes, bins, _, _ = np.indices(cells.shape).reshape(4, -1)
    ranges = np.searchsorted([cells.first_bin(edge) for edge in RANGES], bins, side="right") - 1
    columns = classes * len(RANGES) + ranges
    size = (len(columns), cells.num_classes * len(RANGES))
    grouped = cells.counts @ scipy.sparse.csr_matrix(
        (np.ones(len(columns)), (np.arange(len(columns)), columns)), shape=size
    )
    pixels = np.asarray(grouped.todense())
    shares: np.ndarray = np.nan_to_num(quotients(pixels, pixels.sum(1, keepdims=True)))
    return shares


def _rate(rates: PostStratified, truth: np.ndarray, sizes: np.ndarray, row: int, column: int) -> RateEstimate:
    interval = rates.intervals[row][column]
    return RateEstimate(
        rho_f=float(rates.rate[row, column]),
        low=interval.low,
        high=interval.high,
        level=interval.level,
        truth=float(truth[row, column]),
        pixels=int(sizes[row, column]),
    )


def _mean_confidences(calibration: ImageCellsResult, target: ImageCellsResult, start: int) -> tuple[float, float]:
    """Mean confidence of the known calibration pixels and of the target's pixels, from the coarse bin ``start`` on."""
    known, every = calibration.confidence[:, 0].sum(0), calibration.confidence.sum((0, 1))
    share = np.nan_to_num(quotients(known, every), nan=1.0)
    pixels = [_by_bin(calibration, valid=True), _by_bin(target, valid=False) * share]
    sums = [known, target.confidence.sum((0, 1)) * share]
    first, second = (
        quotient(total[start:].sum(), count[start:].sum()) for total, count in zip(sums, pixels, strict=True)
    )
    return first, second


def _by_bin(cells: ImageCellsResult, *, valid: bool) -> np.ndarray:
    """(B,) pixels by coarse bin, of known outcome or all."""
    counts: np.ndarray = np.asarray(cells.counts.sum(0)).reshape(cells.shape).sum((0, 2))
    pixels: np.ndarray = counts[:, :2].sum(1) if valid else counts.sum(1)
    return pixels
