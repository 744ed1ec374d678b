"""The error budget: each category on a map drawn by hand, a slow reference, and that everything adds up."""

from collections import Counter, deque

import numpy as np
import pytest

from pixcon_diag.measures.error_budget import (
    BOUNDARY,
    CATEGORIES,
    CONFUSION,
    EXTENT,
    FOUND,
    HALLUCINATED,
    MISSED,
    ImageErrors,
    image_errors,
    regions,
)
from pixcon_diag.measures.error_budget_result import ErrorBudget
from pixcon_train.core.errors import ConfigError

VOID = 255


def blank(height: int = 20, width: int = 20) -> np.ndarray:
    return np.zeros((height, width), dtype=np.uint8)


def filled(target: np.ndarray, rows: slice, columns: slice, label: int) -> np.ndarray:
    changed = target.copy()
    changed[rows, columns] = label
    return changed


def kinds(prediction: np.ndarray, target: np.ndarray, width: int = 2, classes: int = 4) -> dict[int, int]:
    """Pixels by category."""
    rows = image_errors(prediction, target, num_classes=classes, void=VOID, width=width).wrong
    return {int(kind): int(rows[rows[:, 0] == kind, 3].sum()) for kind in np.unique(rows[:, 0])}


SQUARE = filled(blank(), slice(5, 15), slice(5, 15), 1)
"""A square of class 1 in class 0."""
ALL = slice(None)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        pytest.param(SQUARE, SQUARE, {}, id="right"),
        pytest.param(filled(SQUARE, slice(5, 7), slice(5, 15), 0), SQUARE, {BOUNDARY: 20}, id="two rows too small"),
        pytest.param(
            filled(SQUARE, slice(5, 8), slice(5, 15), 0),
            SQUARE,
            # of the third row only the outer two pixels at each side lie within 2 of class 0
            {BOUNDARY: 24, EXTENT: 6},
            id="three rows too small",
        ),
        pytest.param(filled(SQUARE, ALL, ALL, 0), SQUARE, {MISSED: 100}, id="square missed"),
        pytest.param(SQUARE, blank(), {HALLUCINATED: 100}, id="square invented"),
        pytest.param(np.where(SQUARE == 1, 2, 0).astype(np.uint8), SQUARE, {CONFUSION: 100}, id="square of class 2"),
        pytest.param(
            filled(SQUARE, slice(5, 15), slice(5, 8), 2), SQUARE, {HALLUCINATED: 30}, id="a strip of another class"
        ),
        pytest.param(
            filled(blank(), slice(0, 20), slice(9, 10), 1), blank(), {HALLUCINATED: 20}, id="a thin line is no boundary"
        ),
        pytest.param(
            blank(), filled(blank(), slice(0, 20), slice(9, 10), 1), {MISSED: 20}, id="a thin object missed is missed"
        ),
    ],
)
def test_a_wrong_pixel_has_the_kind_of_its_regions(
    prediction: np.ndarray, target: np.ndarray, expected: dict[int, int]
) -> None:
    assert kinds(prediction, target) == expected


def test_a_boundary_error_predicts_a_class_of_one_of_its_sides() -> None:
    """Class 2 is nowhere near: its pixels at the boundary of 0 and 1 are an invention."""
    target = blank()
    target[:, 10:] = 1
    prediction = target.copy()
    prediction[:, 9] = 1
    prediction[5:8, 10] = 2
    assert kinds(prediction, target) == {BOUNDARY: 20, HALLUCINATED: 3}


def test_a_region_is_recognised_from_a_tenth_on() -> None:
    target = filled(blank(), slice(5, 15), slice(5, 15), 1)
    for right, found in ((9, False), (10, True)):
        prediction = blank()
        prediction[5, 5 : 5 + right] = 1
        # What is right of the square is a true region of class 1, what is missing has the class around it.
        assert (MISSED in kinds(prediction, target)) == (not found), right
    assert FOUND == 0.1


def test_void_is_not_counted_and_takes_the_nearest_label() -> None:
    """As in Pascal, where a ring of void lies around each object: a boundary behind it is a boundary."""
    target = blank(20, 21)
    target[:, 11:] = 1
    target[:, 8:13] = VOID  # columns 8 to 10 are nearer to 0, 11 and 12 to 1
    prediction = blank(20, 21)
    prediction[:, 7:] = 1
    errors = image_errors(prediction, target, num_classes=2, void=VOID, width=4)
    assert errors.wrong.tolist() == [[BOUNDARY, 0, 1, 20]]
    assert errors.statistics.tolist() == [[140, 160], [140, 180], [160, 160]]
    assert kinds(prediction, target, width=3) == {EXTENT: 20}


def test_all_void() -> None:
    errors = image_errors(blank(), np.full((20, 20), VOID, np.uint8), num_classes=3, void=VOID)
    assert not errors.wrong.size and not errors.statistics.any() and not errors.inner.any()
    known = image_errors(blank(), SQUARE, num_classes=3, void=VOID)
    together, alone = ErrorBudget.of([errors, known, errors], 3, 5), ErrorBudget.of([known], 3, 5)
    assert together.statistics.shape == (3, 3, 3) and together.inner.dtype == together.wrong.dtype == np.int64
    assert together.result(draws=5).miou == alone.result(draws=5).miou
    assert together.wrong.tolist() == [[1, MISSED, 1, 0, 100]]


def test_the_zone_is_5_pixels_wide_unless_asked_otherwise() -> None:
    """A square shrunk by 6 on one side: 5 columns are within 5 pixels of the class around it."""
    target = filled(blank(30, 30), slice(0, 30), slice(8, 30), 1)
    prediction = filled(target, slice(0, 30), slice(8, 14), 0)
    rows = image_errors(prediction, target, num_classes=2, void=VOID).wrong.tolist()
    assert rows == [[BOUNDARY, 1, 0, 150], [EXTENT, 1, 0, 30]]


def test_inner_pixels_lie_farther_than_the_width_from_a_boundary() -> None:
    target = blank()
    target[:, 10:] = 1
    inner = image_errors(target, target, num_classes=2, void=VOID, width=3).inner
    assert inner.tolist() == [[20 * 7, 20 * 7]] * 3


def test_wrong_input() -> None:
    with pytest.raises(ValueError, match="one shape"):
        image_errors(blank(3, 4), blank(4, 3), num_classes=2, void=VOID)
    with pytest.raises(ConfigError, match="at least 1 pixel, got 0"):
        image_errors(blank(), blank(), num_classes=2, void=VOID, width=0)


def slow_regions(labels: np.ndarray) -> np.ndarray:
    """Regions by flooding from each pixel."""
    numbers = np.full(labels.shape, -1)
    count = 0
    for start in np.ndindex(*labels.shape):
        if numbers[start] >= 0:
            continue
        numbers[start], queue = count, deque([start])
        while queue:
            y, x = queue.popleft()
            for v in range(max(0, y - 1), min(labels.shape[0], y + 2)):
                for u in range(max(0, x - 1), min(labels.shape[1], x + 2)):
                    if numbers[v, u] < 0 and labels[v, u] == labels[y, x]:
                        numbers[v, u] = count
                        queue.append((v, u))
        count += 1
    return numbers


def slow_kinds(prediction: np.ndarray, target: np.ndarray, width: int) -> np.ndarray:
    """The category of each wrong pixel, one by one, and −1 elsewhere; there is no void."""
    target_regions, predicted_regions = slow_regions(target), slow_regions(prediction)
    right = prediction == target
    kinds_of = np.full(target.shape, -1)
    for y, x in zip(*np.nonzero(~right), strict=True):
        region, invented = target_regions == target_regions[y, x], predicted_regions == predicted_regions[y, x]
        is_found, is_true = right[region].mean() >= FOUND, right[invented].mean() >= FOUND
        near = target[max(0, y - width) : y + width + 1, max(0, x - width) : x + width + 1]
        if is_found and is_true:
            kinds_of[y, x] = BOUNDARY if (near == prediction[y, x]).any() else EXTENT
        else:
            kinds_of[y, x] = HALLUCINATED if is_found else MISSED if is_true else CONFUSION
    return kinds_of


def blobs(seed: int, classes: int = 4, size: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a target with regions of several sizes."""
    random = np.random.default_rng(seed)
    target = np.kron(random.integers(0, classes, (size // 4, size // 4)), np.ones((4, 4))).astype(np.uint8)
    prediction = np.roll(target, random.integers(0, 3, 2), (0, 1))
    for _ in range(6):
        y, x = random.integers(0, size - 5, 2)
        prediction[y : y + random.integers(1, 6), x : x + random.integers(1, 6)] = random.integers(0, classes)
    for labels, own in ((target, 1), (prediction, 2)):  # a region that is taken for another class
        labels[:5, :5] = 0
        labels[1:4, 1:4] = own
    return prediction, target


@pytest.mark.parametrize("seed", range(6))
def test_against_a_slow_reference(seed: int) -> None:
    prediction, target = blobs(seed)
    rows = image_errors(prediction, target, num_classes=4, void=VOID, width=2).wrong.tolist()
    places = zip(slow_kinds(prediction, target, 2).flat, target.flat, prediction.flat, strict=True)
    expected = Counter((int(kind), int(y), int(p)) for kind, y, p in places if kind >= 0)
    assert {(kind, y, p): n for kind, y, p, n in rows} == expected


def test_regions_against_a_slow_reference() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (15, 17)).astype(np.uint8)
    labels[3:6] = VOID
    fast, slow = regions(labels), slow_regions(labels)
    assert len(np.unique(fast)) == len(np.unique(slow)) == len({*zip(fast.flat, slow.flat, strict=True)})


@pytest.fixture(scope="module")
def budget() -> ErrorBudget:
    images: list[ImageErrors] = []
    for seed in range(12):
        prediction, target = blobs(seed)
        target = target.copy()
        target[:2, seed:] = VOID
        images.append(image_errors(prediction, target, num_classes=4, void=VOID, width=1))
    return ErrorBudget.of(images, 4, 1)


def test_categories_are_exclusive_and_cover_every_wrong_pixel(budget: ErrorBudget) -> None:
    result = budget.result(draws=10)
    statistics = budget.statistics.sum(0)
    assert sum(kind.pixels for kind in result.categories) == result.wrong == (statistics[2] - statistics[0]).sum()
    assert result.valid == statistics[2].sum()
    assert sum(kind.share for kind in result.categories) == pytest.approx(1)
    assert [kind.name for kind in result.categories] == [*CATEGORIES]
    assert all(kind.pixels for kind in result.categories)
    confusion = budget.confusion
    assert confusion.sum() == result.valid
    assert confusion.sum(0).tolist() == statistics[1].tolist() and confusion.sum(1).tolist() == statistics[2].tolist()


def test_the_largest_confusions_come_first(budget: ErrorBudget) -> None:
    wrong = {cell: n for cell, n in np.ndenumerate(budget.confusion) if cell[0] != cell[1] and n}
    found = budget.largest_confusions(100)
    assert {*found} == {*wrong} and [wrong[cell] for cell in found] == sorted(wrong.values(), reverse=True)
    assert budget.largest_confusions(2) == found[:2]
    assert budget.confused.sum() == budget.result(draws=10).wrong


def test_without_an_error_there_is_no_pair() -> None:
    budget = ErrorBudget.of([image_errors(SQUARE, SQUARE, num_classes=4, void=VOID, width=1)], 4, 1)
    assert budget.result(draws=10).pairs == () and budget.largest_confusions(5) == []


def test_corrections_in_turn_end_at_1_and_add_up(budget: ErrorBudget) -> None:
    result = budget.result(draws=10)
    assert result.categories[-1].reached == 1.0
    assert result.miou + sum(kind.step for kind in result.categories) == pytest.approx(1, abs=1e-12)
    assert result.categories[0].step == result.categories[0].recovered
    fixed = budget.corrected(*range(len(CATEGORIES)))
    assert fixed[:, 0].tolist() == fixed[:, 1].tolist() == fixed[:, 2].tolist() == budget.statistics[:, 2].tolist()


def test_a_category_left_out_does_not_end_at_1(budget: ErrorBudget) -> None:
    """The planted fault: the sum is a check of every category."""
    for left in range(len(CATEGORIES)):
        fixed = budget.corrected(*(index for index in range(len(CATEGORIES)) if index != left)).sum(0)
        assert (fixed[0] / (fixed[1] + fixed[2] - fixed[0])).mean() < 1


def test_corrected_statistics_are_those_of_corrected_maps() -> None:
    """The counts after a correction equal those of label maps in which the pixels are right."""
    prediction, target = blobs(3)
    errors = image_errors(prediction, target, num_classes=4, void=VOID, width=1)
    fixed = prediction.copy()
    fixed[1:4, 1:4] = 1
    expected = image_errors(fixed, target, num_classes=4, void=VOID, width=1).statistics
    confused = np.array([[0, CONFUSION, 1, 2, 9]])
    budget = ErrorBudget(errors.statistics[None], errors.inner[None], confused, 1)
    assert budget.corrected(CONFUSION)[0].tolist() == expected.tolist()
    assert [CONFUSION, 1, 2, 9] in errors.wrong.tolist()


def test_pairs_count_both_ways_without_boundaries(budget: ErrorBudget) -> None:
    result = budget.result(draws=10)
    rows = budget.wrong[budget.wrong[:, 1] > BOUNDARY]
    assert sum(pair.there + pair.back for pair in result.pairs) == rows[:, 4].sum()
    assert [pair.recovered for pair in result.pairs] == sorted((p.recovered for p in result.pairs), reverse=True)
    worst = result.pairs[0]
    there = rows[(rows[:, 2] == worst.first) & (rows[:, 3] == worst.second), 4].sum()
    assert worst.there == there and worst.first < worst.second


def test_images_of_a_pair(budget: ErrorBudget) -> None:
    images = budget.images_of(0, 1)
    assert images[:, 1].sum() == budget.confusion[0, 1]
    assert (np.diff(images[:, 1]) <= 0).all() and len(np.unique(images[:, 0])) == len(images)


def naive_miou(maps: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean over the classes of tp / (predicted + true − tp), of maps without void, pixel by pixel."""
    prediction, target = (np.concatenate([pair[side].ravel() for pair in maps]) for side in (0, 1))
    overlaps = []
    for k in range(4):
        union = ((prediction == k) | (target == k)).sum()
        overlaps += [((prediction == k) & (target == k)).sum() / union] if union else []
    return float(np.mean(overlaps))


def test_each_pair_recovers_what_maps_gain_in_which_it_is_right() -> None:
    maps = [blobs(seed) for seed in range(5)]
    result = ErrorBudget.of([image_errors(*pair, num_classes=4, void=VOID, width=1) for pair in maps], 4, 1).result(
        draws=5
    )
    assert len(result.pairs) == 6 and result.miou == pytest.approx(naive_miou(maps))
    for pair in result.pairs:
        fixed, counts = [], {pair.first: 0, pair.second: 0}
        for prediction, target in maps:
            right, kinds_of = prediction.copy(), slow_kinds(prediction, target, 1)
            for k, other in ((pair.first, pair.second), (pair.second, pair.first)):
                chosen = (target == k) & (prediction == other) & (kinds_of != BOUNDARY)
                counts[k] += int(chosen.sum())
                right[chosen] = k
            fixed.append((right, target))
        assert (pair.there, pair.back) == (counts[pair.first], counts[pair.second])
        assert pair.recovered == pytest.approx(naive_miou(fixed) - result.miou, abs=1e-12)


def test_classes_confused_as_often_both_ways_are_a_pair() -> None:
    statistics = np.array([[[5, 5], [10, 10], [10, 10]]])
    wrong = np.array([[0, CONFUSION, 0, 1, 5], [0, CONFUSION, 1, 0, 5]])
    (pair,) = ErrorBudget(statistics, statistics, wrong, 1).result(draws=5).pairs
    assert (pair.first, pair.second, pair.there, pair.back) == (0, 1, 5, 5)
    assert pair.recovered == pytest.approx(1 - 5 / 15)


def test_of_equal_gains_the_pair_of_the_lower_classes_is_first() -> None:
    """Each class has 10 of 28 pixels right and one taken for each of the others."""
    classes = 19
    statistics = np.tile([[10], [28], [28]], (1, classes))[None]
    wrong = np.array([[0, MISSED, a, b, 1] for a in range(classes) for b in range(classes) if a != b])
    budget = ErrorBudget(statistics, statistics, wrong, 1)
    pairs = [(pair.first, pair.second) for pair in budget.result(draws=5).pairs]
    assert pairs == [(a, b) for a in range(classes) for b in range(a + 1, classes)]
    assert budget.largest_confusions(20)[:2] == [(0, 1), (0, 2)] and budget.largest_confusions(20)[-1] == (1, 2)


def test_images_with_as_many_pixels_stay_in_their_order() -> None:
    wrong = np.array([[image, MISSED, 1, 0, 2 if image == 30 else 1] for image in range(40)])
    budget = ErrorBudget(np.zeros((40, 3, 2), dtype=np.int64), np.zeros((40, 3, 2), dtype=np.int64), wrong, 1)
    assert budget.images_of(1, 0).tolist() == [[30, 2], *([i, 1] for i in range(40) if i != 30)]


def test_the_result_says_how_it_was_made(budget: ErrorBudget) -> None:
    """The images of a category are those that hold such a pixel; inner mIoU is that of the inner pixels."""
    result = budget.result(draws=20, level=0.8)
    assert (result.width, result.level) == (1, 0.8)
    tp, predicted, true = budget.inner.sum(0)
    assert result.inner_miou == pytest.approx((tp / (predicted + true - tp)).mean())
    for index, kind in enumerate(result.categories):
        assert kind.images == len({row[0] for row in budget.wrong.tolist() if row[1] == index})
    assert min(kind.images for kind in result.categories) < 12


def test_intervals_follow_the_level_the_draws_and_the_seed(budget: ErrorBudget) -> None:
    def intervals(**options: float) -> list[tuple[float, float]]:
        return [(kind.low, kind.high) for kind in budget.result(**({"draws": 200} | options)).categories]  # type: ignore[arg-type]

    assert intervals() == intervals(seed=0) != intervals(seed=1)
    assert intervals(seed=1) == intervals(seed=1) != intervals(seed=1, draws=201)
    assert all(a < c and d < b for (a, b), (c, d) in zip(intervals(), intervals(level=0.5), strict=True))


def test_the_interval_contains_the_gain_and_needs_several_images(budget: ErrorBudget) -> None:
    for kind in budget.result(draws=300).categories:
        assert kind.low <= kind.recovered <= kind.high and kind.low < kind.high


def test_no_image() -> None:
    empty = ErrorBudget.of([], 3, 5)
    assert empty.statistics.shape == empty.inner.shape == (0, 3, 3) and empty.wrong.shape == (0, 5)
