"""Noise planted around known trends."""

import math

import numpy as np
import pytest

from benchmarks.power_simulation import autoregressive, optimism
from pixcon_diag.statistics.late_noise import FEWEST, MOST, late_noise, local_linear


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_smoother_reproduces_a_line() -> None:
    line = 0.3 + 0.01 * np.arange(50)
    assert local_linear(50) @ line == pytest.approx(line)


@pytest.mark.parametrize("correlation", [0.0, 0.4])
def test_planted_noise_is_found(correlation: float) -> None:
    trend = 0.75 - 0.2 * np.exp(-6 * np.arange(80) / 80)
    found = [late_noise(trend + row, rng(), 10) for row in autoregressive(80, 0.004, correlation, 60, rng(1))]
    assert np.mean([math.isnan(noise.sd) for noise in found]) <= 0.1
    assert np.nanmean([noise.sd for noise in found]) == pytest.approx(0.004, rel=0.1)
    assert np.nanmean([noise.autocorrelation for noise in found]) == pytest.approx(correlation, abs=0.12)


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_the_estimate_is_the_true_optimism_on_average(correlation: float) -> None:
    true, estimate = optimism(correlation, 60, 60, rng(2))
    assert estimate == pytest.approx(true, rel=0.15)


def test_a_curve_without_noise_has_no_optimism() -> None:
    noise = late_noise(0.5 + 0.001 * np.arange(40), rng(), 50)
    assert abs(noise.sd) < 1e-9 and abs(noise.optimism) < 1e-9
    still = late_noise(np.zeros(40), rng(), 50)
    assert (still.sd, still.autocorrelation, still.optimism) == (0, 0, 0)


def test_noise_of_the_early_epochs_does_not_count() -> None:
    scores = np.full(80, 0.7)
    scores[:30] = 0.3 + 0.1 * rng().random(30)
    assert late_noise(scores, rng(), 50).sd < 0.002


def test_fluctuation_as_slow_as_the_trend_is_not_called_noise() -> None:
    slow = 0.7 + 0.02 * np.sin(np.arange(80) / 4)
    assert math.isnan(late_noise(slow, rng()).optimism)


def test_too_short_and_very_long_curves() -> None:
    assert math.isnan(late_noise(np.zeros(FEWEST - 1), rng()).optimism)
    long = 0.7 + 0.004 * rng(3).normal(size=3 * MOST)
    assert late_noise(long, rng(), 50) == late_noise(long[-MOST:], rng(), 50)
