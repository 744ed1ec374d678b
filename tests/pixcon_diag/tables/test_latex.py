"""Tables in LaTeX: what must not be taken for markup, and symbols as formulas."""

import re
from pathlib import Path

import pytest

from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.latex import _LATEX, latex_text, to_latex
from tests.pixcon_diag.tables.made import TWO_LEVELS, made


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


def test_headings_of_two_levels_stay_two() -> None:
    lines = to_latex(TWO_LEVELS).splitlines()
    assert lines[lines.index(r"\toprule") + 1 :][:4] == [
        r" & \multicolumn{2}{c}{$\rho_F$} &  \\",
        r"\cmidrule(lr){2-3}",
        r"checkpoint & band & interior & px \\",
        r"\midrule",
    ]


def test_every_special_character_is_plain_text_in_latex() -> None:
    assert latex_text(r"\{}~^#$") == r"\textbackslash{}\{\}\textasciitilde{}\textasciicircum{}\#\$"
    assert latex_text("a<b>c|d") == r"a\textless{}b\textgreater{}c\textbar{}d"
    # At the beginning of a row these would be arguments of the row break before it.
    assert (latex_text("[x]"), latex_text("*x")) == ("{[}x]", "{*}x")


def test_every_sign_that_tables_use_has_its_latex() -> None:
    """Other than accented letters, which LaTeX reads as they are."""
    folder = Path(__file__).parents[3] / "pixcon_diag"
    texts = [path.read_text(encoding="utf-8") for path in (folder / "analyses").glob("*.py")]
    signs = set(re.findall(r"[^\x00-ſ]|[±×·÷]", "".join(texts) + "–"))
    assert signs - _LATEX.keys() == set()
