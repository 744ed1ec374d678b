"""Power against the numbers known for it, other formulas, and simulated tests."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.power_simulation import first_enough, paired_powers, welch_powers
from pixcon_diag.statistics.power import (
    correlation_interval,
    detectable,
    detectable_with_images,
    images_needed,
    paired_power,
    pooled_sd,
    sd_interval,
    seeds_needed,
    welch_power,
    welch_seeds_needed,
)
from pixcon_train.core.errors import ConfigError

PAPER = math.hypot(0.73, 0.26)
"""SD of the difference of independent runs with the paper's two standard deviations."""


@pytest.mark.parametrize(
    ("effect", "sd", "seeds"), [(0.2, 0.5, 52), (0.5, 0.5, 10), (1.0, 0.5, 5), (0.89, PAPER, 9), (0.2, PAPER, 120)]
)
def test_seeds_needed_for_known_effects(effect: float, sd: float, seeds: int) -> None:
    assert seeds_needed(effect, sd) == seeds
    assert paired_power(effect, sd, seeds) >= 0.8 > paired_power(effect, sd, seeds - 1)
    assert seeds_needed(10 * effect, 10 * sd) == seeds


@pytest.mark.parametrize(("seeds", "difference"), [(3, 1.63), (5, 0.84), (6, 0.72), (10, 0.50)])
def test_detectable_differences(seeds: int, difference: float) -> None:
    found = detectable(0.5, seeds)
    assert round(found, 2) == difference
    assert paired_power(found, 0.5, seeds) == pytest.approx(0.8, abs=1e-6)


def test_welch_needs_a_seed_less_for_the_paper_s_difference() -> None:
    assert welch_seeds_needed(0.89, (0.73, 0.26)) == 8
    assert welch_power(0.89, (0.5, 0.5), 10) == pytest.approx(_pooled_power(0.89, 0.5, 10), abs=1e-7)


def _pooled_power(effect: float, sd: float, seeds: int) -> float:
    """Of Student's test of two independent groups with one standard deviation, which Welch's has then too."""
    critical = stats.t.ppf(0.975, 2 * seeds - 2)
    return float(stats.nct.sf(critical, 2 * seeds - 2, effect / (sd * math.sqrt(2 / seeds))))


def test_intervals_of_the_priors() -> None:
    for sd, freedom, low, high in ((0.35, 26, 0.28, 0.48), (math.sqrt(0.2277), 8, 0.32, 0.91)):
        interval = sd_interval(sd, freedom)
        assert (round(interval.low, 2), round(interval.high, 2)) == (low, high)
    assert round(math.sqrt(np.mean(np.square([0.20, 0.73, 0.52, 0.26]))), 2) == 0.48
    assert math.isnan(sd_interval(0.5, 0).low) and math.isnan(sd_interval(math.nan, 3).low)
    single = sd_interval(1.0, 1)  # of two runs: s/σ is the absolute value of a standard normal variable
    assert (1 / single.high, 1 / single.low) == pytest.approx(
        (stats.norm.ppf(0.5 + 0.025 / 2), stats.norm.ppf(0.5 + 0.975 / 2))
    )


def test_the_interval_of_a_standard_deviation_contains_it_in_95_of_100_samples() -> None:
    samples = np.random.default_rng(0).normal(0, 0.5, (4000, 3)).std(1, ddof=1)
    factors = sd_interval(1.0, 2)
    inside = (samples * factors.low <= 0.5) & (samples * factors.high >= 0.5)
    assert inside.mean() == pytest.approx(0.95, abs=0.015)


def test_power_without_an_effect_is_the_level_and_grows_to_one() -> None:
    assert paired_power(0, 0.5, 5) == pytest.approx(0.05)
    for seeds in (2, 3, 10, 200):
        powers = [paired_power(effect, 0.5, seeds) for effect in (0, 0.1, 0.3, 1, 3, 30, 300)]
        assert powers == sorted(powers) and powers[-1] == pytest.approx(1) and max(powers) <= 1
        assert paired_power(-0.3, 0.5, seeds) == powers[2]


def test_one_seed_has_no_power() -> None:
    assert math.isnan(paired_power(1.0, 0.5, 1)) and math.isnan(welch_power(1.0, (0.5, 0.5), 1))


def test_what_no_number_of_seeds_finds() -> None:
    assert seeds_needed(1e-6, 0.5) is None
    assert seeds_needed(100, 0.5) == 2
    assert math.isnan(detectable(0.5, 1)) and detectable(0.5, 2) > 5
    with pytest.raises(ConfigError, match="standard deviation above 0, got 0"):
        paired_power(0.2, 0, 3)


def test_simulated_paired_tests_agree() -> None:
    rng = np.random.default_rng(0)
    for effect, sd in ((0.5, 0.5), (1.0, 0.5), (0.89, PAPER)):
        needed = seeds_needed(effect, sd) or 0
        powers = paired_powers(effect, sd, needed + 6, 6000, rng)
        assert abs(first_enough(powers) - needed) <= 1
        assert powers[needed - 2] == pytest.approx(paired_power(effect, sd, needed), abs=0.025)


@pytest.mark.slow
def test_simulated_tests_agree_for_many_seeds() -> None:
    rng = np.random.default_rng(1)
    for effect, sd in ((0.2, 0.5), (0.2, PAPER), (0.3, 0.7)):
        needed = seeds_needed(effect, sd) or 0
        assert abs(first_enough(paired_powers(effect, sd, needed + 12, 30_000, rng)) - needed) <= 0.03 * needed
    for effect, sd in ((0.5, 0.5), (1.0, 0.5), (0.89, PAPER), (0.4, 0.5)):
        needed = seeds_needed(effect, sd) or 0
        assert abs(first_enough(paired_powers(effect, sd, needed + 6, 30_000, rng)) - needed) <= 1
    for effect, sds in ((0.89, (0.73, 0.26)), (0.5, (0.3, 0.3)), (1.0, (0.9, 0.3))):
        needed = welch_seeds_needed(effect, sds) or 0
        assert abs(first_enough(welch_powers(effect, sds, needed + 4, 10_000, rng)) - needed) <= 1


def test_images_needed_follow_the_square_root() -> None:
    """An interval of ±1 point at 100 images has a standard error of 0.51, and finds 2.8 times that."""
    assert detectable_with_images(1.0) == pytest.approx(1 / 1.96 * (1.96 + 0.8416), rel=1e-3)
    assert images_needed(detectable_with_images(1.0) * (1 + 1e-9), 100, 1.0) == 100
    assert images_needed(detectable_with_images(1.0) / 2 * (1 + 1e-9), 100, 1.0) == 400
    assert images_needed(0.5, 100, float("nan")) is images_needed(0.5, 100, 0.0) is None


def test_pooled_standard_deviation() -> None:
    assert pooled_sd([[1, 3], [10, 10, 13]]) == (pytest.approx(math.sqrt((2 + 6) / 3)), 3)
    assert math.isnan(pooled_sd([[1], []])[0]) and pooled_sd([[1], []])[1] == 0


def test_the_correlation_s_interval() -> None:
    """Fisher's z of 0.5 is 0.5493; with 19 pairs its standard error is 1/4."""
    interval = correlation_interval(0.5, 19)
    assert (interval.low, interval.high) == pytest.approx(
        (math.tanh(0.5493 - 0.49), math.tanh(0.5493 + 0.49)), abs=1e-3
    )
    least = correlation_interval(0.5, 4)
    assert (least.low, least.high) == pytest.approx((math.tanh(0.5493 - 1.96), math.tanh(0.5493 + 1.96)), abs=1e-3)
    assert math.isnan(correlation_interval(0.5, 3).low) and math.isnan(correlation_interval(1.0, 9).low)
