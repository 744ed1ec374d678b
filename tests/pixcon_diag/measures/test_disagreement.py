"""Disagreement of two predictions: counts by hand, components, and the estimate from draws."""

import numpy as np
import pytest

from pixcon_diag.measures.disagreement import component_at, disagreement, largest_pairs
from pixcon_diag.statistics.sampling import drawn_pixels

FIRST = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 2]], dtype=np.uint8)
SECOND = np.array([[0, 1, 1, 0], [0, 1, 0, 0], [2, 2, 2, 1]], dtype=np.uint8)
"""Disagreeing: (0, 1) and (1, 1) as 0|1; (0, 3), (1, 2) and (1, 3) as 1|0; (2, 3) as 2|1."""


def test_counts_by_hand() -> None:
    counted = disagreement([(FIRST, SECOND), (FIRST, FIRST)], 3)
    assert counted.disagreeing.tolist() == [6, 0]
    assert counted.pixels.tolist() == [12, 12]
    assert counted.share == 6 / 24
    assert counted.pairs.tolist() == [[0, 2, 0], [3, 0, 0], [0, 1, 0]]
    assert list(largest_pairs(counted.pairs, 2)) == [(1, 0, 3), (0, 1, 2)]
    assert len(list(largest_pairs(counted.pairs, 9))) == 3


def test_components_by_hand() -> None:
    """In reading order: 0 is (0, 1), 1 is (0, 3), 2 is (1, 1), 3 is (1, 2)."""
    upper, lower = component_at(FIRST, SECOND, 0), component_at(FIRST, SECOND, 2)
    assert (upper.row, upper.column, lower.row, lower.column) == (0, 1, 1, 1)
    assert upper.size == lower.size == 2 and upper.start == lower.start == 1
    assert (upper.first, upper.second) == (0, 1)
    other = component_at(FIRST, SECOND, 1)
    assert (other.size, other.first, other.second) == (3, 1, 0)
    assert component_at(FIRST, SECOND, 5).size == 1


def test_pixels_that_touch_at_a_corner_are_of_one_component() -> None:
    first, second = np.zeros((3, 3), dtype=np.uint8), np.eye(3, dtype=np.uint8)
    assert component_at(first, second, 1).size == 3


def test_of_equally_large_pairs_the_one_of_the_lower_classes_is_first() -> None:
    pairs = np.zeros((40, 40), dtype=np.int64)
    pairs[:, 7] = pairs[3, :] = 5
    expected = sorted((int(a), int(b)) for a, b in np.argwhere(pairs))
    assert [(a, b) for a, b, _ in largest_pairs(pairs, 100)] == expected


def test_no_image_has_no_share() -> None:
    assert np.isnan(disagreement([], 3).share)


def test_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        disagreement([(FIRST, SECOND[:2])], 3)


@pytest.mark.parametrize("whole", [True, False])
def test_the_mean_score_gives_the_difference_of_accuracies(whole: bool) -> None:
    """By the share of the component, and by the drawn pixel alone."""
    random = np.random.default_rng(0)
    truth = np.kron(random.integers(0, 3, (6, 6)), np.ones((4, 4))).astype(np.uint8)
    first, second = (np.where(random.random(truth.shape) < rate, 0, truth).astype(np.uint8) for rate in (0.3, 0.15))
    counted = disagreement([(first, second)], 3)
    scores = (second == truth).astype(float) - (first == truth)
    drawn = [component_at(first, second, place) for _, place in drawn_pixels(counted.disagreeing, 2000, seed=1)]
    values = [scores[one.region].mean() if whole else scores[one.row, one.column] for one in drawn]
    noise = counted.share * np.std(values) / np.sqrt(len(values))
    assert abs(counted.share * np.mean(values) - scores.mean()) < 4 * noise
