"""The matrix of classes and rules."""

import re
from typing import Any

import pytest

from pixcon_diag.reporting.page.coverage_matrix import MOST_CLASSES, NAMED, coverage_matrix

CLASSES = ["road", "tree", "boat"]


def bank(
    group: str, rule: str, fill: list[int], *, seed: int = 0, absent: tuple[int, ...] = (), stored: Any = None
) -> dict[str, Any]:
    coverage = {"bank_size": 10, "absent": list(absent), "classes": {"fill": fill}}
    classes = CLASSES if len(fill) == 3 else [f"class {k}" for k in range(len(fill))]
    return {
        "name": f"{group}-{seed}",
        "group": group,
        "rule": rule,
        "classes": classes,
        "coverage": coverage,
        "stored_bank": stored,
    }


def rows(html: str) -> list[list[str]]:
    body = html.split("<tbody>")[1]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]


def heads(html: str) -> list[str]:
    return re.findall(r"<th [^>]*>(.*?)</th>", html.split("<tbody>")[0])


def test_a_column_for_each_method_and_rule_and_the_stored_bank() -> None:
    stored = {"size": 10, "fill": [7, 8, 9]}
    html = coverage_matrix([bank("none", "clean", [10, 10, 4]), bank("none", "confidence", [10, 3, 0], stored=stored)])
    assert heads(html) == ["none", "class", "clean", "confidence", "stored"]
    assert rows(html) == [["road", "10", "10", "7"], ["tree", "10", "3", "8"], ["boat", "4", "✕ 0", "9"]]
    assert "colspan=3" in html


def test_colour_deepens_up_to_the_capacity() -> None:
    html = coverage_matrix([bank("none", "clean", [10, 5, 0])])
    assert re.findall(r"--depth: (\d+)%", html) == ["40", "20", "0"]
    assert re.findall(r'data-value="([\d.]+)"', html) == ["10.0", "5.0", "0.0"]


def test_seeds_are_averaged_and_starving_ones_counted() -> None:
    html = coverage_matrix([bank("none", "clean", [10, 4, 0], seed=0), bank("none", "clean", [10, 8, 6], seed=1)])
    assert rows(html) == [["road", "10"], ["tree", "6"], ["boat", "✕ 3 (1 of 2 seeds)"]]
    assert "1 of 3 classes starve in some seed: boat." in html


def test_sentences_name_the_classes_that_a_bank_lacks() -> None:
    banks = [
        bank("none", "clean", [10, 10, 0], absent=(2,)),
        bank("none", "labeled", [10, 10, 0], absent=(2,)),
        bank("none", "confidence", [10, 0, 0], absent=(2,)),
        bank("clean", "confidence", [10, 10, 10], absent=(2,)),
    ]
    assert re.findall("<li>(.*?)</li>", coverage_matrix(banks)) == [
        "none (clean, labeled): 1 of 3 classes starve: boat (in no image).",
        "none (confidence): 2 of 3 classes starve: tree, boat (in no image).",
        "clean (confidence): every class has entries.",
    ]
    assert rows(coverage_matrix(banks))[2][1:4] == ["in no image"] * 3
    assert rows(coverage_matrix(banks))[2][4] == "10"  # predicted there without being there


def test_a_sentence_names_few_classes() -> None:
    html = coverage_matrix([bank("none", "clean", [0] * (NAMED + 3))])
    assert f"class {NAMED - 1} and 3 more." in html and f"class {NAMED}," not in html


def test_a_class_that_starves_in_every_seed_is_red() -> None:
    html = coverage_matrix([bank("none", "clean", [0, 0, 5], seed=0), bank("none", "clean", [0, 8, 5], seed=1)])
    assert rows(html) == [["road", "✕ 0"], ["tree", "✕ 4 (1 of 2 seeds)"], ["boat", "5"]]
    assert html.count('class="n bad"') == 1  # red is illegible on the colour of entries


def test_many_classes_are_folded() -> None:
    assert "<details>" not in coverage_matrix([bank("none", "clean", [1] * MOST_CLASSES)])
    assert "<details>" in coverage_matrix([bank("none", "clean", [1] * 150)])


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", 'x" onload="y'])
def test_foreign_names_are_text(name: str) -> None:
    html = coverage_matrix([bank(name, "clean", [1, 2, 3]) | {"classes": [name, "a", "b"]}])
    assert "<script" not in html and 'onload="y' not in html


def test_nothing_without_a_bank() -> None:
    assert coverage_matrix([]) == ""
