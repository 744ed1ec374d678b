"""The two kinds of noise as rows of their own."""

import math
from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.analyses.compare import compare_result, difference_table
from pixcon_diag.analyses.compare_short import ONE_START, STARTS, conclusion, short_table
from pixcon_diag.measures.comparison import ComparisonRow, Quantity, compare
from pixcon_diag.measures.uncertainty import pooled_ratio
from pixcon_diag.passes.predictions import MeasuredGroup
from pixcon_diag.statistics.spread import Spread
from tests.pixcon_diag.analyses.made import ODD, column, predictions, sound

IMAGES = 20
"""As few as a verdict needs."""
COUNTS = ((70, 0, 0), (70, 15, 15), (100, 0, 0))


def group(name: str) -> MeasuredGroup:
    return MeasuredGroup(name, (predictions(f"{name} 0", COUNTS), predictions(f"{name} 1", COUNTS)))


def errors(*wrong: int, pixels: int = 100) -> Quantity:
    """Of each seed 20 images with so many of 100 pixels wrong: they do not differ, so that intervals are points."""
    rows = tuple(np.array([[pixels, count]] * IMAGES) for count in wrong)
    values = tuple(count / pixels if pixels else math.nan for count in wrong)
    return Quantity("error", "fraction", False, values, rows, pooled_ratio(1, 0))


def plain(name: str, *values: float, higher: bool = True) -> Quantity:
    return Quantity(name, "number", higher, values)


def rows(first: Quantity, second: Quantity) -> list[ComparisonRow]:
    return compare([first], [second], draws=20)


def test_images_and_seeds_are_separate_rows() -> None:
    found = rows(errors(30, 32, 34), errors(20, 26, 20))
    table = difference_table("none", "clean", "fraction", found, "name")
    assert column(table, "noise") == ["images (95%)", "seeds"] and column(table, "measure") == ["error (↓)"] * 2
    images, seeds = table.rows
    assert images[2:8] == (pytest.approx(0.32), pytest.approx(0.22), *[pytest.approx(-0.1)] * 3, "better")
    assert images[8:] == (None, None, None)
    assert isinstance(seeds[2], Spread) and seeds[2].mean == pytest.approx(0.32) and seeds[2].std == pytest.approx(0.02)
    assert seeds[5:] == (None, None, "3/3", 0.125, 0.125, 0.125)
    assert table.texts() == [
        ["error (↓)", "images (95%)", "32.00", "22.00", "-10.00", "-10.00", "-10.00", "better", "–", "–", "–"],
        ["error (↓)", "seeds", "32.00 ± 2.00", "22.00 ± 3.46", "-10.00", "–", "–", "3/3", "0.125", "0.125", "0.125"],
    ]


def test_better_means_the_measurement_s_own_direction() -> None:
    assert column(difference_table("a", "b", "fraction", rows(errors(20), errors(30)), "n"), "better") == ["worse"]
    assert column(difference_table("a", "b", "fraction", rows(errors(20), errors(20)), "n"), "better") == ["identical"]
    higher = difference_table("a", "b", "number", rows(plain("m", 1.0, 2.0), plain("m", 2.0, 1.5)), "n")
    lower = difference_table(
        "a", "b", "number", rows(plain("m", 1, 2, higher=False), plain("m", 2, 1.5, higher=False)), "n"
    )
    assert column(higher, "better") == column(lower, "better") == ["1/2"]
    assert column(higher, "measure") == ["m (↑)"] and column(lower, "measure") == ["m (↓)"]


def test_what_is_undefined_is_not_said_to_be_inside(tmp_path: Path) -> None:
    found = rows(errors(0, pixels=0), errors(0, pixels=0))
    table = difference_table("a", "b", "fraction", found, "n")
    assert table.texts() == [["error (↓)", "images (95%)", *["–"] * 6]]
    content = sound(compare_result([group("a"), group("b")], {"b": found}), tmp_path)
    assert content["comparisons"][0]["rows"][0]["image_noise"]["low"] is None


def test_groups_of_other_sizes_have_no_test() -> None:
    table = difference_table("a", "b", "number", rows(plain("m", 1.0, 2.0), plain("m", 3.0)), "n")
    assert table.texts() == [["m (↑)", "seeds", "1.5000 ± 0.7071", "3.0000", "+1.5000", *["–"] * 6]]


def test_each_method_and_unit_has_a_table_and_a_file_of_its_own(tmp_path: Path) -> None:
    count = Quantity("classes", "count", True, (2.0,))
    found = [*rows(errors(30), errors(20)), *rows(plain("m", 1.0), plain("m", 2.0)), *rows(count, count)]
    groups = [group(name) for name in ("none", ODD, "a/b", "a b")]
    result = compare_result(groups, {other.name: found for other in groups[1:]})
    content = sound(result, tmp_path)
    assert len(result.tables) == 9 and len(list(tmp_path.glob("compare_*_fractions.csv"))) == 3
    assert len(list(tmp_path.glob("compare_*_fractions_short.csv"))) == 3
    assert content["baseline"] == "none"
    assert [comparison["other"] for comparison in content["comparisons"]] == [
        ODD,
        "a/b",
        "a b",
    ]
    assert content["comparisons"][0]["rows"][1]["unit"] == "number"
    assert [provenance["checkpoint"]["sha256"] for provenance in content["provenance"]["none"]] == [
        "hash of none 0",
        "hash of none 1",
    ]
    assert result.tables[2].texts() == [["classes (↑)", "2", "2", "+0"]]
    assert len(result.summary) == 6 and result.summary[0].startswith(
        f"error: {ODD} is better than none, Δ = -10.00 points ("
    )


def test_one_seed_each_has_no_rows_and_no_tests_over_seeds() -> None:
    table = difference_table("none", "clean", "fraction", rows(errors(30), errors(20)), "n")
    assert column(table, "noise") == ["images (95%)"] and "p_sign" not in {column.key for column in table.columns}
    plainly = difference_table("none", "clean", "number", rows(plain("m", 1.0), plain("m", 2.0)), "n")
    assert plainly.texts() == [["m (↑)", "plain", "1.0000", "2.0000", "+1.0000", "–", "–", "–"]]
    uneven = difference_table("none", "clean", "fraction", rows(errors(30, 31), errors(20)), "n")
    assert column(uneven, "noise") == ["images (95%)", "seeds"]


def test_means_over_different_classes_are_named() -> None:
    def mean(name: str, *classes: tuple[int, ...]) -> Quantity:
        return Quantity(name, "number", True, (0.5,) * len(classes), classes=classes)

    found = compare(
        [mean("mIoU", (0, 1)), mean("macro", (0, 1))], [mean("mIoU", (0, 1)), mean("macro", (0, 1, 2))], draws=20
    )
    notes = short_table("none", "clean", "number", found, "name").notes
    assert [note.endswith("classes: macro.") for note in notes].count(True) == 1
    same = short_table("none", "clean", "number", found[:1], "name").notes
    assert not any("same classes" in note for note in same)


def mixed(images: int, *, seed: int = 0) -> Quantity:
    """Errors that vary over images, without a difference between seeds."""
    wrong = np.random.default_rng(seed).integers(20, 40, images)
    return Quantity(
        "error", "fraction", False, (0.3,), (np.stack((np.full(images, 100), wrong), 1),), pooled_ratio(1, 0)
    )


@pytest.mark.parametrize(("images", "word"), [(4, "too few images"), (19, "too few images"), (20, "undecided")])
def test_few_images_have_no_verdict(images: int, word: str) -> None:
    found = rows(mixed(images), mixed(images, seed=1))
    assert column(short_table("a", "b", "fraction", found, "n"), "verdict") == [word]
    assert column(difference_table("a", "b", "fraction", found, "n"), "better") == [word]
    first, others = conclusion("a", "b", found)
    if images < IMAGES:
        assert "b is compared with a" in first and "too few for a verdict: 20 are needed)" in first
        assert others == "Of 1 measurements, 1 without a verdict, for which 20 images are needed."
    else:
        assert "b is not told apart from a" in first and others == "Of 1 measurements, 1 undecided."


def test_four_images_that_all_differ_are_no_verdict() -> None:
    first, second = (np.array([[100, wrong]] * 4) for wrong in (30, 20))
    quantities = (Quantity("error", "fraction", False, (0.3,), (each,), pooled_ratio(1, 0)) for each in (first, second))
    assert column(difference_table("a", "b", "fraction", rows(*quantities), "n"), "better") == ["too few images"]


def test_the_miou_says_what_its_images_find() -> None:
    """Two images that differ by 10 and 20 of 100 pixels: the half-width is 5 points, of which 7.15 are found."""
    counts = (np.array([[100, 30], [100, 40]]), np.array([[100, 20], [100, 20]]))
    first, second = (Quantity("mIoU", "fraction", True, (0.5,), (array,), pooled_ratio(1, 0)) for array in counts)
    notes = short_table("a", "b", "fraction", rows(first, second), "n").notes
    assert any("mIoU: these 2 images find a difference of 7.15 points" in note for note in notes)
    assert any("one point needs 103 images" in note for note in notes)


def test_the_test_of_many_seeds_is_said_to_be_random() -> None:
    many = plain("m", *range(21))
    assert any(
        "99,999 random patterns of signs" in note
        for note in difference_table("a", "b", "number", rows(many, many), "n").notes
    )
    few = plain("m", *range(20))
    assert not any("random" in note for note in difference_table("a", "b", "number", rows(few, few), "n").notes)


def test_the_short_table_has_a_row_for_each_measurement() -> None:
    one = short_table("none", "clean", "fraction", rows(errors(30), errors(20)), "n")
    assert [column.head for column in one.columns] == ["measure", "none", "clean", "Δ", "low", "high", "verdict"]
    assert one.texts() == [["error (↓)", "30.00", "20.00", "-10.00", "-10.00", "-10.00", "better"]]
    three = short_table("none", "clean", "fraction", rows(errors(30, 32, 34), errors(20, 26, 40)), "n")
    assert three.texts()[0][3:] == ["-3.33", "-3.33", "-3.33", "better", "2/3"]
    plainly = short_table("none", "clean", "number", rows(plain("m", 1.0), plain("m", 2.0)), "n")
    assert plainly.texts() == [["m (↑)", "1.0000", "2.0000", "+1.0000"]]
    assert any("Without an interval" in note for note in plainly.notes)


def test_the_conclusion_names_the_difference_its_noise_and_what_else_differs() -> None:
    found = [*rows(errors(30), errors(20)), *rows(errors(30), errors(40)), *rows(plain("m", 1.0), plain("m", 2.0))]
    first, second = conclusion("none", "clean", found)
    assert first == (
        "error: clean is better than none, Δ = -10.00 points (95% over 20 images: -10.00 to -10.00). One seed each, so "
        "the noise of training is unknown."
    )
    assert second == (
        "Of 3 measurements, clean is better in 1 (error) and worse in 1 (error), beyond the noise of images; 1 without "
        "an interval."
    )
    equal, others = conclusion("none", "clean", rows(errors(30), errors(30)))
    assert "clean is identical to none" in equal and others == "Of 1 measurements, 1 identical in both."
    (seeds, _) = conclusion("none", "clean", rows(errors(30, 32, 34), errors(20, 26, 40)))
    assert "better on 2 of 3 seeds (one-sided sign test p = 0.500; the least possible is 0.125)." in seeds
    assert seeds.endswith(
        "Standard deviation of the paired differences 8.33 points, correlation of the seeds 0.97: measured on these 3 "
        "pairs, a difference needs 1.6 times fewer seeds than with independent ones."
    )
    (alone,) = conclusion("none", "clean", rows(plain("m", 1.0), plain("m", 2.0)))
    assert alone.startswith("m: clean is compared with none, Δ = +1.0000.")


def test_forks_of_one_checkpoint_are_counted_once_and_said_to_be() -> None:
    first, second = errors(30, 32, 34, 36), errors(20, 26, 40, 30)
    found = compare([first], [second], starts=["a", "a", "b", "c"], draws=10)
    (said, _) = conclusion("none", "clean", found)
    assert "better on 2 of 3 starts, the means of 4 pairs of forks (one-sided sign test p = 0.500;" in said
    table = short_table("none", "clean", "fraction", found, "n")
    assert column(table, "seeds") == ["2/3"] and STARTS in table.notes
    assert STARTS in difference_table("none", "clean", "fraction", found, "n").notes
    assert STARTS not in short_table("none", "clean", "fraction", rows(first, second), "n").notes
    alone = compare([first], [second], starts=["a"] * 4, draws=10)
    table = short_table("none", "clean", "fraction", alone, "n")
    assert column(table, "seeds") == ["3/4"] and ONE_START in table.notes and STARTS not in table.notes
