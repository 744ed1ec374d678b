"""Confidence sequences: by hand, against brute force, and their promise by simulation."""

import math

import numpy as np
import pytest

from pixcon_diag.statistics.sequences import FRACTIONS, log_capital, mean_sequence


def capital(values: list[float], mean: float) -> float:
    """The capital by its definition, a bet at a time."""
    gamblers = []
    for fraction in FRACTIONS:
        up = down = 1.0
        for x in values:
            up *= 1 + fraction / mean * (x - mean)
            down *= 1 - fraction / (1 - mean) * (x - mean)
        gamblers += [up, down]
    return sum(gamblers) / len(gamblers)


def test_one_draw_by_hand() -> None:
    """After X = 1 the capital at m is the mean over bets of 1 + γ(1/m − 1) and 1 − γ."""
    expected = (np.sum(1 + FRACTIONS * (1 / 0.25 - 1)) + np.sum(1 - FRACTIONS)) / (2 * len(FRACTIONS))
    assert math.exp(log_capital(np.array([1.0]), 0.25)[0]) == pytest.approx(expected)


def test_the_capital_is_that_of_the_definition() -> None:
    values = np.random.default_rng(0).random(20)
    found = np.exp(log_capital(values, 0.4))
    assert found == pytest.approx([capital([*values[:n]], 0.4) for n in range(1, 21)])


def test_the_ends_are_where_the_capital_reaches_the_threshold() -> None:
    values = np.random.default_rng(1).choice([0.0, 0.5, 1.0], 40, p=[0.1, 0.5, 0.4])
    sequence = mean_sequence(values, level=0.9)
    means = np.linspace(0.002, 0.998, 499)
    kept = np.array([log_capital(values, m) for m in means]) < np.log(10)  # (means, draws)
    ends = [(means[column][0], means[column][-1]) for column in kept.T]  # of each number of draws alone
    capital_low, capital_high = np.array(ends).T
    assert sequence.low[-1] == pytest.approx(capital_low.max(), abs=0.0021)
    assert sequence.high[-1] == pytest.approx(capital_high.min(), abs=0.0021)


def test_each_new_end_is_where_the_capital_of_the_draws_so_far_reaches_the_threshold() -> None:
    values = np.random.default_rng(6).choice([0.0, 0.3, 1.0], 60, p=[0.3, 0.4, 0.3])
    sequence = mean_sequence(values, level=0.9)
    for ends, direction in ((sequence.low, 1), (sequence.high, -1)):
        (new,) = np.nonzero(direction * np.diff(ends) > 1e-6)
        assert len(new) > 5
        for place in new + 1:
            reached = log_capital(values[: place + 1], ends[place])[-1]
            assert reached == pytest.approx(math.log(10), abs=1e-7)


def test_bounds_are_scaled() -> None:
    values = np.random.default_rng(2).random(30)
    plain, scaled = mean_sequence(values), mean_sequence(4 * values - 1, (-1.0, 3.0))
    assert scaled.low == pytest.approx(4 * plain.low - 1)
    assert scaled.high == pytest.approx(4 * plain.high - 1)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_draws_at_a_bound_keep_it(value: float) -> None:
    sequence = mean_sequence(np.full(50, value))
    assert sequence.low[-1] <= value <= sequence.high[-1]
    assert sequence.high[-1] - sequence.low[-1] < 0.25


def test_draws_whose_mean_moves_keep_the_last_interval_that_was_not_empty() -> None:
    sequence = mean_sequence(np.repeat([0.0, 1.0], [200, 400]))
    assert (sequence.low <= sequence.high).all()
    assert sequence.low[199] == 0 and sequence.high[199] < 0.05
    (changes,) = np.nonzero(np.diff(sequence.low))
    assert 200 <= changes[-1] < 300, "so it stays as soon as the next one is empty"
    assert sequence.high[-1] == sequence.high[199]
    last = changes[-1] + 2  # number of draws of the last interval; one draw more rejects all of it
    ends = sequence.low[-1], sequence.high[-1]
    values = np.repeat([0.0, 1.0], [200, 400])
    assert log_capital(values[:last], ends[0])[-1] == pytest.approx(math.log(20), abs=1e-6)
    assert all(log_capital(values[: last + 1], end)[-1] >= math.log(20) for end in ends)


def test_no_draw_gives_no_interval() -> None:
    assert len(mean_sequence(np.empty(0)).low) == 0


def test_values_outside_of_the_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match=r"values in \[0\.0, 1\.0\]"):
        mean_sequence(np.array([0.5, 1.2]))
    for level in (0.0, 1.0, 95):
        with pytest.raises(ValueError, match="level"):
            mean_sequence(np.array([0.5]), level=level)
    with pytest.raises(ValueError, match="mean inside"):
        log_capital(np.array([0.5]), 1.0)


def false_alarms(rng: np.random.Generator, runs: int, horizon: int, zeros: float = 0.0, skew: float = 0.5) -> int:
    """Runs with mean 0 that are ever told apart from it.

    A share ``zeros`` of the scores is 0; of the others a share ``skew`` is positive, of a size for which the mean is 0.
    """
    up, down = (1.0, -skew / (1 - skew)) if skew <= 0.5 else ((1 - skew) / skew, -1.0)
    alarms = 0
    for first in range(0, runs, 100):
        u, v = rng.random((2, min(100, runs - first), horizon))
        scores = np.where(u < zeros, 0.0, np.where(v < skew, up, down))
        alarms += int((log_capital(scores, 0.0, (-1.0, 1.0)).max(-1) >= math.log(20)).sum())
    return alarms


def test_equal_networks_are_rarely_told_apart() -> None:
    """400 runs of 1,000 draws: at most 5 %, and one-sided 99 % of simulation noise."""
    alarms = false_alarms(np.random.default_rng(0), 400, 1000, zeros=0.2)
    assert 0 < alarms <= 400 * 0.05 + 2.33 * math.sqrt(400 * 0.05 * 0.95)


@pytest.mark.slow
@pytest.mark.parametrize(("zeros", "skew"), [(0.0, 0.5), (0.6, 0.5), (0.0, 0.1), (0.3, 0.95)])
def test_equal_networks_are_told_apart_in_at_most_5_per_cent_of_long_runs(zeros: float, skew: float) -> None:
    """2,000 runs of 5,000 draws, looked at after every draw."""
    alarms = false_alarms(np.random.default_rng(1), 2000, 5000, zeros, skew)
    assert alarms <= 2000 * 0.05


def test_an_interval_for_the_same_level_at_one_draw_alone_would_not_hold() -> None:
    """The normal interval, looked at after every draw, excludes 0 in most runs of equal networks."""
    scores = np.random.default_rng(3).choice([-1.0, 1.0], (400, 1000))
    draws = np.arange(1, 1001)
    mean = scores.cumsum(1) / draws
    excluded = np.abs(mean) > 1.96 / np.sqrt(draws)
    assert excluded[:, 10:].any(1).mean() > 0.3


def test_a_difference_is_found() -> None:
    scores = np.random.default_rng(4).choice([-1.0, 0.0, 1.0], (200, 300), p=[0.2, 0.2, 0.6])
    found = log_capital(scores, 0.0, (-1.0, 1.0)) >= math.log(20)
    assert found.any(1).mean() > 0.97
