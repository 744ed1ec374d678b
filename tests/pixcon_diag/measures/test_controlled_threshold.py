"""The threshold with a guarantee from histograms drawn by hand."""

import math
from typing import Any

import numpy as np
import pytest

from pixcon_diag.measures.controlled_threshold import ControlledThreshold, controlled_threshold
from pixcon_train.core.errors import ConfigError

EDGES = (0.0, 0.5, 0.9, 0.99)


def histogram(images: int = 400) -> np.ndarray:
    """Of 100 pixels of each image 10, 20, 30 and 40 are in the bins, of which 5, 2 and 1 are wrong, and one of the last
    bin in every tenth image."""
    wrong = np.tile([5, 2, 1, 0], (images, 1))
    wrong[::10, 3] = 1
    return np.stack((np.array([10, 20, 30, 40]) - wrong, wrong), 1)


def chosen(images: int = 400, alpha: float = 0.05, labeled: Any = None, **changes: Any) -> ControlledThreshold:
    options: dict[str, Any] = {"delta": 0.1, "rng": np.random.default_rng(0)} | changes
    return controlled_threshold(histogram(images), EDGES, alpha=alpha, labeled=labeled, **options)


def test_the_curve_is_that_of_the_counts() -> None:
    curve = chosen().curve
    assert [point.tau for point in curve] == list(EDGES)
    assert [point.retention for point in curve] == pytest.approx([1, 0.9, 0.7, 0.4])
    assert [point.rho_f for point in curve] == pytest.approx([8.1 / 100, 3.1 / 90, 1.1 / 70, 0.1 / 40])
    assert curve[2].correct_per_wrong == pytest.approx(68.9 / 1.1)


def test_with_many_images_the_promise_is_the_plain_choice() -> None:
    """At α = 0.05, 0.5 is the smallest τ whose ρ_F, 0.034, is below."""
    result = chosen()
    assert result.promised is not None and result.plain is not None and result.interval is not None
    assert result.promised == result.plain == result.curve[1] and result.interval.contains(3.1 / 90)
    assert result.possible_alpha is None
    assert result.sentence == (
        "With probability 0.9, ρ_F is at most 0.05 at τ = 0.5, where 90.0% of the pixels are retained."
    )


def test_with_few_images_an_alpha_that_would_do_is_named() -> None:
    result = chosen(40, 0.02)
    assert result.promised is None and result.plain is not None and result.plain.tau == 0.9
    assert result.possible_alpha is not None and 0.02 < result.possible_alpha < 0.2
    assert chosen(40, result.possible_alpha).promised is not None
    assert f"α = {result.possible_alpha:.3g} would have been possible" in result.sentence


def test_with_too_few_images_for_any_alpha_so_it_says() -> None:
    result = chosen(20, 0.4, delta=1e-12)
    assert result.promised is None and result.possible_alpha is None and result.start is not None
    assert result.sentence == (
        "No τ can be promised for α = 0.4 and δ = 1e-12 with 20 images, nor for any α up to 0.5."
    )


def test_the_alpha_that_is_named_is_the_first_of_steps_of_a_tenth() -> None:
    result = chosen(40, 0.02)
    steps = [0.02 * 1.1**step for step in range(1, 40)]
    kept = [alpha for alpha in steps if alpha <= 0.5 and chosen(40, alpha).promised is not None]
    assert result.possible_alpha == pytest.approx(kept[0], rel=1e-12) and result.possible_alpha > steps[0]


def test_the_same_generator_gives_the_same_threshold() -> None:
    """Of few images that differ much, the order alone decides where the tests start and which α is possible."""
    rng = np.random.default_rng(3)
    wrong = rng.binomial(100, rng.beta(0.2, 1.5, (60, 4))).cumsum(1)[:, ::-1]
    counts = np.stack((np.full_like(wrong, 400), wrong), 1)
    outcomes = []
    for seed in range(12):
        results = [
            controlled_threshold(counts, EDGES, alpha=0.05, delta=0.2, labeled=None, rng=np.random.default_rng(seed))
            for _ in range(3)
        ]
        assert results[0] == results[1] == results[2]
        outcomes.append((results[0].promised, results[0].start, results[0].possible_alpha))
    assert len(set(outcomes)) > 1, "the order must matter here"


def test_a_rate_of_exactly_alpha_is_chosen_without_a_guarantee() -> None:
    counts = np.tile([[90], [10]], (30, 1, 1))
    options: dict[str, Any] = {"delta": 0.1, "labeled": None}
    at = controlled_threshold(counts, (0.0,), alpha=0.1, rng=np.random.default_rng(0), **options)
    below = controlled_threshold(counts, (0.0,), alpha=0.0999, rng=np.random.default_rng(0), **options)
    assert at.plain == at.curve[0] and below.plain is None


def test_below_20_images_there_is_no_test() -> None:
    result = chosen(19, 0.4)
    assert (result.promised, result.start, result.possible_alpha) == (None, None, None)
    assert result.sentence == "No τ is promised: 19 images to test on, fewer than 20."


def test_images_of_the_labeled_list_are_not_used() -> None:
    labeled = np.arange(400) < 390
    result = chosen(labeled=labeled)
    assert (result.images, result.left_out, result.promised) == (10, 390, None)
    assert chosen(labeled=np.zeros(400, dtype=bool)).left_out == 0 and chosen().left_out is None


def test_the_efficient_threshold_rests_on_images_with_a_wrong_pixel() -> None:
    """The last bin has a wrong pixel in every tenth image: 40 of 400, 20 of 200, but 10 of 100."""
    enough = chosen(200).efficient
    assert enough is not None and enough.tau == 0.99
    many, few = chosen(400).efficient, chosen(100).efficient
    assert many is not None and few is not None and (many.tau, few.tau) == (0.99, 0.9)


def test_images_without_a_valid_pixel_do_not_count() -> None:
    counts = np.concatenate((histogram(), np.zeros((50, 2, 4), dtype=np.int64)))
    counts[-1, 0, 2] = 1  # a single one is enough
    for labeled in (None, np.zeros(450, dtype=bool)):
        result = controlled_threshold(
            counts, EDGES, alpha=0.05, delta=0.1, labeled=labeled, rng=np.random.default_rng(0)
        )
        assert result.images == 401


def test_nothing_at_all_is_undefined() -> None:
    counts = np.zeros((0, 2, 4), dtype=np.int64)
    result = controlled_threshold(counts, EDGES, alpha=0.05, delta=0.1, labeled=None, rng=np.random.default_rng(0))
    assert result.plain is None and result.efficient is None and math.isnan(result.curve[0].rho_f)


@pytest.mark.parametrize(("alpha", "delta"), [(0.0, 0.1), (1.0, 0.1), (0.1, 0.0), (0.1, 1.0)])
def test_bounds_outside_of_0_and_1_are_refused(alpha: float, delta: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        chosen(alpha=alpha, delta=delta)
