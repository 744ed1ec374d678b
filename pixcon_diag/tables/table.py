"""Tables once, for the terminal, CSV, Markdown and LaTeX: values with what they are, and how each is written."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from pixcon_diag.statistics import Spread

UNDEFINED = "–"

Kind = Literal["text", "count", "number", "delta", "per_cent", "points"]
"""``per_cent``: a fraction, shown times 100; ``delta``: a difference with its sign; ``points``: a difference of
fractions in percentage points with its sign."""

_DIGITS: dict[Kind, int] = {"count": 1, "number": 4, "delta": 4, "per_cent": 2, "points": 2}
"""Usual decimals; those of a count are for a mean of counts, a count itself has none."""


Cell = str | int | float | Spread | None


@dataclass(frozen=True)
class Column:
    """One column."""

    key: str
    """Its name in CSV files."""
    head: str
    """What a reader sees above it."""
    kind: Kind = "text"
    digits: int | None = None
    """Decimals; what is usual for the kind where None."""
    over: str = ""
    """Heading that it shares with its neighbours, which LaTeX sets above them."""

    @property
    def title(self) -> str:
        """Both headings in one."""
        return f"{self.over} {self.head}".strip()

    def text(self, value: Cell) -> str:
        """A cell as it is shown; an undefined value is a dash."""
        if value is None or value == "":
            return UNDEFINED
        if isinstance(value, Spread):
            mean = self.text(value.mean)
            known = math.isfinite(value.mean) and math.isfinite(value.std)
            return f"{mean} ± {self._number(value.std, sign=False)}" if known else mean
        if isinstance(value, str):
            return value
        if not math.isfinite(value):
            return UNDEFINED
        if self.kind == "count" and value == int(value):
            return f"{int(value):,}"
        if self.kind == "text":
            return f"{value:g}" if isinstance(value, float) else str(value)
        return self._number(value, sign=self.kind in ("delta", "points"))

    def _number(self, value: float, *, sign: bool) -> str:
        digits = _DIGITS[self.kind] if self.digits is None else self.digits
        scaled = 100 * value if self.kind in ("per_cent", "points") else value
        return f"{scaled:{'+' if sign else ''}{',' if self.kind == 'count' else ''}.{digits}f}"


@dataclass(frozen=True)
class Table:
    """Rows of values under described columns."""

    name: str
    """Name of its file."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    """What must be said below it: assumptions, what was left out."""
    about: tuple[Mapping[str, Any], ...] = ()
    """For each row, further columns that only files have: where its numbers come from."""

    def __post_init__(self) -> None:
        if self.about and len(self.about) != len(self.rows):
            raise ValueError(f"Table {self.name} has {len(self.rows)} rows, but says of {len(self.about)} where from.")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"Table {self.name} has {len(self.columns)} columns, but a row of {len(row)} cells.")

    def texts(self) -> list[list[str]]:
        """Every row as it is shown."""
        return [[column.text(cell) for column, cell in zip(self.columns, row, strict=True)] for row in self.rows]

    def records(self) -> list[dict[str, Any]]:
        """Every row as values by column name, at full precision; of a spread, the mean and ``<name>_std``."""
        about = self.about or ({},) * len(self.rows)
        return [{**where, **dict(_flat(self.columns, row))} for where, row in zip(about, self.rows, strict=True)]


def _flat(columns: Sequence[Column], row: Sequence[Cell]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for column, cell in zip(columns, row, strict=True):
        if isinstance(cell, Spread):
            pairs += [(column.key, cell.mean), (f"{column.key}_std", cell.std)]
        else:
            pairs.append((column.key, cell))
    return pairs


def to_markdown(table: Table) -> str:
    """The table in Markdown, its title in bold above and its notes below."""
    heads = [column.title for column in table.columns]
    aligned = ["---" if column.kind == "text" else "---:" for column in table.columns]
    lines = [_markdown_row(heads), _markdown_row(aligned), *(_markdown_row(row) for row in table.texts())]
    return "\n".join([f"**{table.title}**", "", *lines, *(f"\n{note}" for note in table.notes), ""])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_markdown_text, cells))} |"


_MARKUP = re.compile(r"[\\|*`<]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown would take as its own; an underscore inside a word (ρ_F) it leaves alone."""


def _markdown_text(text: str) -> str:
    """Text as Markdown shows it in a cell: a name like `__x__` or `<x>` is no markup, and `|` ends no cell."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "–": "--", "−": "$-$", "→": r"$\rightarrow$",
    "Δ": r"$\Delta$", "ρ": r"$\rho$", "τ": r"$\tau$", "η": r"$\eta$", "λ": r"$\lambda$", "≥": r"$\ge$", "≤": r"$\le$",
    "‖": r"$\|$", "·": r"$\cdot$", "×": r"$\times$", "∞": r"$\infty$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "ŷ": r"$\hat{y}$", "∂": r"$\partial$", "σ": r"$\sigma$", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "*": "{*}",  # the row break before a first cell would take these as its own
}  # fmt: skip


_MATH = {
    r"‖g_F‖/‖g_T‖": r"\|g_F\|/\|g_T\|", r"ρ_F/(1−ρ_F)": r"\rho_F/(1-\rho_F)", "ρ_F": r"\rho_F", "P^F": "P^F",
    "g_F": "g_F", "g_T": "g_T", "λ_pix": r"\lambda_\mathrm{pix}",
}  # fmt: skip
"""Symbols of several characters, the longest first: each is one formula."""
_SYMBOL = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _MATH))})(?!\w)")


def to_latex(table: Table) -> str:
    """The table as a LaTeX ``table`` environment for the booktabs package, its notes in small print below it."""
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
    """Text as LaTeX shows it, whatever characters it holds; a symbol such as ρ_F is one formula."""
    parts = _SYMBOL.split(text)  # every second one is a symbol
    return "".join(f"${_MATH[part]}$" if place % 2 else _latex_plain(part) for place, part in enumerate(parts))


def _latex_plain(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _latex_overs(columns: Sequence[Column]) -> list[str]:
    """The row of shared headings, and a rule below each of them; nothing where there are none."""
    cells, rules, first = [], [], 1
    for over, run in groupby(column.over for column in columns):
        width = len(list(run))
        cells += [rf"\multicolumn{{{width}}}{{c}}{{{latex_text(over)}}}"] if over else [""] * width
        rules += [rf"\cmidrule(lr){{{first}-{first + width - 1}}}"] if over else []
        first += width
    return [" & ".join(cells) + r" \\", " ".join(rules)] if rules else []


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(latex_text, cells)) + r" \\"
