"""Two groups, measurement by measurement: which are compared, and that the two kinds of noise stay apart."""

import math

import numpy as np
import pytest

from pixcon_diag.measures.comparison import Quantity, compare
from pixcon_diag.measures.seeds import seed_noise
from pixcon_diag.measures.uncertainty import paired_bootstrap, pooled_ratio
from pixcon_train.core.errors import ConfigError

ERROR = pooled_ratio(1, 0)


def images(seed: int, rate: float) -> np.ndarray:
    """Pixels and wrong pixels of 20 images."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(50, 200, 20)
    return np.stack((pixels, generator.binomial(pixels, rate)), 1)


def error(*rates: float, name: str = "error") -> Quantity:
    rows = tuple(images(seed, rate) for seed, rate in enumerate(rates))
    return Quantity(name, "fraction", False, tuple(each[:, 1].sum() / each[:, 0].sum() for each in rows), rows, ERROR)


def plain(name: str, *values: float) -> Quantity:
    return Quantity(name, "number", True, values)


def test_rows_are_what_both_groups_have_in_the_baseline_s_order() -> None:
    baseline = [plain("b", 1.0), error(0.3), plain("only here", 1.0), plain("a", 2.0)]
    other = [plain("a", 3.0), plain("only there", 1.0), error(0.2), plain("b", 1.0)]
    steps: list[tuple[int, int]] = []
    rows = compare(baseline, other, draws=5, progress=lambda *step: steps.append(step))
    assert [row.measure for row in rows] == ["b", "error", "a"]
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert (rows[2].unit, rows[2].higher_is_better, rows[2].seed_noise.difference) == ("number", True, 1.0)
    assert compare([plain("a", 1.0)], [plain("b", 1.0)]) == []


def test_each_kind_of_noise_is_its_own_measurement_s() -> None:
    first, second = error(0.3, 0.31, 0.32), error(0.2, 0.21, 0.22)
    (row,) = compare([first], [second], seed=7, draws=100, level=0.9)
    assert row.image_noise == paired_bootstrap(
        list(first.per_image or ()),
        list(second.per_image or ()),
        ERROR,
        rng=np.random.default_rng(7),
        draws=100,
        level=0.9,
    )
    assert row.seed_noise == seed_noise(first.values, second.values, higher_is_better=False)
    assert row.seed_noise.paired is not None and row.seed_noise.paired.wins == 3
    assert row.seed_noise.paired.sign_test.one_sided == row.seed_noise.paired.permutation_test.one_sided == 0.125


def test_what_does_not_add_up_over_images_has_no_image_noise() -> None:
    summed, unsummed = error(0.3), Quantity("error", "fraction", False, (0.3,))
    for first, second in ((summed, unsummed), (unsummed, summed), (unsummed, unsummed)):
        assert compare([first], [second])[0].image_noise is None


def test_every_measurement_is_drawn_with_the_same_images() -> None:
    """Two names of one thing get one interval."""
    rows = compare([error(0.3), error(0.3, name="again")], [error(0.2), error(0.2, name="again")], draws=50)
    assert rows[0].image_noise == rows[1].image_noise
    other = compare([error(0.3)], [error(0.2)], draws=50, seed=1)
    assert other[0].image_noise != rows[0].image_noise


def test_a_group_against_itself_differs_by_exactly_nothing() -> None:
    group = [error(0.3, 0.2), plain("a", 1.5, 2.5)]
    for row in compare(group, group, draws=30):
        noise = row.image_noise
        assert noise is None or (noise.difference, noise.low, noise.high) == (0.0, 0.0, 0.0)
        paired = row.seed_noise.paired
        assert paired is not None and (paired.wins, paired.ties, row.seed_noise.difference) == (0, 2, 0.0)
        assert paired.sign_test.one_sided == paired.permutation_test.one_sided == 1.0


def test_groups_of_other_sizes_or_without_a_value_are_not_paired() -> None:
    (row,) = compare([plain("a", 1.0, 2.0)], [plain("a", 1.0)])
    assert row.seed_noise.paired is None and row.seed_noise.difference == -0.5
    (row,) = compare([plain("a", 1.0, math.nan)], [plain("a", 1.0, 2.0)])
    assert row.seed_noise.paired is None and math.isnan(row.seed_noise.difference)
    assert row.to_dict()["image_noise"] is None and row.to_dict()["seed_noise"]["second"]["mean"] == 1.5


def test_misuse_is_named() -> None:
    with pytest.raises(ConfigError, match="level between 0 and 1"):
        compare([error(0.3)], [error(0.2)], level=95)


def test_many_seeds_are_tested_by_random_signs() -> None:
    """The test of 21 pairs repeats with the comparison's seed."""
    first, second = plain("a", *range(21)), plain("a", *(value + 0.1 * (-1) ** value for value in range(21)))
    rows = [compare([first], [second], seed=seed)[0].seed_noise.paired for seed in (0, 0, 1)]
    assert rows[0] == rows[1] != rows[2]
    assert all(pairs is not None and pairs.permutation_test.draws == 99_999 for pairs in rows)


def test_means_over_different_classes_are_known_as_such() -> None:
    def over(*classes: tuple[int, ...]) -> Quantity:
        return Quantity("mIoU", "fraction", True, (0.5,) * len(classes), classes=classes)

    def same(first: Quantity, second: Quantity) -> bool:
        return compare([first], [second])[0].same_classes

    assert same(over((0, 1), (0, 1)), over((0, 1), (0, 1))) and same(plain("a", 1.0), plain("a", 2.0))
    assert not same(over((0, 1)), over((0, 1, 2)))
    assert not same(over((0, 1), (0, 2)), over((0, 1), (0, 1)))
