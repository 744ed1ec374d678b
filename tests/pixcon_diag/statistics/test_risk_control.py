"""The promise is kept as often as it says, and costs little retention."""

import math

import numpy as np
import pytest

from benchmarks.tau_guarantee import Pool, make_pool, simulate
from pixcon_diag.statistics.risk_control import FRACTIONS, log_capital, promised_threshold


def allowed(delta: float, repetitions: int) -> float:
    """Largest share of broken promises that chance explains at level 1 %."""
    return delta + 2.33 * math.sqrt(delta * (1 - delta) / repetitions)


def flat(seed: int = 0) -> Pool:
    """ρ_F is the same at every threshold, about 0.1, with most errors in a few images."""
    wrong = np.random.default_rng(seed).beta(0.3, 2.7, (20_000, 1))
    return Pool(np.repeat(wrong, 6, 1), np.ones((20_000, 6)))


def test_the_capital_is_the_product_of_the_leader_s_bets() -> None:
    """With bets 0 and 1: after a gain the leader bets, after as large a loss it does not."""
    gains = np.array([0.5, 0.2, -0.9, 0.5])
    assert log_capital(gains, (0.0, 1.0), 1) == pytest.approx(math.log(1.2))  # 1.2 · 0.1 · 1
    assert log_capital(gains[:2], (0.0, 1.0), 1) == pytest.approx(math.log(1.2))
    assert log_capital(np.array([-0.5, 0.7]), (0.0, 1.0), 1) == 0.0


def test_images_without_a_wrong_pixel_suffice_as_soon_as_the_capital_can_reach_the_bound() -> None:
    """At most 1 + 0.98 α/(1 − α) is gained per image: 60 tests are needed for α = 0.05 and δ = 0.05."""
    least = math.log(20) / math.log1p(FRACTIONS[-1] * 0.05 / 0.95)
    for images, promised in ((math.floor(least / 0.9), False), (math.ceil(least / 0.9) + 2, True)):
        rng = np.random.default_rng(0)
        found = promised_threshold(np.zeros((images, 3)), np.ones((images, 3)), alpha=0.05, delta=0.05, rng=rng)
        assert (found.index == 0) is promised and found.start == 2


def test_the_sequence_ends_at_the_first_threshold_that_fails() -> None:
    """ρ_F is 0, 0.5 and 0 at three thresholds: the loosest is not reached."""
    wrong = np.tile([0.0, 0.5, 0.0], (300, 1))
    found = promised_threshold(wrong, np.ones((300, 3)), alpha=0.1, delta=0.1, rng=np.random.default_rng(0))
    assert found.index == 2 and found.images == 270


def test_the_start_may_be_any_threshold() -> None:
    wrong = np.tile([0.5, 0.0, 0.5], (300, 1))
    found = promised_threshold(wrong, np.ones((300, 3)), alpha=0.1, delta=0.1, rng=np.random.default_rng(0))
    assert (found.start, found.index) == (1, 1)


def test_the_unit_of_the_counts_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    whole = rng.integers(1, 100, (200, 1)) * np.array([1.0, 0.8, 0.5])
    part = whole * rng.beta(0.5, 20, (200, 1)) * np.array([1.0, 0.5, 0.2])
    found = [
        promised_threshold(unit * part, unit * whole, alpha=0.05, delta=0.1, rng=np.random.default_rng(0))
        for unit in (1, 1000)
    ]
    assert found[0] == found[1] and found[0].index is not None


@pytest.mark.parametrize(("images", "tested"), [(2, 1), (4, 1), (20, 15), (300, 270)])
def test_a_tenth_of_the_images_but_at_least_five_choose_the_start(images: int, tested: int) -> None:
    counts = np.ones((images, 2))
    assert promised_threshold(counts, counts, alpha=0.1, delta=0.1, rng=np.random.default_rng(0)).images == tested


def test_nothing_retained_promises_nothing() -> None:
    nothing = np.zeros((100, 3))
    assert promised_threshold(nothing, nothing, alpha=0.1, delta=0.1, rng=np.random.default_rng(0)).index is None


@pytest.mark.parametrize(
    ("alpha", "delta", "images"), [(0.0, 0.1, 9), (1.0, 0.1, 9), (0.1, 0.0, 9), (0.1, 1.0, 9), (0.1, 0.1, 1)]
)
def test_what_cannot_be_tested_is_refused(alpha: float, delta: float, images: int) -> None:
    with pytest.raises(ValueError, match="Expected"):
        promised_threshold(
            np.zeros((images, 2)), np.ones((images, 2)), alpha=alpha, delta=delta, rng=np.random.default_rng(0)
        )


def test_the_promise_is_kept_and_retains() -> None:
    """The short tier: 100 resamplings."""
    found = simulate(make_pool(), 300, 0.08, 0.1, 100)
    assert found.broken <= allowed(0.1, 100) and found.retention >= 0.5


def test_a_rate_at_the_bound_is_promised_rarely() -> None:
    pool = flat()
    assert simulate(pool, 200, pool.rho_f[0] * (1 - 1e-6), 0.1, 200).broken <= allowed(0.1, 200)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("images", "alpha", "delta"), [(220, 0.1, 0.1), (500, 0.05, 0.1), (500, 0.05, 0.05), (1500, 0.02, 0.1)]
)
def test_over_1000_resamplings(images: int, alpha: float, delta: float) -> None:
    found = simulate(make_pool(), images, alpha, delta, 1000)
    assert found.broken <= allowed(delta, 1000)
    assert found.retention >= 0.5


@pytest.mark.slow
@pytest.mark.parametrize("delta", [0.05, 0.2])
def test_over_2000_resamplings_at_the_bound(delta: float) -> None:
    """Where ρ_F is α everywhere, every promise is broken: the promise is tested at its worst."""
    pool = flat()
    for images in (50, 400):
        assert simulate(pool, images, pool.rho_f[0] * (1 - 1e-6), delta, 2000).broken <= allowed(delta, 2000)
