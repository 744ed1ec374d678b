"""Table 6 from counts made by hand."""

import math
from pathlib import Path

import pytest
from scipy.stats import ttest_1samp

from pixcon_diag.analyses.per_class import per_class_result
from pixcon_diag.passes.predictions import MeasuredGroup
from pixcon_train.core.errors import ConfigError
from tests.pixcon_diag.analyses.made import ODD, column, predictions, sound


def group(name: str, *hits: tuple[int, int, int], truth: tuple[int, int, int] = (100, 100, 100)) -> MeasuredGroup:
    """A seed for each triple: of each class so many of ``truth`` pixels are right; what is predicted is right."""
    return MeasuredGroup(name, tuple(predictions(f"{name} {i}", (hit, hit, truth)) for i, hit in enumerate(hits)))


def test_table_6_sorts_by_the_baseline_and_counts_seeds() -> None:
    result = per_class_result([
        group("none", (50, 90, 70), (60, 90, 70), (70, 90, 70)),
        group("clean", (55, 80, 70), (70, 85, 75), (80, 80, 65)),
    ])  # fmt: skip
    table, tests = result.tables
    assert column(table, "class") == ["ground", "dog", "cat", "mIoU"]
    assert column(table, "baseline") == pytest.approx([0.6, 0.7, 0.9, 2.2 / 3])
    assert column(table, "delta") == pytest.approx([0.25 / 3, 0, -0.25 / 3, 0], abs=1e-12)
    deltas = (0.05, 0.1, 0.1)
    std = math.sqrt(sum((d - 0.25 / 3) ** 2 for d in deltas) / 2)
    assert column(table, "delta_std")[0] == pytest.approx(std)
    assert column(table, "improved")[:3] == ["3/3", "1/3", "0/3"]
    assert table.texts()[0] == ["ground", "60.00", "68.33", "+8.33", "2.89", "3/3"]
    assert "1 improve on every seed (ground), 1 worsen on every seed (cat)" in table.notes[2]
    by_class = ([0.05, 0.1, 0.1], [0, -0.05, 0.05], [-0.1, -0.05, -0.1])
    assert column(tests, "p_seeds") == pytest.approx([ttest_1samp(row, 0).pvalue for row in by_class])
    assert "attains p = 0.25 at best, and needs 7 seeds for one of 3 classes" in tests.notes[-1]
    assert result.content["provenance"]["none"][2]["checkpoint"]["source"] == "runs/none 2/best_ema.pth"


def test_one_seed_has_no_deviation_and_unequal_groups_no_pairs() -> None:
    single, tests = per_class_result([group("a", (50, 90, 70)), group("b", (60, 80, 70))]).tables
    assert column(single, "improved") == ["1/1", "0/1", "0/1", "0/1"] and single.texts()[0][4] == "–"
    assert len(single.notes) == 2 and single.notes[1].startswith("One seed each")
    assert [column.title for column in tests.columns[4:]] == ["over images p", "over images Holm", "over images BH"]
    assert "No test over seeds" in tests.notes[-1]
    uneven, tests = per_class_result([group("a", (50, 90, 70)), group("b", (60, 80, 70), (70, 80, 70))]).tables
    assert len(tests.columns) == 4 and "No test over images" in tests.notes[-2]
    assert column(uneven, "improved") == [None] * 4 and column(uneven, "delta")[0] == pytest.approx(0.15)
    assert uneven.notes[1].startswith("Means and sample standard deviation over seeds (1, 2)")


def test_a_class_that_is_nowhere_is_undefined_and_not_in_the_miou(tmp_path: Path) -> None:
    absent = (100, 100, 0)
    result = per_class_result([group("a", (50, 90, 0), truth=absent), group("b", (60, 80, 0), truth=absent)])
    table, tests = result.tables
    assert tests.texts()[2][2:] == ["–"] * 5
    assert table.texts()[2] == ["dog", "–", "–", "–", "–", "–"]
    assert table.texts()[3][:4] == ["mIoU", "70.00", "70.00", "+0.00"]
    assert table.notes[-1] == "Classes without an IoU in any run, left out of the mIoU: dog."
    content = sound(result, tmp_path)
    assert content["comparisons"][0]["per_class"]["rows"][2]["baseline"] is None


def test_the_miou_is_the_number_that_the_runs_have_everywhere() -> None:
    """`b` predicts a class that is nowhere: 0 in its mIoU; `a` does not, and its mIoU is of two classes."""
    first = group("a", (50, 90, 0), truth=(100, 100, 0))
    second = MeasuredGroup("b", (predictions("b", ((60, 80, 0), (70, 90, 40), (100, 100, 0))),))
    table, _ = per_class_result([first, second]).tables
    mious = [method.members[0].iou.miou() for method in (first, second)]
    assert mious[0] == pytest.approx(0.7) and mious[1] < 0.5
    common, miou = table.rows[-2:]
    assert miou[:4] == ("mIoU", *(pytest.approx(miou) for miou in mious), pytest.approx(mious[1] - mious[0]))
    ious = second.members[0].iou.iou
    assert common[:3] == ("mean of 2 classes", pytest.approx(0.7), pytest.approx((ious[0] + ious[1]) / 2))
    assert "differ between runs" in table.notes[-1] and "'mean of 2 classes'" in table.notes[-1]


def test_every_other_method_has_a_table_and_a_file_of_its_own(tmp_path: Path) -> None:
    groups = [group(name, (50, 90, 70)) for name in ("none", ODD, "a b", "a/b")]
    content = sound(per_class_result(groups), tmp_path)
    assert [(comparison["baseline"], comparison["other"]) for comparison in content["comparisons"]] == [
        ("none", ODD),
        ("none", "a b"),
        ("none", "a/b"),
    ]
    assert len(list(tmp_path.glob("per-class_*.csv"))) == 3


def test_one_method_has_no_differences() -> None:
    with pytest.raises(ConfigError, match=r"need two methods.*name=path,path"):
        per_class_result([group("a", (50, 90, 70))])
