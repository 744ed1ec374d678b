"""Post-stratified rates: by hand, against loops, at the borders, and the coverage of their intervals."""

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from benchmarks.stratified_coverage import POPULATIONS, Coverage, coverage
from benchmarks.stratified_images import StratifiedPopulation
from pixcon_diag.statistics.intervals import Interval
from pixcon_diag.statistics.post_stratification import Strata, post_stratified
from tests.simulations import HIGH, LOW, REPETITIONS


def strata(known: list[list[int]], wrong: list[list[int]], shape: tuple[int, int, int], void: int = 0) -> Strata:
    arrays = np.array(known), np.array(wrong), np.full(np.array(known).shape, void)
    return Strata(*(csr_matrix(array.astype(np.int64)) for array in arrays), shape)


def test_one_class_needs_no_margin() -> None:
    """Two bins with errors of 2/20 and 5/10; the target has 30 and 10 pixels there."""
    calibration = strata([[10, 4], [10, 6]], [[1, 3], [1, 2]], (1, 2, 1))
    target = strata([[20, 10], [10, 0]], [[0, 0], [0, 0]], (1, 2, 1))
    found = post_stratified(calibration, target, (0, 1))
    assert found.rate[:, 0] == pytest.approx([(30 * 0.1 + 10 * 0.5) / 40, 0.5])
    assert (found.rate[:, 1] == found.rate[:, 0]).all(), "the only class is all classes"


def test_void_pixels_of_the_target_are_weighted_by_their_share_in_the_calibration() -> None:
    """Half of the pixels of the first bin are void there, none of the second."""
    calibration = strata([[10, 10]], [[1, 5]], (1, 2, 1))
    halved = Strata(calibration.known, calibration.wrong, csr_matrix([[10, 0]]), (1, 2, 1))
    target = strata([[40, 20]], [[0, 0]], (1, 2, 1))
    assert post_stratified(halved, target, (0,)).rate[0, 0] == pytest.approx((20 * 0.1 + 20 * 0.5) / 40)


def naive_error(images: Strata) -> tuple[np.ndarray, float]:
    """Shrunk errors of the strata of one bin and zone, and κ, by loops over classes."""
    known, wrong = images.known.toarray().astype(float), images.wrong.toarray().astype(float)
    margin = wrong.sum() / known.sum()
    numbers, rates, within = [], [], []
    for n, w in zip(known.T, wrong.T, strict=True):
        number, rate = n.sum() ** 2 / (n**2).sum(), w.sum() / n.sum()
        numbers.append(number)
        rates.append(rate)
        within.append(sum((w - rate * n) ** 2) / n.sum() ** 2 * number / (number - 1))
    scale = margin * (1 - margin) * sum(numbers)
    image_variance = sum(m**2 * v for m, v in zip(numbers, within, strict=True)) / scale
    class_variance = sum(m * ((q - margin) ** 2 - v) for m, q, v in zip(numbers, rates, within, strict=True)) / scale
    prior = min(max(image_variance / max(class_variance, image_variance / 1000), 1), 1000)
    return np.array([(m * q + prior * margin) / (m + prior) for m, q in zip(numbers, rates, strict=True)]), prior


def test_rates_are_shrunk_to_the_mean_over_classes_as_loops_do() -> None:
    rng = np.random.default_rng(4)
    known = rng.integers(1, 200, (40, 3))
    rates = np.clip(rng.normal([0.1, 0.3, 0.2], 0.1, (40, 3)), 0, 1)
    images = strata(known.tolist(), rng.binomial(known, rates).tolist(), (3, 1, 1))
    errors, prior = naive_error(images)
    found = post_stratified(images, images, (0,))
    assert found.margin_images == pytest.approx(prior) and 1 < prior < 1000
    assert found.rate[0, 1:] == pytest.approx(errors)
    assert found.rate[0, 0] == pytest.approx((known.sum(0) @ errors) / known.sum())


def test_a_class_of_one_image_has_nearly_the_rate_of_the_others() -> None:
    """However many pixels that image has."""
    rng = np.random.default_rng(0)
    known = np.column_stack((np.full(50, 100), np.zeros(50, int), np.full(50, 100)))
    known[0, 1] = 100_000
    wrong = rng.binomial(known, np.clip(rng.normal(0.2, 0.1, (50, 1)), 0, 1))
    wrong[0, 1] = 90_000
    shrunk = post_stratified(
        strata(known.tolist(), wrong.tolist(), (3, 1, 1)), strata([[0, 1, 0]], [[0, 0, 0]], (3, 1, 1)), (0,)
    )
    margin = wrong.sum() / known.sum()
    assert abs(shrunk.rate[0, 2] - margin) <= 0.5 * (0.9 - margin)


def test_borders() -> None:
    calibration = strata([[50, 0]] * 30, [[0, 0]] * 30, (2, 1, 1))
    nothing = post_stratified(calibration, strata([[0, 0]], [[0, 0]], (2, 1, 1)), (0,))
    assert np.isnan(nothing.rate).all() and math.isnan(nothing.intervals[0][0].low)
    sure = post_stratified(calibration, strata([[10, 0]] * 30, [[0, 0]] * 30, (2, 1, 1)), (0,))
    assert sure.rate[0, 0] == 0 and sure.intervals[0][0].low == 0
    assert sure.intervals[0][0].high == pytest.approx(1 - 0.025 ** (1 / 30)), "as 30 images show none"
    unseen = post_stratified(
        strata([[50, 0]] * 30, [[5, 0], [0, 0], [1, 0]] * 10, (2, 1, 1)),
        strata([[10, 10]] * 9, [[0, 0]] * 9, (2, 1, 1)),
        (0,),
    )
    assert unseen.rate[0, 2] == pytest.approx(unseen.rate[0, 1]), "a class never seen has the margin's rate"
    assert unseen.intervals[0][2] == Interval(0.0, 1.0, 0.95), "of which nothing is known"


def test_harder_images_have_a_higher_estimate_and_the_same_ones_their_own_rate() -> None:
    population, rng = StratifiedPopulation(0.05, 0.5), np.random.default_rng(1)
    calibration = population.draw(rng, 300)
    own = calibration.wrong_sizes((0,)).sum(0)[0, 0] / calibration.known_sizes((0,)).sum(0)[0, 0]
    same, harder = (
        post_stratified(calibration, target, (0,)).rate[0, 0]
        for target in (calibration, population.draw(rng, 300, 0.6))
    )
    assert same == pytest.approx(own, rel=0.02) and harder > 1.2 * own


def test_leaving_images_out_in_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    population, rng = POPULATIONS[1], np.random.default_rng(2)
    calibration, target = population.draw(rng, 41), population.draw(rng, 10)
    whole = post_stratified(calibration, target, (0, 2))
    monkeypatch.setattr("pixcon_diag.statistics.post_stratification._AT_ONCE", 7 * 32)
    blocks = post_stratified(calibration, target, (0, 2))
    assert blocks.rate == pytest.approx(whole.rate)
    assert blocks.intervals[1][0].high == pytest.approx(whole.intervals[1][0].high)


def check(found: Coverage, low: float, high: float) -> None:
    assert (found.overall >= low).all() and (found.overall <= high).all(), found


def test_intervals_of_few_repetitions_cover_the_truth() -> None:
    """2.5 standard errors of 120 repetitions around 93–97 %, at a tenth of the images of the slow tier."""
    check(coverage(POPULATIONS[1], 50, 120), 0.88, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("population", POPULATIONS, ids=str)
def test_intervals_cover_the_truth_of_clustered_images(population: StratifiedPopulation) -> None:
    check(coverage(population, 500, REPETITIONS), LOW, HIGH)
