"""Tests per class: by hand, against naive loops, and over many sets of images without a difference."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.class_tests_simulation import class_counts, exchange_p, interval_covers, on_targets_of
from pixcon_diag.measures.per_class_tests import ClassTests, image_intervals, image_tests, seed_tests
from pixcon_train.core.errors import ConfigError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def found(tests: ClassTests | None) -> ClassTests:
    assert tests is not None
    return tests


def test_the_exchange_test_is_the_share_of_all_exchanges() -> None:
    """Of six images all 64 exchanges are counted; 9,999 random ones come close."""
    first = class_counts(6, 1, rng(3), classes=2)
    second = on_targets_of(first, class_counts(6, 1, rng(4), classes=2, quality=1))

    def difference(exchanged: tuple[bool, ...]) -> np.ndarray:
        swap = np.array(exchanged)[:, None, None]
        pools = [np.where(swap, a, b).sum(0) for a, b in ((second, first), (first, second))]
        ious = [pool[0] / (pool[1] + pool[2] - pool[0]) for pool in pools]
        return ious[1] - ious[0]

    every = np.abs([difference(exchanged) for exchanged in itertools.product((False, True), repeat=6)])
    exact = (every >= every[0] - 1e-12).mean(0)
    tests = found(image_tests([first], [second], rng=rng()))
    assert tests.p == pytest.approx(exact, abs=0.02)
    assert tests.least == 1 / 10_000 and tests.noise == "images"


def test_equal_networks_have_p_1_and_an_undefined_class_none() -> None:
    first = class_counts(20, 0.5, rng(), classes=3)
    first[:, :, 2] = 0
    tests = found(image_tests([first], [first], rng=rng(), draws=99))
    assert tests.p[:2] == (1.0, 1.0) and math.isnan(tests.p[2]) and tests.tested == 2
    assert math.isnan(tests.holm[2]) and tests.surviving("holm") == tests.surviving("bh") == []


def test_a_planted_class_survives_alone() -> None:
    first = class_counts(200, 0.25, rng(1), classes=8)
    second = on_targets_of(first, class_counts(200, 1, rng(2), classes=8))
    second[:, 0, 5] = first[:, 2, 5]  # every pixel of class 5 is right
    second[:, 1, 5] = first[:, 2, 5]
    tests = found(image_tests([first], [second], rng=rng()))
    assert 5 in tests.surviving("holm") and tests.p[5] == 1e-4 and tests.holm[5] == pytest.approx(8e-4)
    assert set(tests.surviving("holm")) <= set(tests.surviving("bh"))


def test_the_exchange_test_rarely_rejects_what_is_equal() -> None:
    """p at most 0.05 in 5 of 100 classes without a difference."""
    assert np.nanmean(exchange_p(40, 40, 0.25, rng(5)) <= 0.05) == pytest.approx(0.05, abs=0.025)


@pytest.mark.slow
@pytest.mark.parametrize(("images", "present"), [(50, 0.1), (200, 0.05), (500, 0.02), (200, 0.2)])
def test_the_exchange_test_keeps_its_level_for_rare_classes(images: int, present: float) -> None:
    """2,500 classes without a difference, in five to forty images each: p at most 0.05 in 5 of 100, 0.01 in one."""
    p = exchange_p(250, images, present, rng(6))
    assert np.nanmean(p <= 0.05) == pytest.approx(0.05, abs=0.013)
    assert np.nanmean(p <= 0.01) == pytest.approx(0.01, abs=0.006)


def test_the_interval_is_the_jackknife_over_images() -> None:
    """Against plain loops: IoUs without each image, mean over seeds, and Student's t with effective images."""
    seeds = [class_counts(12, 0.8, rng(seed), classes=2) for seed in range(3)]
    first, second = seeds[:1], seeds[1:]  # two seeds of the other method

    def difference(kept: list[int], k: int) -> float:
        ious = [[array[kept, :, k].sum(0) for array in group] for group in (first, second)]
        means = [np.mean([hit / (predicted + target - hit) for hit, predicted, target in group]) for group in ious]
        return float(means[1] - means[0])

    for k, interval in enumerate(image_intervals(first, second)):
        left_out = np.array([difference([i for i in range(12) if i != out], k) for out in range(12)])
        parts = 11 / 12 * (left_out - left_out.mean()) ** 2
        reach = stats.t.ppf(0.975, parts.sum() ** 2 / (parts**2).sum()) * math.sqrt(parts.sum())
        whole = difference([*range(12)], k)
        assert (interval.low, interval.high) == pytest.approx((whole - reach, whole + reach))


def test_intervals_of_equal_networks_and_of_classes_that_are_missing() -> None:
    first = class_counts(20, 0.5, rng(), classes=3)
    first[:, :, 2], first[1:, :, 1] = 0, 0  # one class nowhere, one in a single image
    equal, single, missing = image_intervals([first], [first])
    assert (equal.low, equal.high) == (0, 0)
    assert math.isnan(single.low) and math.isnan(missing.high)
    with pytest.raises(ConfigError, match="the same images"):
        image_intervals([first], [first[:5]])


@pytest.mark.parametrize(("images", "present"), [(40, 0.25), (100, 0.1), (500, 0.02)])
def test_the_interval_covers_the_difference(images: int, present: float) -> None:
    """In classes without a difference, of 4 to 10 images each: at least 93 %, and it is not needlessly wide."""
    assert 0.93 <= interval_covers(100, images, present, rng(1)).mean() <= 0.99


def test_seeds_by_the_paired_t_test() -> None:
    deltas = [[0.01, 0.02, 0.04], [0.01, -0.02, 0.0], [], [0.01, 0.01, 0.01]]
    tests = found(seed_tests(deltas))
    assert tests.p[:2] == pytest.approx([stats.ttest_1samp(row, 0).pvalue for row in deltas[:2]])
    assert math.isnan(tests.p[2]) and math.isnan(tests.p[3]) and tests.least == 0.25
    assert tests.holm[0] == pytest.approx(min(1, 2 * tests.p[0]))
    assert seed_tests([[0.1, 0.2]]) is None and seed_tests([]) is None


def test_methods_that_cannot_be_exchanged() -> None:
    first = class_counts(5, 0.5, rng())
    assert image_tests([first], [first, first], rng=rng()) is None
    with pytest.raises(ConfigError, match="same images"):
        image_tests([first], [class_counts(6, 0.5, rng())], rng=rng())
