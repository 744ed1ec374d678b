"""A table in LaTeX, for the booktabs package.

The text compiles with pdfLaTeX whatever the names are: a character that its standard fonts lack is set as it is by
XeLaTeX and LuaLaTeX, and as its code point by pdfLaTeX.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby

from pixcon_diag.tables.table import AnyColumn, Table
from pixcon_train.core.foreign_text import shown_line

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "–": "--", "−": "$-$", "→": r"$\rightarrow$",
    "Δ": r"$\Delta$", "ρ": r"$\rho$", "τ": r"$\tau$", "η": r"$\eta$", "λ": r"$\lambda$", "≥": r"$\ge$", "≤": r"$\le$",
    "‖": r"$\|$", "·": r"$\cdot$", "×": r"$\times$", "∞": r"$\infty$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "ŷ": r"$\hat{y}$", "∂": r"$\partial$", "σ": r"$\sigma$", "<": r"\textless{}", ">": r"\textgreater{}",
    "α": r"$\alpha$", "δ": r"$\delta$", "π": r"$\pi$", "χ": r"$\chi$", "√": r"$\surd$", "…": r"\ldots{}",
    "|": r"\textbar{}", "[": "{[}", "*": "{*}",  # a row break reads these as its argument
    "`": r"\textasciigrave{}", "†": r"$\dagger$", "—": "---", "⟨": r"$\langle$", "⟩": r"$\rangle$",
}  # fmt: skip


_MATH = {
    r"‖g_F‖/‖g_T‖": r"\|g_F\|/\|g_T\|", r"ρ_F/(1−ρ_F)": r"\rho_F/(1-\rho_F)", "ρ_F": r"\rho_F", "P^F": "P^F",
    "g_F": "g_F", "g_T": "g_T", "λ_pix": r"\lambda_\mathrm{pix}",
}  # fmt: skip
"""Symbols of several characters, longest first; each becomes one formula."""
_SYMBOL = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _MATH))})(?!\w)")


_ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")
_LETTERS = frozenset("ßæÆœŒøØåÅłŁıçÇ")
LONGEST_TITLE = 500
"""Most characters of a caption that hold names: TeX measures it as one line, which must be shorter than 5.7 m."""
LONGEST_NAME = 100
"""Most characters of a name in a caption with several."""
NARROW = 44
"""Most characters of a row that fits into a column of a two-column page; a wider table spans both columns."""
WIDE = 100
"""Most characters of a row in the size of the text, over both columns; a wider table is set smaller."""


def to_latex(table: Table) -> str:
    """The table as a LaTeX ``table`` environment for the booktabs package, with its notes in small print below."""
    alignment = "".join("l" if column.kind == "text" else "r" for column in table.columns)
    heads = [*_latex_overs(table.columns), latex_row(map(latex_text, (column.head for column in table.columns)))]
    texts = table.texts()
    rows = [latex_row(map(latex_text, row)) for row in texts]
    lines = [[column.head for column in table.columns], *texts]
    width = sum(max(map(len, column)) + 2 for column in zip(*lines, strict=True))
    notes = list(map(latex_text, table.notes))
    return latex_environment(
        table.name, latex_text(table.title, LONGEST_TITLE), alignment, [*heads, r"\midrule", *rows], notes, width
    )


def latex_environment(
    name: str, caption: str, alignment: str, body: Sequence[str], notes: Sequence[str] = (), width: int = 0
) -> str:
    """A floating table with the rules of booktabs; all text is LaTeX.

    Args:
        name: from which the label is made.
        caption: without its final point.
        alignment: of the columns, such as ``lrr``.
        body: lines between the outer rules.
        notes: sentences below, in small print.
        width: characters of its longest row.
    """
    environment = "table" if width <= NARROW else "table*"
    label = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else f"u{ord(c):x}" for c in name)
    return "\n".join(
        [
            rf"\begin{{{environment}}}",
            r"\centering",
            *([r"\footnotesize", r"\setlength{\tabcolsep}{3pt}"] if width > WIDE else []),
            rf"\caption{{{caption}.}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *(rf"\par\medskip{{\footnotesize {note}\par}}" for note in notes),
            rf"\end{{{environment}}}",
            "",
        ]
    )


def latex_text(text: str, longest: int | None = None) -> str:
    """Text escaped for LaTeX; a symbol such as ρ_F becomes one formula; what exceeds ``longest`` loses its middle."""
    text = shown_line(text)
    if longest is not None and len(text) > longest:
        text = f"{text[: longest // 2]}…{text[-(longest // 2) :]}"
    parts = _SYMBOL.split(text)  # odd parts are symbols
    return "".join(f"${_MATH[part]}$" if index % 2 else _latex_plain(part) for index, part in enumerate(parts))


def latex_name(name: str) -> str:
    """A name escaped for LaTeX, short enough for a caption with several."""
    return latex_text(name, LONGEST_NAME)


def _latex_plain(text: str) -> str:
    parts = re.split("(?<=-)(?=-)", text)  # two hyphens would make a dash
    return "{}".join("".join(map(_latex_character, part)) for part in parts)


def _latex_character(character: str) -> str:
    """A character that pdfLaTeX sets with any font encoding; another one as said at the head of this module."""
    if character in _LATEX:
        return _LATEX[character]
    base, *marks = list(unicodedata.normalize("NFD", character))
    if (character.isascii() and character.isprintable()) or character in _LETTERS:
        return character
    if len(marks) == 1 and base.isascii() and marks[0] in _ACCENTS:
        return character
    code = f"U+{ord(character):04X}"
    if not character.isprintable() or unicodedata.combining(character):
        return code
    return rf"{{\ifdefined\Umathchar {character}\else {code}\fi}}"


def _latex_overs(columns: Sequence[AnyColumn]) -> list[str]:
    """The row of shared headings, and a rule below each; empty if there are none."""
    cells, rules, first = [], [], 1
    for over, run in groupby(column.over for column in columns):
        width = len(list(run))
        cells += [multicolumn(width, latex_text(over))] if over else [""] * width
        rules += [rf"\cmidrule(lr){{{first}-{first + width - 1}}}"] if over else []
        first += width
    return [" & ".join(cells) + r" \\", " ".join(rules)] if rules else []


def multicolumn(width: int, cell: str, alignment: str = "c") -> str:
    """A cell, already LaTeX, over several columns."""
    return rf"\multicolumn{{{width}}}{{{alignment}}}{{{cell}}}"


def latex_row(cells: Iterable[str]) -> str:
    """A line of a table from cells that are already LaTeX."""
    return " & ".join(cells) + r" \\"
