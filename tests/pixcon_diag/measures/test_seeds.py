import itertools
import math

import numpy as np
import pytest
from scipy import stats

from pixcon_diag.measures.seeds import permutation_test, seed_noise, sign_test
from pixcon_train.core.files import to_json


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_three_wins_of_three() -> None:
    """The paper's Pascal 1/8: a sign test's p of 0.125, as small as three seeds allow."""
    noise = seed_noise([87.40, 86.19, 87.44], [87.60, 88.10, 88.00])
    assert noise.first.mean == pytest.approx(87.01)
    assert noise.first.std == pytest.approx(np.std([87.40, 86.19, 87.44], ddof=1))
    assert noise.difference == pytest.approx(0.89)
    assert noise.paired is not None
    assert noise.paired.deltas.values == pytest.approx((0.20, 1.91, 0.56))
    assert (noise.paired.wins, noise.paired.ties) == (3, 0)
    for test in (noise.paired.sign_test, noise.paired.permutation_test):
        assert (test.one_sided, test.two_sided) == (0.125, 0.25)
        assert (test.smallest_one_sided, test.smallest_two_sided) == (0.125, 0.25)


def test_pairs_that_fork_one_checkpoint_count_once() -> None:
    noise = seed_noise([0.5, 0.6, 0.7, 0.8], [0.6, 0.9, 0.9, 0.7], starts=["a", "a", "b", "c"])
    assert noise.paired is not None and noise.paired.runs == 4
    assert noise.paired.deltas.values == pytest.approx((0.2, 0.2, -0.1))  # 0.1 and 0.3 of start a
    assert (noise.paired.wins, noise.paired.sign_test.smallest_one_sided) == (2, 0.125)
    assert noise.paired.correlation == pytest.approx(np.corrcoef([0.55, 0.7, 0.8], [0.75, 0.9, 0.7])[0, 1])
    assert len(noise.first.values) == 4 and noise.difference == pytest.approx(0.125)
    plain = seed_noise([0.5, 0.6], [0.6, 0.9]).paired
    assert plain is not None and plain.starts is None
    for starts, count in ((["a", "b"], 2), (["a", "a"], 1)):  # one start: given it, its pairs are independent
        paired = seed_noise([0.5, 0.6], [0.6, 0.9], starts=starts).paired
        assert paired is not None and paired.starts == count and paired.deltas == plain.deltas


@pytest.mark.parametrize(
    ("gains", "sign", "permutation"),
    [
        # 8 patterns of (1, 2, 3): sums ±6, ±4, ±2, 0, 0.
        ([1.0, 2.0, -3.0], (0.5, 1.0), (5 / 8, 1.0)),
        ([-1.0, 2.0, 3.0], (0.5, 1.0), (2 / 8, 4 / 8)),
        ([-1.0, -2.0, -3.0], (1.0, 0.25), (1.0, 2 / 8)),
        ([0.5], (0.5, 1.0), (0.5, 1.0)),
        # A tie is no evidence to the sign test; to the permutation test its sign does not matter.
        ([0.0, 1.0, 2.0], (0.25, 0.5), (0.25, 0.5)),
        ([0.0, 0.0], (1.0, 1.0), (1.0, 1.0)),
        # Rounding: 0.1 + 0.2 − 0.3 must count as 0.
        ([0.1, 0.2, -0.3], (0.5, 1.0), (5 / 8, 1.0)),
    ],
)
def test_hand_computed_p_values(
    gains: list[float], sign: tuple[float, float], permutation: tuple[float, float]
) -> None:
    results = sign_test(np.array(gains)), permutation_test(np.array(gains), rng())
    for result, expected in zip(results, (sign, permutation), strict=True):
        assert (result.one_sided, result.two_sided) == pytest.approx(expected)
        assert result.smallest_one_sided == 0.5 ** len(gains)


def test_equal_other_implementations() -> None:
    generator = np.random.default_rng(0)
    for count in (2, 5, 9):
        gains = generator.normal(0.3, 1, count)
        wins = int((gains > 0).sum())
        sign, flips = sign_test(gains), permutation_test(gains, rng())
        assert sign.one_sided == pytest.approx(stats.binomtest(wins, count, alternative="greater").pvalue)
        assert sign.two_sided == pytest.approx(stats.binomtest(wins, count).pvalue)
        means = [np.mean(signs * gains) for signs in itertools.product((-1, 1), repeat=count)]
        assert flips.one_sided == pytest.approx(np.mean([mean >= gains.mean() - 1e-12 for mean in means]))
        assert flips.two_sided == pytest.approx(np.mean([abs(mean) >= abs(gains.mean()) - 1e-12 for mean in means]))


def test_p_is_never_below_the_smallest_and_ignores_order_and_scale() -> None:
    generator = np.random.default_rng(1)
    for count in range(1, 9):
        gains = generator.normal(0.5, 1, count)
        for test in (sign_test, lambda values: permutation_test(values, rng())):
            result = test(gains)
            assert result.one_sided >= result.smallest_one_sided
            assert result.two_sided >= result.smallest_two_sided
            assert test(7 * gains[::-1]) == result


def test_lower_may_be_better() -> None:
    noise = seed_noise([0.30, 0.31, 0.29], [0.20, 0.35, 0.21], higher_is_better=False)
    assert noise.paired is not None
    assert noise.paired.wins == 2
    assert noise.difference == pytest.approx(-0.14 / 3)
    assert noise.paired.sign_test.one_sided == 0.5
    assert noise.paired.permutation_test.one_sided == 0.25


def test_what_pairing_gains_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds that share most of their noise, by hand: s² = 1 for both, deltas 1, 1.5, 0.5 with s² = 0.25."""
    monkeypatch.setattr("pixcon_diag.measures.seeds.DRAWS", 99)  # of the test, which is not looked at
    paired = seed_noise([1.0, 2.0, 3.0], [2.0, 3.5, 3.5]).paired
    assert paired is not None
    assert paired.fewer_seeds == pytest.approx((1 + 0.75) / 0.25)
    assert paired.correlation == pytest.approx(0.75 / math.sqrt(0.75))
    independent = np.random.default_rng(4).normal(size=(2, 4_000))
    found = seed_noise(*independent).paired
    assert found is not None and found.fewer_seeds == pytest.approx(1, abs=0.06)
    for few in (seed_noise([1.0, 2.0], [2.0, 4.0]), seed_noise([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])):
        assert few.paired is not None and math.isnan(few.paired.fewer_seeds)


def test_one_seed_has_no_deviation() -> None:
    noise = seed_noise([0.5], [0.6])
    assert math.isnan(noise.first.std)
    assert noise.paired is not None
    assert noise.paired.sign_test.smallest_one_sided == 0.5
    assert '"std": null' in to_json(noise.to_dict())


def test_groups_that_do_not_pair_up() -> None:
    assert seed_noise([0.5, 0.6], [0.6]).paired is None
    undefined = seed_noise([0.5, float("nan")], [0.6, 0.7])
    assert undefined.paired is None
    assert math.isnan(undefined.first.mean)


def test_misuse_is_named() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        seed_noise([], [0.5])


def test_more_than_twenty_seeds_are_tested_by_random_signs() -> None:
    gains = np.random.default_rng(2).normal(0.3, 1, 24)
    sums = np.zeros(1)
    for gain in np.abs(gains):  # all 2^24 patterns
        sums = np.concatenate((sums - gain, sums + gain))
    result = permutation_test(gains, rng())
    assert result.draws == 99_999 and permutation_test(gains[:20], rng()).draws is None
    assert result.one_sided == pytest.approx((sums >= gains.sum() - 1e-9).mean(), abs=0.005)
    assert result.two_sided == pytest.approx((np.abs(sums) >= abs(gains.sum()) - 1e-9).mean(), abs=0.006)
    assert permutation_test(np.ones(40), rng()).one_sided == result.smallest_one_sided == 1e-5
    noise = seed_noise(np.zeros(21), np.ones(21))
    assert noise == seed_noise(np.zeros(21), np.ones(21)) and noise.paired is not None and noise.paired.wins == 21
