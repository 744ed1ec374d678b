"""A table in LaTeX, for the booktabs package."""

import re
from collections.abc import Sequence
from itertools import groupby

from pixcon_diag.tables.table import AnyColumn, Table

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "–": "--", "−": "$-$", "→": r"$\rightarrow$",
    "Δ": r"$\Delta$", "ρ": r"$\rho$", "τ": r"$\tau$", "η": r"$\eta$", "λ": r"$\lambda$", "≥": r"$\ge$", "≤": r"$\le$",
    "‖": r"$\|$", "·": r"$\cdot$", "×": r"$\times$", "∞": r"$\infty$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "ŷ": r"$\hat{y}$", "∂": r"$\partial$", "σ": r"$\sigma$", "<": r"\textless{}", ">": r"\textgreater{}",
    "α": r"$\alpha$", "δ": r"$\delta$", "π": r"$\pi$", "χ": r"$\chi$", "√": r"$\surd$", "…": r"\ldots{}",
    "|": r"\textbar{}", "[": "{[}", "*": "{*}",  # a row break reads these as its argument
}  # fmt: skip


_MATH = {
    r"‖g_F‖/‖g_T‖": r"\|g_F\|/\|g_T\|", r"ρ_F/(1−ρ_F)": r"\rho_F/(1-\rho_F)", "ρ_F": r"\rho_F", "P^F": "P^F",
    "g_F": "g_F", "g_T": "g_T", "λ_pix": r"\lambda_\mathrm{pix}",
}  # fmt: skip
"""Symbols of several characters, longest first; each becomes one formula."""
_SYMBOL = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _MATH))})(?!\w)")


def to_latex(table: Table) -> str:
    """The table as a LaTeX ``table`` environment for the booktabs package, with its notes in small print below."""
    alignment = "".join("l" if column.kind == "text" else "r" for column in table.columns)
    heads = [*_latex_overs(table.columns), _latex_row([column.head for column in table.columns])]
    body = [*heads, r"\midrule", *map(_latex_row, table.texts())]
    notes = [rf"\par\medskip{{\footnotesize {latex_text(note)}\par}}" for note in table.notes]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(table.title)}.}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *notes,
            r"\end{table}",
            "",
        ]
    )


def latex_text(text: str) -> str:
    """Text escaped for LaTeX; a symbol such as ρ_F becomes one formula."""
    parts = _SYMBOL.split(text)  # odd parts are symbols
    return "".join(f"${_MATH[part]}$" if index % 2 else _latex_plain(part) for index, part in enumerate(parts))


def _latex_plain(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _latex_overs(columns: Sequence[AnyColumn]) -> list[str]:
    """The row of shared headings, and a rule below each; empty if there are none."""
    cells, rules, first = [], [], 1
    for over, run in groupby(column.over for column in columns):
        width = len(list(run))
        cells += [rf"\multicolumn{{{width}}}{{c}}{{{latex_text(over)}}}"] if over else [""] * width
        rules += [rf"\cmidrule(lr){{{first}-{first + width - 1}}}"] if over else []
        first += width
    return [" & ".join(cells) + r" \\", " ".join(rules)] if rules else []


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(latex_text, cells)) + r" \\"
