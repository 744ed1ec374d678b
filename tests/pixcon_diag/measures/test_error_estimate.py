"""ρ_F without labels, from cells counted of drawn pixels."""

import math

import numpy as np
import pytest
import torch

from pixcon_diag.measures.error_estimate import ESTIMATORS, ErrorEstimate, estimate_error
from pixcon_diag.measures.image_cells import ImageCells
from pixcon_diag.measures.image_cells_result import ImageCellsResult
from pixcon_diag.measures.image_counts import ImageCounts
from pixcon_diag.measures.image_counts_result import ImageCountsResult
from pixcon_diag.statistics.accuracy_estimators import (
    ConfidenceHistograms,
    average_thresholded_confidence,
    calibrated_confidence,
)
from pixcon_train.core.errors import ConfigError

CLASSES, VOID, TAUS = 3, 255, (0.5, 0.9)


def counted(
    images: int, seed: int, *, power: float = 0.3, masks: bool = True, void: float = 0.1
) -> tuple[ImageCellsResult, ImageCountsResult]:
    """Images in stripes whose pixels are wrong with probability 1 − c² ; a smaller ``power`` means more confidence."""
    generator = torch.Generator().manual_seed(seed)
    confidence = torch.rand(images, 24, 24, generator=generator) ** power
    prediction = (torch.arange(24) // 8).expand(images, 24, 24).contiguous()
    wrong = torch.rand(confidence.shape, generator=generator) > confidence**2
    target = torch.where(wrong, (prediction + 1) % CLASSES, prediction)
    target[torch.rand(target.shape, generator=generator) < void * (1 - confidence) * 4] = VOID
    if not masks:
        target = torch.full_like(target, VOID)
    cells, counts = ImageCells(CLASSES, void=VOID), ImageCounts(CLASSES, void=VOID)
    cells.update(confidence, prediction, target)
    counts.update(confidence, prediction, target)
    return cells.compute(), counts.compute()


def estimated(target: ImageCellsResult, *, masks: bool = True, images: int = 40, power: float = 0.3) -> ErrorEstimate:
    cells, counts = counted(images, 0, power=power)
    return estimate_error(
        cells, counts.histogram, target, counts.edges, TAUS, masks=masks, rng=np.random.default_rng(0)
    )


def test_the_truth_is_that_of_the_masks_and_changes_no_estimate() -> None:
    target, outcomes = counted(30, 1)
    hidden, _ = counted(30, 1, masks=False)
    known, unknown = estimated(target), estimated(hidden, masks=False)
    for at, without, tau in zip(known.thresholds, unknown.thresholds, TAUS, strict=True):
        _, retained, wrong = outcomes.retained(tau).sum(0)
        assert at.overall.truth == pytest.approx(wrong / retained) and math.isnan(without.overall.truth)
        for name in ESTIMATORS:
            assert getattr(at, name) == pytest.approx(getattr(without, name), rel=1e-12), name
        assert (at.overall.low, at.classes[1].high) == pytest.approx((without.overall.low, without.classes[1].high))
        assert all(math.isnan(error) for error in without.errors().values())


def test_without_a_shift_all_but_average_confidence_are_close_to_the_truth() -> None:
    for at in estimated(counted(200, 2)[0], images=200).thresholds:
        errors = at.errors()
        for name in set(ESTIMATORS) - {"ac"}:
            assert abs(errors[name]) < 0.05 * at.overall.truth, name
        assert errors["ac"] < -0.2 * at.overall.truth, "the error is 1 − c², above 1 − c"
        assert at.overall.low < at.overall.truth < at.overall.high
        assert [rate.truth for rate in at.classes] == pytest.approx([rate.rho_f for rate in at.classes], rel=0.15)


def test_surer_images_are_followed_by_all_but_the_held_out_rate() -> None:
    """The error depends on the confidence alone, so strata and calibrated confidences carry over exactly."""
    (at, _) = estimated(counted(200, 3, power=0.1)[0], images=200).thresholds
    errors = {name: abs(error) / at.overall.truth for name, error in at.errors().items()}
    assert errors["post_stratified"] < 0.1 and errors["cbpe"] < 0.1 and errors["held_out"] > 0.5
    assert at.retention > 0.99
    assert estimated(counted(40, 3, power=0.1)[0]).shifted and not estimated(counted(40, 6)[0]).shifted


def test_the_closest_estimator_is_counted_where_the_truth_is_known() -> None:
    target, _ = counted(30, 1)
    found = estimated(target)
    expected = [min(ESTIMATORS, key=lambda name: abs(at.errors()[name])) for at in found.thresholds]
    assert found.closest() == {name: expected.count(name) for name in dict.fromkeys(expected)}
    assert estimated(target, masks=False).closest() == {}


def test_each_class_has_its_own_pixels_truth_and_rate() -> None:
    target, _ = counted(60, 1)
    found = estimated(target)
    for at, tau in zip(found.thresholds, TAUS, strict=True):
        correct, wrong, unknown = target.retained(tau).sum(0).T
        assert [rate.pixels for rate in at.classes] == (correct + wrong + unknown).tolist()
        assert at.overall.pixels == (correct + wrong + unknown).sum()
        assert [rate.truth for rate in at.classes] == (wrong / (correct + wrong)).tolist()
        assert len({rate.rho_f for rate in (at.overall, *at.classes)}) == CLASSES + 1
        assert all(rate.low < rate.rho_f < rate.high for rate in at.classes)


def test_confidence_that_no_calibration_pixel_has_counts_in_full() -> None:
    """Without void: the mean over all target pixels of the confidence, and of the calibrated confidence."""
    cells, counts = counted(40, 0, power=0.02, void=0.0)
    target, outcomes = counted(30, 1, power=0.7, void=0.0)
    assert (cells.histogram.sum(0) == 0).any() and (counts.retained(0.5)[:, 1].sum() == 40 * 24 * 24)
    (at,) = estimate_error(
        cells, counts.histogram, target, counts.edges, (0.5,), masks=True, rng=np.random.default_rng(0)
    ).thresholds
    generator = torch.Generator().manual_seed(1)
    confidence = torch.rand(30, 24, 24, generator=generator) ** 0.7
    assert at.ac == pytest.approx(1 - float(confidence[confidence >= 0.5].double().mean()), abs=1e-6)
    correct, wrong = counts.histogram.sum(0)
    place = counts.edges.index(0.5)
    histograms = ConfidenceHistograms(correct * 1.0, wrong * 1.0, outcomes.histogram.sum((0, 1)) * 1.0)
    assert at.cbpe == pytest.approx(1 - calibrated_confidence(histograms, place), rel=1e-12)
    assert at.atc == pytest.approx(1 - average_thresholded_confidence(histograms, place), rel=1e-12)


def test_lists_of_other_classes_are_shifted() -> None:
    """The confidences are the same, and so are the numbers of pixels."""
    target = ImageCells(CLASSES, void=VOID)
    generator = torch.Generator().manual_seed(6)
    confidence = torch.rand(40, 24, 24, generator=generator) ** 0.3
    prediction = (torch.arange(24) // 16).expand(40, 24, 24).contiguous()
    target.update(confidence, prediction, prediction)
    assert estimated(target.compute()).shift_p == 1 / 2000 and not estimated(counted(40, 6)[0]).shifted


def test_void_pixels_are_discounted_by_the_calibration() -> None:
    """A fifth of the calibration's pixels are void, all of them less confident; so are the target's, without a mask."""
    target, _ = counted(100, 4, void=0.5)
    cells, counts = counted(100, 5, void=0.5)
    found = estimate_error(
        cells, counts.histogram, target, counts.edges, (0.0,), masks=True, rng=np.random.default_rng(0)
    ).thresholds[0]
    assert found.overall.rho_f == pytest.approx(found.overall.truth, rel=0.05)
    assert found.cbpe == pytest.approx(found.overall.truth, rel=0.05)
    every, _ = counted(100, 4, void=0.0)
    assert found.overall.pixels == every.counts.sum() == 100 * 24 * 24


def test_a_threshold_that_is_no_coarse_edge() -> None:
    cells, counts = counted(3, 0)
    with pytest.raises(ConfigError, match=r"Threshold 0.645 was not counted"):
        estimate_error(cells, counts.histogram, cells, counts.edges, (0.645,), masks=True, rng=np.random.default_rng(0))
