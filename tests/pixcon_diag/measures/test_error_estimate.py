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
