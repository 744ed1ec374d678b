import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixcon_diag.measures.per_class import per_class
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json

NAN = float("nan")
CLASSES = ("road", "car", "sign")
BASELINE = [[0.90, 0.50, 0.70], [0.92, 0.52, 0.60], [0.94, 0.54, 0.50]]
OTHER = [[0.91, 0.49, 0.68], [0.94, 0.53, 0.59], [0.97, 0.58, 0.49]]

TABLE_6 = """chair 46.6 49.4 62.8 65.3|sofa 54.9 59.5 71.5 74.4|diningtable 61.2 60.1 75.1 76.1
pottedplant 71.4 73.2 64.2 65.3|tvmonitor 72.6 68.5 69.8 73.7|bicycle 81.3 82.3 81.9 82.4|bottle 83.7 84.6 84.6 84.5
boat 85.9 86.1 82.7 83.1|car 90.3 90.6 90.8 92.6|person 90.7 91.2 93.0 93.9|aeroplane 91.3 92.9 94.1 95.7
motorbike 91.6 90.6 91.8 93.2|train 94.2 94.1 93.6 94.2|horse 94.7 94.8 96.4 96.2|sheep 94.7 95.6 96.4 96.6
bird 94.8 94.6 96.7 95.7|dog 94.8 96.2 96.1 96.5|bus 95.4 93.5 95.3 95.7|background 95.5 95.7 96.8 96.9
cat 95.7 95.8 95.9 96.4|cow 96.5 96.8 97.7 97.7"""
"""The paper's, in its order: class, then U and P at 1/16, then U and P at 1/8."""


def test_hand_computed_table() -> None:
    result = per_class(CLASSES, BASELINE, OTHER)
    assert [row.name for row in result.rows] == ["car", "sign", "road"]  # 0.52, 0.60, 0.92
    car, sign, road = result.rows
    assert (car.baseline, car.other) == pytest.approx((0.52, 0.5333333))
    assert car.seed_deltas == pytest.approx((-0.01, 0.01, 0.04)) and car.improved == 2
    assert car.delta_std == pytest.approx(statistics.stdev([-0.01, 0.01, 0.04]))
    assert road.delta == pytest.approx(0.02) and road.delta_std == pytest.approx(0.01)
    assert result.improved_on_all == ("road",) and result.worsened_on_all == ("sign",)
    assert sign.index == 2 and result.paired and result.mean.index == -1
    assert result.mean.baseline == pytest.approx(2.04 / 3)
    assert result.mean.seed_deltas == pytest.approx((-0.02 / 3, 0.02 / 3, 0.06 / 3))


def test_table_6_of_the_paper() -> None:
    """From its own columns: its last line, its order, and its deltas, each within the rounding of one digit."""
    rows = [line.split() for line in TABLE_6.replace("|", "\n").splitlines()]
    names = [row[0] for row in rows]
    columns = [[float(row[i]) / 100 for row in rows] for i in range(1, 5)]
    sixteenth, eighth = per_class(names, columns[:1], columns[1:2]), per_class(names, columns[2:3], columns[3:])
    assert [row.name for row in sixteenth.rows] == names
    assert [100 * value for value in (sixteenth.mean.baseline, sixteenth.mean.other)] == pytest.approx(
        [84.66, 85.05], abs=0.05
    )
    assert [100 * value for value in (eighth.mean.baseline, eighth.mean.other)] == pytest.approx(
        [87.01, 87.90], abs=0.05
    )
    assert 100 * eighth.mean.delta == pytest.approx(0.89, abs=0.1)
    largest = max(eighth.rows, key=lambda row: row.delta)
    assert largest.name == "tvmonitor" and 100 * largest.delta == pytest.approx(3.9)
    assert math.isnan(largest.delta_std)  # one value each: the paper gives no seeds here


def test_an_undefined_class_is_last_and_has_no_delta() -> None:
    result = per_class(CLASSES, [[0.9, NAN, 0.1]], [[0.8, 0.0, 0.3]])
    assert [row.name for row in result.rows] == ["sign", "road", "car"]
    assert result.undefined == ("car",) and math.isnan(result.rows[-1].delta)
    assert result.improved_on_all == ("sign",)
    assert '"delta": null' in to_json(result.to_dict())


def test_the_miou_is_each_run_s_own_and_means_of_common_classes_have_another_name() -> None:
    """A class that one method alone predicts counts 0 in its mIoU, as everywhere, and is no class of the other's."""
    result = per_class(CLASSES, [[0.9, NAN, 0.1]], [[0.8, 0.0, 0.3]])
    assert (result.mean.name, result.mean.baseline, result.mean.other) == ("mIoU", 0.5, pytest.approx(1.1 / 3))
    assert result.mean.delta == pytest.approx(1.1 / 3 - 0.5) and result.mean.seed_deltas == (result.mean.delta,)
    assert result.common is not None and (result.common.index, result.common.name) == (-1, "mean of 2 classes")
    assert (result.common.baseline, result.common.other) == pytest.approx((0.5, 0.55))
    nowhere = per_class(CLASSES, [[0.9, NAN, 0.1]], [[0.8, NAN, 0.3]])
    assert nowhere.common is None and nowhere.undefined == ("car",)
    assert (nowhere.mean.baseline, nowhere.mean.other) == pytest.approx((0.5, 0.55))
    assert per_class(CLASSES, BASELINE, OTHER).common is None


def test_a_class_that_stays_equal_in_one_pair_is_worse_or_better_on_none() -> None:
    result = per_class(("a", "b"), [[0.5, 0.5], [0.6, 0.5]], [[0.5, 0.5], [0.5, 0.6]])
    assert result.worsened_on_all == result.improved_on_all == ()
    assert [(row.name, row.improved) for row in result.rows] == [("b", 1), ("a", 0)]


def test_no_class_in_common() -> None:
    result = per_class(CLASSES, [[0.9, NAN, NAN]], [[NAN, 0.2, NAN]])
    assert (result.mean.baseline, result.mean.other) == (0.9, 0.2)
    assert result.common is not None and math.isnan(result.common.baseline) and math.isnan(result.common.delta)


def test_unequal_numbers_of_seeds_have_means_but_no_pairs() -> None:
    result = per_class(CLASSES, BASELINE, OTHER[:2])
    assert not result.paired and (result.baseline_seeds, result.other_seeds) == (3, 2)
    assert result.rows[-1].delta == pytest.approx(0.925 - 0.92) and math.isnan(result.rows[-1].delta_std)
    assert result.improved_on_all == () and result.rows[-1].seed_deltas == ()


def test_equal_classes_stay_in_class_order() -> None:
    assert [row.name for row in per_class("abc", [[0.5, 0.5, 0.5]], [[0.1, 0.2, 0.3]]).rows] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("baseline", "other", "message"),
    [
        ([], OTHER, "The baseline has no run"),
        (BASELINE, [], "The other method has no run"),
        ([[0.5]], OTHER, "Run 1 of the baseline has 1 class IoUs, expected 3"),
        (BASELINE, [[0.1] * 3, [0.1] * 4], "Run 2 of the other method has 4 class IoUs, expected 3"),
    ],
)
def test_missing_seeds_or_classes_are_errors(baseline: list, other: list, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ConfigError, match=message):
        per_class(CLASSES, baseline, other)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=12), st.randoms(use_true_random=False)
)
def test_classes_can_be_permuted_and_methods_swapped(ious: list, random: object) -> None:  # type: ignore[type-arg]
    names = [str(k) for k in range(len(ious))]
    first, second = [a for a, _ in ious], [b for _, b in ious]
    result = per_class(names, [first, second], [second, second])
    order = list(range(len(ious)))
    random.shuffle(order)  # type: ignore[attr-defined]
    permuted = [[values[k] for k in order] for values in (first, second)]
    again = per_class([names[k] for k in order], permuted, [permuted[1], permuted[1]])
    assert {row.name: row.delta for row in again.rows} == {row.name: row.delta for row in result.rows}
    swapped = per_class(names, [second, second], [first, second])
    assert {row.name: -row.delta for row in swapped.rows} == {row.name: row.delta for row in result.rows}
    assert result.improved_on_all == ()  # the second pair is equal
