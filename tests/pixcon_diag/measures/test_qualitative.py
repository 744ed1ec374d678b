import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pixcon_diag.measures.qualitative import Ranking, image_errors, occurring_classes, rank_images
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json
from pixcon_train.evaluation.iou import image_statistics

NAMES = [f"JPEGImages/2007_00{i}.jpg" for i in range(5)]
BASELINE = np.array([0.10, 0.40, 0.30, math.nan, 0.05])
OTHER = np.array([0.20, 0.10, 0.30, math.nan, 0.01])


def order(ranking: Ranking) -> list[int]:
    return [image.index for image in ranking.images]


@pytest.mark.parametrize(
    ("rank_by", "expected"),
    [("error-diff", [1, 4]), ("regressions", [0]), ("both", [1, 4, 0]), ("error", [2, 0, 1, 4])],
)
def test_hand_computed_orders(rank_by: str, expected: list[int]) -> None:
    ranking = rank_images(NAMES, BASELINE, OTHER, rank_by=rank_by)  # type: ignore[arg-type]
    assert order(ranking) == expected
    assert ranking.candidates == 4 and ranking.undefined == (NAMES[3],)
    assert ranking.images[0].delta == pytest.approx(float(OTHER[expected[0]] - BASELINE[expected[0]]))


def test_one_method_alone_is_ranked_by_its_own_error() -> None:
    ranking = rank_images(NAMES, BASELINE, rank_by="error", count=2)
    assert order(ranking) == [1, 2] and math.isnan(ranking.images[0].error_other)
    with pytest.raises(ConfigError, match="compares two methods"):
        rank_images(NAMES, BASELINE)
    assert "NaN" not in to_json(ranking.to_dict())


def test_random_is_a_choice_that_can_be_repeated() -> None:
    def draw(seed: int) -> list[int]:
        generator = np.random.default_rng(seed)
        return order(rank_images(NAMES, BASELINE, OTHER, rank_by="random", generator=generator))

    assert draw(0) == draw(0) and sorted(draw(0)) == [0, 1, 2, 4]
    assert len({tuple(draw(seed)) for seed in range(20)}) > 5
    with pytest.raises(ConfigError, match="needs a generator"):
        rank_images(NAMES, BASELINE, OTHER, rank_by="random")


def test_named_images_come_in_the_order_given_by_path_file_or_stem() -> None:
    chosen = ["2007_004", NAMES[0], "2007_003.jpg"]
    ranking = rank_images(NAMES, BASELINE, OTHER, rank_by="names", chosen=chosen, count=1)
    assert order(ranking) == [4, 0, 3]  # one without valid pixels may be looked at, if it is asked for


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("2007_00", "did you mean '2007_00"),
        ("zebra", "No image is called 'zebra' among the 6"),
        ("2007_001", "several"),
    ],
)
def test_a_name_that_means_no_image_or_several_is_an_error(name: str, says: str) -> None:
    names, errors = [*NAMES, "other/2007_001.jpg"], np.zeros(6)
    with pytest.raises(ConfigError, match=says):
        rank_images(names, errors, errors, rank_by="names", chosen=[name])


def test_an_unknown_ranking_and_missing_errors_are_refused() -> None:
    with pytest.raises(ConfigError, match="Unknown ranking `best`"):
        rank_images(NAMES, BASELINE, OTHER, rank_by="best")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one error per name"):
        rank_images(NAMES, BASELINE[:3], OTHER[:3])


def test_errors_from_image_statistics() -> None:
    truth = torch.tensor([[[0, 0, 1, 255]], [[1, 1, 1, 1]], [[255, 255, 255, 255]]])
    prediction = torch.tensor([[[0, 1, 1, 1]], [[0, 0, 0, 1]], [[0, 0, 0, 0]]])
    errors = image_errors(image_statistics(prediction, truth, truth != 255, 2).numpy())
    assert errors[:2].tolist() == [1 / 3, 3 / 4] and math.isnan(errors[2])
    assert errors.dtype == np.float64


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20), st.integers(1, 20))
def test_wins_of_one_are_regressions_of_the_other(errors: list, count: int) -> None:  # type: ignore[type-arg]
    first, second = (np.array(values) for values in zip(*errors, strict=True))
    names = [str(i) for i in range(len(errors))]
    wins = rank_images(names, first, second, rank_by="error-diff", count=count)
    losses = rank_images(names, second, first, rank_by="regressions", count=count)
    assert order(wins) == order(losses) and len(wins.images) == min(count, int((second < first).sum()))
    diffs = [-image.delta for image in wins.images]
    assert diffs == sorted(diffs, reverse=True) and all(diff > 0 for diff in diffs)
    rest = set(range(len(errors))) - set(order(wins))
    assert all(float(first[i] - second[i]) <= min([*diffs, 0] if len(diffs) < count else diffs) for i in rest)


def test_both_takes_half_of_each_and_no_tie() -> None:
    first = np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    second = np.array([0.4, 0.6, 0.5, 0.3, 0.8, 0.7])
    images = [str(i) for i in range(6)]
    assert order(rank_images(images, first, second, rank_by="both", count=4)) == [3, 0, 4, 5]
    assert order(rank_images(images, first, second, rank_by="both", count=3)) == [3, 0, 4]
    with pytest.raises(ConfigError, match="compares two methods"):
        rank_images(images, first, rank_by="both")


def test_classes_of_the_strip() -> None:
    assert occurring_classes([np.array([[3, 255]]), np.array([[0, 3]])], void=255) == (0, 3)
    assert occurring_classes([], void=255) == ()
