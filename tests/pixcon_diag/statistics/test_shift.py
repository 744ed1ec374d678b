"""Whether two sets of images differ: by all permutations of a few, and how often equal ones are told apart."""

from itertools import combinations

import numpy as np
import pytest

from pixcon_diag.statistics.shift import shift_test


def shares(rng: np.random.Generator, images: int, concentration: tuple[float, ...] = (1.0, 2.0, 3.0)) -> np.ndarray:
    return rng.dirichlet(concentration, images)


def test_the_p_value_is_the_share_of_divisions_at_least_as_far_apart() -> None:
    rng = np.random.default_rng(0)
    first, second = shares(rng, 4), shares(rng, 5)
    both = np.concatenate((first, second))

    def distance(chosen: list[int]) -> float:
        others = [index for index in range(9) if index not in chosen]
        return float(((both[chosen].mean(0) - both[others].mean(0)) ** 2 / both.var(0)).sum())

    every = [distance(list(chosen)) for chosen in combinations(range(9), 4)]
    exact = np.mean([other >= distance([0, 1, 2, 3]) - 1e-12 for other in every])
    assert shift_test(first, second, np.random.default_rng(1), 20_000) == pytest.approx(exact, abs=0.015)


def test_one_image_apart_from_three_equal_ones_is_a_quarter_of_the_divisions() -> None:
    one, others = np.array([[1.0, 0.0]]), np.tile([0.0, 1.0], (3, 1))
    rng = np.random.default_rng(0)
    assert shift_test(one, others, rng, 20_000) == pytest.approx(1 / 4, abs=0.015)
    assert shift_test(others, one, rng, 20_000) == pytest.approx(1 / 4, abs=0.015)
    assert shift_test(np.tile(one, (40, 1)), np.tile(others, (20, 1)), rng) == 1 / 2000


def test_equal_images_are_seldom_told_apart_and_different_ones_are() -> None:
    rng = np.random.default_rng(2)
    equal = [shift_test(shares(rng, 30), shares(rng, 60), rng, 99) <= 0.05 for _ in range(400)]
    assert 0.02 < np.mean(equal) < 0.09
    assert shift_test(shares(rng, 100), shares(rng, 100, (1.0, 2.0, 6.0)), rng, 999) < 0.01


def test_without_images_or_variation_nothing_differs() -> None:
    rng = np.random.default_rng(0)
    assert shift_test(np.zeros((0, 3)), shares(rng, 4), rng) == shift_test(shares(rng, 4), np.zeros((0, 3)), rng) == 1
    assert all(shift_test(np.ones((3, 2)), np.ones((4, 2)), rng, number) == 1 for number in (99, 300))
