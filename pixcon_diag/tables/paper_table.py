"""A table in the layout of the paper: cells that are already LaTeX, with blocks and shared headings of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.latex import latex_environment, latex_row

RULE = r"\midrule"
DASH = "--"
"""An undefined or missing value."""


@dataclass(frozen=True)
class PaperTable:
    """One of the paper's tables, filled with own numbers."""

    name: str
    """Name of its file, such as ``paper_table7_clean``."""
    caption: str
    """LaTeX, without its final point."""
    alignment: str
    heads: tuple[str, ...]
    """Lines above the rule below the headings."""
    body: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """LaTeX."""
    width: int = 0
    """Characters of its longest row, by which it spans one column of a page or two."""

    def to_latex(self) -> str:
        """A ``table`` environment for the booktabs package."""
        return latex_environment(
            self.name, self.caption, self.alignment, [*self.heads, RULE, *self.body], self.notes, self.width
        )


def fixed(value: float | None, digits: int, *, scale: float = 1, sign: bool = False) -> str:
    """A number with ``digits`` decimals; a dash if it is undefined."""
    if value is None or value != value:
        return DASH
    return f"{scale * value:{'+' if sign else ''}.{digits}f}".replace("-", "$-$")


def with_std(value: Spread, digits: int, *, scale: float = 1) -> str:
    """Mean ± sample std; of one seed the value alone."""
    mean = fixed(value.mean, digits, scale=scale)
    return mean if value.std != value.std else rf"{mean} $\pm$ {fixed(value.std, digits, scale=scale)}"


def lines(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Rows of cells as lines."""
    return tuple(map(latex_row, rows))
