import json
import math
import os
from pathlib import Path

import pytest

from pixcon_figures.saved import first_of_groups, legend_name, number, numbers, read_saved, rounded, shorten
from pixcon_train.core.errors import DataError


def test_null_is_nan() -> None:
    assert math.isnan(number(None)) and number(0.5) == 0.5
    assert numbers([1, None])[0] == 1 and math.isnan(numbers([1, None])[1])
    assert numbers([]).shape == (0,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No results at"),
        ("{", "cannot be read"),
        ("[]", "does not hold"),
        ('{"command": "tsne"}', "does not hold"),
    ],
)
def test_a_missing_damaged_or_foreign_file_is_one_clear_message(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "geometry.json").write_text(text)
    with pytest.raises(DataError, match=said) as error:
        read_saved(tmp_path, "geometry")
    assert "geometry.json" in str(error.value) and "pixcon-diag geometry" in str(error.value)


def test_more_than_fits_a_figure_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tau.json").write_text(json.dumps({"command": "tau", "results": [{}] * 301}))
    with pytest.raises(DataError, match="holds 301 results, and figures show at most 300"):
        read_saved(tmp_path, "tau")


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    (file := tmp_path / "tau.json").touch()
    os.truncate(file, 2**40)
    with pytest.raises(DataError, match=r"tau\.json cannot be read: .*1,099,511,627,776 bytes"):
        read_saved(tmp_path, "tau")


def test_the_first_of_each_group_and_rule() -> None:
    results = [{"group": "a", "rule": rule, "seed": seed} for seed in (0, 1) for rule in ("clean", "labeled")]
    results += [{"group": "b", "rule": "clean", "seed": 5}]
    assert [(label, result["rule"], result["seed"]) for label, result in first_of_groups(results)] == [
        ("a (first of 2 seeds)", "clean", 0),
        ("a (first of 2 seeds)", "labeled", 0),
        ("b", "clean", 5),
    ]


def test_numbers_and_names_as_shown() -> None:
    assert [
        rounded(-0.126, 2),
        rounded(0.5, 1, sign=True),
        rounded(None, 2),
        rounded(math.nan, 2),
    ] == [
        "−0.13",
        "+0.5",
        "–",
        "–",
    ]
    assert legend_name("none", 1) == "none" and legend_name("none", 3) == "none (3 seeds)"


@pytest.mark.parametrize("most", [2, 7, 8])
def test_a_shortened_name_fits(most: int) -> None:
    assert shorten("abc", 3) == "abc"
    short = shorten("abcdefghij", most)
    assert len(short) == most and "…" in short
