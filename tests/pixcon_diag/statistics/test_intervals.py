"""Intervals of rates pooled over images: by hand, at the borders, and their coverage."""

import math

import numpy as np
import pytest

from benchmarks.clustered_images import Population
from benchmarks.interval_coverage import RATES, coverage, percentile_bootstrap, pixel_interval
from pixcon_diag.statistics.intervals import (
    Interval,
    clustering,
    effective_number,
    jackknife_interval,
    pooled_interval,
    ratio_interval,
)
from tests.simulations import HIGH, LOW, REPETITIONS


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_the_interval_is_the_jackknife_on_the_logit_scale() -> None:
    """Three images of 10 pixels with 1, 2 and 3 wrong: left out they give 5/20, 4/20 and 3/20, so the standard error is
    sqrt(2/3 · 2 · 0.05²), and two of three images deviate, so t has 2 degrees of freedom."""
    interval = ratio_interval(array(1, 2, 3), array(10, 10, 10))
    reach = 4.302652729911275 * math.sqrt(2 / 3 * 2 * 0.05**2) / (0.2 * 0.8)
    low, high = (1 / (1 + math.exp(-(math.log(0.2 / 0.8) + sign * reach))) for sign in (-1, 1))
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-9)


def test_a_rate_of_zero_has_the_binomial_bound_of_the_images() -> None:
    interval = ratio_interval(np.zeros(72), np.full(72, 1000))
    assert interval.low == 0.0
    assert interval.high == pytest.approx(1 - 0.025 ** (1 / 72))
    mirrored = ratio_interval(np.full(72, 1000), np.full(72, 1000))
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((0.0, interval.high))


def test_where_all_are_wrong_images_of_unequal_size_count_less_too() -> None:
    sizes = array(1000, *[1] * 9)
    assert ratio_interval(sizes, sizes) == Interval(1 - ratio_interval(0 * sizes, sizes).high, 1.0, 0.95)


def test_a_statistic_of_zero_has_the_bound_of_the_images_with_a_count() -> None:
    """Counts of two classes: 7 of 10 images have one, of either class."""
    counts = np.zeros((10, 2, 2))
    counts[:4, 0, 1], counts[3:7, 1, 1] = 100, 3
    found = pooled_interval(counts, lambda sums: sums[..., 0].sum(1) / sums[..., 1].sum(1))
    assert (found.low, found.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 7)))


def test_from_given_variances() -> None:
    """Four equal parts: the standard error is 0.05, and t has 4 degrees of freedom."""
    found = jackknife_interval(0.2, np.full(4, 0.05**2 / 4), 9)
    reach = 2.7764451051977987 * 0.05 / (0.2 * 0.8)
    low, high = (1 / (1 + math.exp(-(math.log(0.2 / 0.8) + sign * reach))) for sign in (-1, 1))
    assert (found.low, found.high, found.level) == (pytest.approx(low), pytest.approx(high), 0.95)
    for rate, parts in ((0.0, np.zeros(4)), (0.0, np.full(4, 0.1)), (1.0, np.full(4, 0.1))):
        bound = jackknife_interval(rate, parts, 9)
        assert bound.contains(rate) and bound.high - bound.low == pytest.approx(1 - 0.025 ** (1 / 9))


def test_equal_rates_leave_no_doubt_from_two_images_on() -> None:
    assert jackknife_interval(0.25, np.zeros(3), 1) == Interval(0.0, 1.0, 0.95)
    assert jackknife_interval(0.25, np.zeros(3), 2) == Interval(0.25, 0.25, 0.95)


def test_the_bounds_are_in_the_interval() -> None:
    interval = Interval(0.25, 0.5, 0.95)
    assert [interval.contains(value) for value in (0.24, 0.25, 0.4, 0.5, 0.51)] == [False, True, True, True, False]


def test_images_of_unequal_size_count_less_where_nothing_is_wrong() -> None:
    one_large = ratio_interval(np.zeros(10), array(1000, *[1] * 9))
    assert one_large.high > 0.95
    assert ratio_interval(np.zeros(10), np.full(10, 1000)).high < 0.35


def test_without_a_pixel_there_is_no_interval() -> None:
    interval = ratio_interval(np.zeros(3), np.zeros(3))
    assert math.isnan(interval.low) and math.isnan(interval.high)
    assert not interval.contains(0.0)


def test_one_image_says_nothing() -> None:
    assert ratio_interval(array(3, 0), array(10, 0)) == Interval(0.0, 1.0, 0.95)
    assert ratio_interval(array(3), array(10)) == Interval(0.0, 1.0, 0.95)


def test_images_of_one_rate_leave_no_doubt() -> None:
    assert ratio_interval(array(2, 2, 2), array(8, 8, 8)) == Interval(0.25, 0.25, 0.95)


def test_counts_must_be_one_per_image() -> None:
    with pytest.raises(ValueError, match=r"one count per image, got shapes \(2,\) and \(3,\)"):
        ratio_interval(array(1, 2), array(1, 2, 3))


@pytest.mark.parametrize(("part", "whole"), [((3,), (10,)), ((0, 0), (10, 10)), ((5, 5), (5, 5)), ((1, 0), (1, 1))])
def test_clustering_needs_two_images_and_both_outcomes(part: tuple[float, ...], whole: tuple[float, ...]) -> None:
    found = clustering(array(*part), array(*whole))
    assert found.images == len(whole) and found.pixels == sum(whole)
    assert math.isnan(found.icc) and math.isnan(found.design_effect) and math.isnan(found.effective_pixels)


def test_an_image_without_pixels_changes_nothing_but_the_number_of_images() -> None:
    with_empty = ratio_interval(array(1, 2, 3, 0), array(10, 10, 10, 0))
    assert with_empty.low < 0.2 < with_empty.high
    many = ratio_interval(array(*[1, 2, 3] * 50), np.full(150, 10.0))
    padded = ratio_interval(array(*[1, 2, 3] * 50, *[0] * 50), array(*[10] * 150, *[0] * 50))
    assert (padded.low, padded.high) == pytest.approx((many.low, many.high), rel=0.01)


def test_the_complement_mirrors() -> None:
    wrong, retained = array(1, 5, 0, 2), array(10, 20, 8, 9)
    of_wrong, of_right = ratio_interval(wrong, retained), ratio_interval(retained - wrong, retained)
    mirrored = of_right.complement()
    assert (of_wrong.low, of_wrong.high) == pytest.approx((mirrored.low, mirrored.high))


def test_a_statistic_of_one_ratio_is_that_ratio() -> None:
    counts = np.stack((array(1, 5, 0, 2), array(10, 20, 8, 9)), 1)
    assert pooled_interval(counts, lambda sums: sums[:, 0] / sums[:, 1]) == ratio_interval(counts[:, 0], counts[:, 1])


def test_a_higher_level_is_wider() -> None:
    narrow, wide = (ratio_interval(array(1, 5, 0, 2), array(10, 20, 8, 9), level) for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_is_a_fraction(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        ratio_interval(array(1, 2), array(3, 4), level)


def test_effective_numbers() -> None:
    assert effective_number(np.ones(7)) == 7
    assert effective_number(array(5, 0, 0)) == 1
    assert math.isnan(effective_number(np.zeros(3)))


def test_clustering_by_hand() -> None:
    """2 of 10 and 10 of 20: between the two images 10·0.2² + 20·0.1², within them (10·0.16 + 20·0.25) / 28; n₀ is
    30 − 500/30."""
    between, within, weighted = 0.6, 6.6 / 28, 500 / 30
    icc = (between - within) / (between + (30 - weighted - 1) * within)
    effect = 1 + (weighted - 1) * icc
    for part, whole in ((array(2, 10), array(10, 20)), (array(2, 0, 10), array(10, 0, 20))):
        found = clustering(part, whole)
        assert (found.images, found.pixels) == (2, 30)
        assert (found.icc, found.design_effect, found.effective_pixels) == pytest.approx((icc, effect, 30 / effect))
    three = clustering(array(0, 2, 5), array(2, 5, 5))
    rates, n, rate = array(0, 2 / 5, 1), array(2, 5, 5), 7 / 12
    between, within = (n * (rates - rate) ** 2).sum() / 2, (n * rates * (1 - rates)).sum() / 9
    icc = (between - within) / (between + ((12 - 54 / 12) / 2 - 1) * within)
    assert three.icc == pytest.approx(icc) and three.design_effect == pytest.approx(1 + (54 / 12 - 1) * icc)


def test_a_single_hit_and_an_image_of_one_pixel_count() -> None:
    """The only hit is the only pixel of its image, so the outcome follows from the image."""
    found = clustering(array(1, 0), array(1, 9))
    assert (found.images, found.icc) == (2, 1.0) and found.design_effect == pytest.approx(1 + (82 / 10 - 1))


def test_pixels_of_one_outcome_per_image_count_as_one() -> None:
    """ICC 1: the 400 pixels of 4 images say as much as 4."""
    result = clustering(array(100, 0, 100, 0), np.full(4, 100.0))
    assert (result.icc, result.design_effect, result.effective_pixels) == pytest.approx((1.0, 100.0, 4.0))


def test_independent_pixels_count_in_full() -> None:
    rng = np.random.default_rng(0)
    retained = np.full(4000, 100)
    result = clustering(rng.binomial(retained, 0.2), retained)
    assert result.design_effect == pytest.approx(1.0, abs=0.1)


def test_the_design_effect_predicts_the_variance() -> None:
    """Over repetitions the variance of the rate is the binomial one times the design effect."""
    rng = np.random.default_rng(0)
    retained = np.full((2000, 100), 500)
    wrong = rng.binomial(retained, rng.beta(0.5, 4.5, retained.shape))
    rates = wrong.sum(1) / retained.sum(1)
    effect = np.mean([clustering(*sample).design_effect for sample in zip(wrong[:200], retained[:200], strict=True)])
    assert rates.var() / (0.1 * 0.9 / 50_000) == pytest.approx(effect, rel=0.12)


def test_the_interval_covers_and_pixels_do_not() -> None:
    """The short tier: one population at three sizes."""
    population = Population(0.02, 2.0)
    assert coverage(population, 500, 600)[0] == pytest.approx(0.95, abs=0.025)
    assert coverage(population, 20, 600)[0] > 0.93
    assert coverage(population, 20, 600, percentile_bootstrap())[0] < 0.88
    assert coverage(population, 500, 600, pixel_interval)[0] < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("rate", RATES)
def test_coverage_from_500_images_on(rate: float, spread: float) -> None:
    population = Population(rate, spread)
    for images in (500, 1500):
        assert LOW <= coverage(population, images, REPETITIONS)[0] <= HIGH, images


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES)
def test_coverage_of_few_images(rate: float) -> None:
    """At 20 to 220 images the interval is wide rather than wrong; the percentile bootstrap is wrong."""
    for spread in (1.0, 2.0, 4.0):
        population = Population(rate, spread)
        for images in (20, 60, 220):
            assert LOW <= coverage(population, images, REPETITIONS)[0] <= HIGH + 0.015, (spread, images)
    assert coverage(Population(rate, 2.0), 20, REPETITIONS // 2, percentile_bootstrap())[0] < 0.92
