import itertools
import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from pixcon_diag.measures.geometry_result import GeometryResult
from pixcon_diag.measures.image_centroids_result import CentroidRows
from pixcon_diag.measures.uncertainty import paired_bootstrap, pooled_geometry, pooled_miou, pooled_ratio
from pixcon_train.core.errors import ConfigError

error = pooled_ratio(1, 0)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def images(seed: int, count: int = 40, *, rate: float = 0.2) -> np.ndarray:
    """Pixels and wrong pixels per image, (count, 2) int64."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(50, 200, count)
    return np.stack((pixels, generator.binomial(pixels, rate)), 1)


def confusions(seed: int, count: int = 30) -> np.ndarray:
    """True positives, predicted and true pixels per image and class, (count, 3, 4) int64."""
    hit, *rest = np.random.default_rng(seed).integers(0, 50, (3, count, 4))
    return np.stack((hit, hit + rest[0], hit + rest[1]), 1)


def test_identical_checkpoints_differ_by_exactly_zero() -> None:
    for counts, statistic in ((images(1), error), (confusions(1), pooled_miou)):
        noise = paired_bootstrap([counts], [counts.copy()], statistic, rng=rng())
        assert (noise.difference, noise.low, noise.high) == (0.0, 0.0, 0.0)
        assert noise.first == noise.second


def test_hand_computed_two_images() -> None:
    # Four equally likely draws of two images: (A,A), (A,B), (B,A), (B,B).
    first, second = np.array([[10, 4], [10, 2]]), np.array([[10, 3], [10, 5]])
    noise = paired_bootstrap([first], [second], error, rng=rng(), draws=4000, level=0.9)
    assert (noise.first, noise.second) == (0.3, 0.4)
    assert noise.difference == pytest.approx(0.1)
    assert (noise.low, noise.high) == pytest.approx((-0.1, 0.3))
    middle = paired_bootstrap([first], [second], error, rng=rng(), draws=4000, level=0.4)
    assert (middle.low, middle.high) == pytest.approx((0.1, 0.1))


def test_equals_a_naive_loop_over_draws() -> None:
    first, second = confusions(1), confusions(2)
    noise = paired_bootstrap([first], [second], pooled_miou, rng=rng(), draws=300, level=0.8)
    generator, differences = rng(), []
    for _ in range(300):
        chosen = generator.integers(30, size=30, dtype=np.uint32)
        mious = []
        for counts in (first, second):
            hit, predicted, truth = counts[chosen].sum(0)
            mious.append(np.mean(hit / (predicted + truth - hit)))
        differences.append(mious[1] - mious[0])
    expected = np.quantile(differences, [0.1, 0.9])
    assert (noise.low, noise.high) == pytest.approx(tuple(expected), abs=1e-12)
    assert (noise.draws, noise.images, noise.level) == (300, 30, 0.8)


def test_interval_holds_the_difference_and_narrows_with_images() -> None:
    few = paired_bootstrap([images(1, 20)], [images(2, 20, rate=0.3)], error, rng=rng())
    many = paired_bootstrap([images(1, 2000)], [images(2, 2000, rate=0.3)], error, rng=rng())
    for noise in (few, many):
        assert noise.low < noise.difference < noise.high
    assert many.high - many.low < (few.high - few.low) / 5
    assert many.low > 0.09


def test_pairing_removes_what_images_share() -> None:
    # The images differ wildly in difficulty, the second checkpoint is always 1 % worse.
    generator = np.random.default_rng(0)
    wrong = generator.integers(0, 900, 50)
    first = np.stack((np.full(50, 1000), wrong), 1)
    second = np.stack((np.full(50, 1000), wrong + 10), 1)
    noise = paired_bootstrap([first], [second], error, rng=rng())
    assert (noise.low, noise.high) == pytest.approx((0.01, 0.01))
    unpaired = paired_bootstrap([first], [generator.permutation(second)], error, rng=rng())
    assert unpaired.high - unpaired.low > 0.1


def test_swapping_the_checkpoints_turns_the_interval_round() -> None:
    one = paired_bootstrap([images(1)], [images(2)], error, rng=rng())
    other = paired_bootstrap([images(2)], [images(1)], error, rng=rng())
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-15)
    assert one.difference == -other.difference


def test_a_group_is_the_mean_over_its_checkpoints() -> None:
    first, second = [images(1), images(2), images(3)], [images(4), images(5)]
    noise = paired_bootstrap(first, second, error, rng=rng())
    rates = [counts[:, 1].sum() / counts[:, 0].sum() for counts in (*first, *second)]
    assert noise.first == pytest.approx(np.mean(rates[:3]))
    assert noise.second == pytest.approx(np.mean(rates[3:]))
    assert noise.runs == (3, 2)


def test_same_generator_same_interval() -> None:
    results = [paired_bootstrap([images(1)], [images(2)], error, rng=rng()) for _ in range(2)]
    assert results[0] == results[1]


def test_draws_without_a_value_are_left_out_and_counted() -> None:
    first = np.array([[0, 0], [0, 0], [5, 1]])  # only the last image has a pixel
    noise = paired_bootstrap([first], [first], error, rng=rng(), draws=1000)
    assert noise.undefined == pytest.approx(1000 * (2 / 3) ** 3, rel=0.2)
    assert (noise.low, noise.high) == (0, 0)
    nothing = paired_bootstrap([first[:2]], [first[:2]], error, rng=rng(), draws=10)
    assert nothing.undefined == 10
    assert math.isnan(nothing.low)
    assert math.isnan(nothing.difference)


def test_pooled_miou_leaves_absent_classes_out() -> None:
    counts = np.array([[[2, 0, 0], [4, 0, 1], [2, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]])
    miou = pooled_miou(counts)
    assert miou[0] == pytest.approx((2 / 4 + 0 / 1) / 2)
    assert math.isnan(miou[1])
    assert pooled_miou(counts[0]) == miou[0]


def test_a_single_image_is_drawn_every_time() -> None:
    noise = paired_bootstrap([np.array([[10, 4]])], [np.array([[10, 5]])], error, rng=rng())
    assert (noise.low, noise.high) == pytest.approx((0.1, 0.1)) and (noise.images, noise.draws) == (1, 2000)


@pytest.mark.parametrize(("draws", "level"), [(0, 0.9), (10, 0.0), (10, 1.0)])
def test_no_draws_and_levels_outside_of_0_and_1_are_refused(draws: int, level: float) -> None:
    with pytest.raises(ConfigError, match="draws >= 1 and a level between 0 and 1"):
        paired_bootstrap([images(1)], [images(2)], error, rng=rng(), draws=draws, level=level)


def test_misuse_is_named() -> None:
    with pytest.raises(ValueError, match=r"got \[0\] images"):
        paired_bootstrap([images(1)[:0]], [images(2)[:0]], error, rng=rng())
    with pytest.raises(ConfigError, match="level between 0 and 1, got 10 and 95"):
        paired_bootstrap([images(1)], [images(2)], error, rng=rng(), draws=10, level=95)
    for first, second in itertools.product(([], [images(1)]), ([images(1, 3)], [])):
        with pytest.raises(ValueError, match="same images for every checkpoint"):
            paired_bootstrap(first, second, error, rng=rng())


def centroid_rows(seed: int = 0, *, images: int = 12, classes: int = 4, channels: int = 3) -> CentroidRows:
    """Two classes in each image; the last class in one image only, with few pixels."""
    generator = np.random.default_rng(seed)
    label = np.stack([generator.permutation(classes - 1)[:2] for _ in range(images)]).ravel()
    label[0] = classes - 1
    pixels = generator.integers(20, 60, 2 * images)
    pixels[0] = 3
    sums = generator.standard_normal((2 * images, channels)) + 2 * np.eye(classes, channels)[label]
    sums *= (0.8 * pixels / np.linalg.norm(sums, axis=1))[:, None]
    return CentroidRows(np.full(images, 2), label, pixels, sums, classes)


GEOMETRY = ("compactness", "mean_inter", "margin")


@pytest.mark.parametrize("quantity", GEOMETRY)
@pytest.mark.parametrize("min_pixels", [1, 10])
def test_the_geometry_of_all_images_is_that_of_the_whole_set(quantity: str, min_pixels: int) -> None:
    rows, foreground = centroid_rows(), (1, 2, 3)
    statistic = pooled_geometry(quantity, 4, foreground, min_pixels)
    noise = paired_bootstrap([rows.per_image()], [rows.per_image()], statistic, rng=rng(), draws=20)
    result = rows.geometry(foreground, min_pixels)
    assert noise.first == pytest.approx(getattr(result, quantity), rel=1e-12)
    assert (noise.difference, noise.low, noise.high) == (0.0, 0.0, 0.0)
    assert len(result.measured) == (3 if min_pixels == 1 else 2)


@pytest.mark.parametrize("quantity", GEOMETRY)
def test_the_geometry_of_a_draw_is_that_of_its_images(quantity: str) -> None:
    rows, dense = centroid_rows(), centroid_rows().per_image().toarray()
    chosen = np.array([0, 0, 3, 5, 7, 7, 7, 11])
    pooled = dense[chosen].sum(0).reshape(4, -1)
    expected = GeometryResult.from_sums(pooled[:, :-1], pooled[:, -1].astype(np.int64), (0, 1, 2, 3), 1)
    value = pooled_geometry(quantity, 4, (0, 1, 2, 3), 1)(pooled.ravel()[None])
    assert value[0] == pytest.approx(getattr(expected, quantity), rel=1e-12)
    assert value[0] != pytest.approx(getattr(rows.geometry((0, 1, 2, 3), 1), quantity))


def test_features_that_cancel_are_not_compact_but_have_no_direction() -> None:
    sums, pixels = np.array([[4.0, 0], [0, 3], [0, 0]]), np.array([4, 4, 8])
    pooled = np.concatenate([sums, pixels[:, None]], 1).ravel()[None]
    result = GeometryResult.from_sums(sums, pixels, (0, 1, 2), 1)
    for quantity, value in zip(GEOMETRY, (7 / 12, 0.0, 7 / 12), strict=True):
        assert pooled_geometry(quantity, 3, (0, 1, 2), 1)(pooled)[0] == pytest.approx(value)
        assert getattr(result, quantity) == pytest.approx(value)


def test_too_few_classes_have_no_geometry() -> None:
    pooled = np.array([[4.0, 0, 4, 0, 0, 0]])  # class 1 has no pixel
    values = [pooled_geometry(quantity, 2, (0, 1), 1)(pooled)[0] for quantity in GEOMETRY]
    assert values[0] == 1.0 and math.isnan(values[1]) and math.isnan(values[2])
    assert math.isnan(pooled_geometry("compactness", 2, (0, 1), 9)(pooled)[0])


def test_sparse_statistics_give_what_dense_ones_give() -> None:
    first, second = confusions(1), confusions(2)
    first[first < 15] = 0
    flat = [each.reshape(len(each), -1) for each in (first, second)]

    def miou(pooled: np.ndarray) -> np.ndarray:
        return pooled_miou(pooled.reshape(-1, 3, 4))

    sparse = paired_bootstrap([csr_matrix(flat[0])], [csr_matrix(flat[1])], miou, rng=rng(), draws=300)
    assert sparse == paired_bootstrap([first], [second], pooled_miou, rng=rng(), draws=300)
