"""Tests per class: by hand, against naive loops, and over many sets of images without a difference."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from pixcon_diag.measures.per_class_tests import ClassTests, image_tests, seed_tests
from pixcon_train.core.errors import ConfigError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def counts(
    images: int, classes: int, generator: np.random.Generator, *, quality: float = 0.0, present: float = 0.25
) -> np.ndarray:
    """(I, 3, K) of a network whose per-image accuracy varies: most images lack most classes, sizes differ widely."""
    holds = generator.random((images, classes)) < present
    size = np.floor(np.exp(generator.normal(7, 1, (images, classes)))) * holds
    hit = np.floor(size / (1 + np.exp(-1 - quality - generator.normal(size=(images, classes)))))
    false = np.floor(np.exp(generator.normal(4, 1, (images, classes)))) * (generator.random((images, classes)) < 0.3)
    return np.stack((hit, hit + false, size), axis=1).astype(np.int64)


def same_images(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``second`` with the targets of ``first``, right at no more than them."""
    hit = np.minimum(second[:, 0], first[:, 2])
    return np.stack((hit, hit + second[:, 1] - second[:, 0], first[:, 2]), axis=1)


def found(tests: ClassTests | None) -> ClassTests:
    assert tests is not None
    return tests


def test_the_exchange_test_is_the_share_of_all_exchanges() -> None:
    """Of six images all 64 exchanges are counted; 9,999 random ones come close."""
    first = counts(6, 2, rng(3), present=1)
    second = same_images(first, counts(6, 2, rng(4), quality=1, present=1))

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
    first = counts(20, 3, rng())
    first[:, :, 2] = 0
    tests = found(image_tests([first], [first], rng=rng(), draws=99))
    assert tests.p[:2] == (1.0, 1.0) and math.isnan(tests.p[2]) and tests.tested == 2
    assert math.isnan(tests.holm[2]) and tests.surviving("holm") == tests.surviving("bh") == []


def test_a_planted_class_survives_alone() -> None:
    first = counts(200, 8, rng(1))
    second = same_images(first, counts(200, 8, rng(2)))
    second[:, 0, 5] = first[:, 2, 5]  # every pixel of class 5 is right
    second[:, 1, 5] = first[:, 2, 5]
    tests = found(image_tests([first], [second], rng=rng()))
    assert 5 in tests.surviving("holm") and tests.p[5] == 1e-4 and tests.holm[5] == pytest.approx(8e-4)
    assert set(tests.surviving("holm")) <= set(tests.surviving("bh"))


def test_the_exchange_test_rarely_rejects_what_is_equal() -> None:
    """p at most 0.05 in 5 of 100 classes without a difference, also for classes in ten images."""
    generator, p = rng(5), []
    for repetition in range(40):
        truth = counts(40, 10, generator)
        methods = [[same_images(truth, counts(40, 10, generator)) for _ in range(1 + repetition % 2)] for _ in "ab"]
        p += found(image_tests(*methods, rng=generator, draws=399)).p
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.025)


def test_seeds_by_the_paired_t_test() -> None:
    deltas = [[0.01, 0.02, 0.04], [0.01, -0.02, 0.0], [], [0.01, 0.01, 0.01]]
    tests = found(seed_tests(deltas))
    assert tests.p[:2] == pytest.approx([stats.ttest_1samp(row, 0).pvalue for row in deltas[:2]])
    assert math.isnan(tests.p[2]) and math.isnan(tests.p[3]) and tests.least == 0.25
    assert tests.holm[0] == pytest.approx(min(1, 2 * tests.p[0]))
    assert seed_tests([[0.1, 0.2]]) is None and seed_tests([]) is None


def test_methods_that_cannot_be_exchanged() -> None:
    first = counts(5, 2, rng())
    assert image_tests([first], [first, first], rng=rng()) is None
    with pytest.raises(ConfigError, match="same images"):
        image_tests([first], [counts(6, 2, rng())], rng=rng())
