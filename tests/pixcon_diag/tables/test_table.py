"""Tables as text: every kind of cell, and what must not be taken for markup."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixcon_diag.statistics import Spread
from pixcon_diag.tables.table import _LATEX, Cell, Column, Kind, Table, latex_text, to_latex, to_markdown

NAN = math.nan


def made(*rows: tuple[Cell, ...], **options: Any) -> Table:
    columns = (Column("name", "checkpoint"), Column("rho_f", "ρ_F", "number"), Column("pixels", "px", "count"))
    return Table("t", "A title", columns, rows, **options)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("text", "a b", "a b"),
        ("text", 0.95, "0.95"),
        ("text", 7, "7"),
        ("text", True, "True"),
        ("count", 1234567, "1,234,567"),
        ("count", 3.0, "3"),
        ("count", np.int64(1000), "1,000"),
        ("number", 0.01849, "0.0185"),
        ("number", 2, "2.0000"),
        ("delta", 0.01, "+0.0100"),
        ("delta", -0.01, "-0.0100"),
        ("per_cent", 0.98765, "98.77"),
        ("points", 0.0123, "+1.23"),
        ("points", -0.0123, "-1.23"),
        ("number", Spread(0.5, 0.25), "0.5000 ± 0.2500"),
        ("per_cent", Spread(0.5, 0.025), "50.00 ± 2.50"),
        ("points", Spread(0.5, 0.025), "+50.00 ± 2.50"),
        ("count", Spread(1234.5, 2.0), "1,234.5 ± 2.0"),
        ("number", Spread(0.5, NAN), "0.5000"),
        ("number", Spread(NAN, 0.5), "–"),
    ],
)
def test_every_kind_has_its_text(kind: Kind, value: Cell, text: str) -> None:
    assert Column("x", "x", kind).text(value) == text


@pytest.mark.parametrize("kind", ["text", "count", "number", "delta", "per_cent", "points"])
@pytest.mark.parametrize("value", [None, NAN, math.inf, "", Spread(NAN, NAN), np.float32("nan")])
def test_what_is_undefined_is_a_dash_and_never_zero(kind: Kind, value: Any) -> None:
    assert Column("x", "x", kind).text(value) == "–"


def test_decimals_can_be_asked_for() -> None:
    assert Column("x", "x", "per_cent", 1).text(0.12345) == "12.3"
    assert Column("x", "x", "per_cent", 0).text(Spread(0.5, 0.125)) == "50 ± 12"


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="has 3 columns, but a row of 2 cells"):
        made(("a", 0.5))
    with pytest.raises(ValueError, match="has 1 rows, but says of 2 where from"):
        made(("a", 0.5, 1), about=({}, {}))


def test_records_are_full_values_after_where_they_come_from() -> None:
    table = made(("a", 1 / 3, 2), ("b", Spread(0.5, 0.25), None), about=({"sha256": "f0"}, {"sha256": "f1"}))
    assert table.records() == [
        {"sha256": "f0", "name": "a", "rho_f": 1 / 3, "pixels": 2},
        {"sha256": "f1", "name": "b", "rho_f": 0.5, "rho_f_std": 0.25, "pixels": None},
    ]
    assert list(table.records()[0]) == ["sha256", "name", "rho_f", "pixels"]
    assert made(("a", 0.5, 1)).records() == [{"name": "a", "rho_f": 0.5, "pixels": 1}]


def test_markdown() -> None:
    assert to_markdown(made(("run", 0.5, 1000), notes=("First.", "Second."))).splitlines() == [
        "**A title**",
        "",
        "| checkpoint | ρ_F | px |",
        "| --- | ---: | ---: |",
        "| run | 0.5000 | 1,000 |",
        "",
        "First.",
        "",
        "Second.",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a|b", r"a\|b"),
        ("__init__", r"\_\_init\_\_"),
        ("farm_clean_0", "farm_clean_0"),
        ("<b>*x*`y`", r"\<b>\*x\*\`y\`"),
        ("two\nlines", "two lines"),
        (r"a\b", r"a\\b"),
    ],
)
def test_names_are_no_markup_in_markdown(name: str, text: str) -> None:
    row = to_markdown(made((name, 0.5, 1))).splitlines()[4]
    assert row == f"| {text} | 0.5000 | 1 |"


def test_latex() -> None:
    table = made(("run_1 & 50%", Spread(0.5, 0.25), 1000), notes=("ρ_F is wrong / retained.",))
    assert to_latex(table).splitlines() == [
        r"\begin{table}",
        r"\centering",
        r"\caption{A title.}",
        r"\label{tab:t}",
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"checkpoint & $\rho_F$ & px \\",
        r"\midrule",
        r"run\_1 \& 50\% & 0.5000 $\pm$ 0.2500 & 1,000 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\medskip{\footnotesize $\rho_F$ is wrong / retained.\par}",
        r"\end{table}",
    ]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("macro ρ_F at τ = 0.95", r"macro $\rho_F$ at $\tau$ = 0.95"),
        ("‖g_F‖/‖g_T‖ of a bank", r"$\|g_F\|/\|g_T\|$ of a bank"),
        ("law ρ_F/(1−ρ_F)", r"law $\rho_F/(1-\rho_F)$"),
        ("cos(g_F, g_T)", "cos($g_F$, $g_T$)"),
        ("my_ρ_F and run_g_F2", r"my\_$\rho$\_F and run\_g\_F2"),
    ],
)
def test_a_symbol_is_one_formula_and_a_name_is_none(text: str, latex: str) -> None:
    assert latex_text(text) == latex


def test_headings_of_two_levels_stay_two_in_latex_and_one_elsewhere() -> None:
    columns = (
        Column("name", "checkpoint"),
        Column("a", "band", "number", over="ρ_F"),
        Column("b", "interior", "number", over="ρ_F"),
        Column("c", "px", "count"),
    )
    table = Table("t", "T", columns, (("x", 0.1, 0.2, 3),))
    lines = to_latex(table).splitlines()
    assert lines[lines.index(r"\toprule") + 1 :][:4] == [
        r" & \multicolumn{2}{c}{$\rho_F$} &  \\",
        r"\cmidrule(lr){2-3}",
        r"checkpoint & band & interior & px \\",
        r"\midrule",
    ]
    assert "| checkpoint | ρ_F band | ρ_F interior | px |" in to_markdown(table)


def test_every_special_character_is_plain_text_in_latex() -> None:
    assert latex_text(r"\{}~^#$") == r"\textbackslash{}\{\}\textasciitilde{}\textasciicircum{}\#\$"
    assert latex_text("a<b>c|d") == r"a\textless{}b\textgreater{}c\textbar{}d"
    # At the beginning of a row these would be arguments of the row break before it.
    assert (latex_text("[x]"), latex_text("*x")) == ("{[}x]", "{*}x")


def test_every_sign_that_tables_use_has_its_latex() -> None:
    """Other than accented letters, which LaTeX reads as they are."""
    folder = Path(__file__).parents[3] / "pixcon_diag"
    texts = [path.read_text(encoding="utf-8") for path in (folder / "report").glob("*.py")]
    signs = set(re.findall(r"[^\x00-ſ]|[±×·÷]", "".join(texts) + "–"))
    assert signs - _LATEX.keys() == set()
