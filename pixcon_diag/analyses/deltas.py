"""Every difference is Δ = method − baseline, with an arrow for the better direction."""

from collections.abc import Callable

from pixcon_diag.tables.table import Cell, Column, RowIn

BETTER = "↑: more is better; ↓: less is better."


def arrow(higher_is_better: bool) -> str:
    """The direction in which a quantity improves."""
    return "↑" if higher_is_better else "↓"


def delta_column(
    key: str, quantity: str = "", *, higher_is_better: bool, over: str = "", of: Callable[[RowIn], Cell] | None = None
) -> Column[RowIn]:
    """A column of Δ = method − baseline of one quantity, in percentage points."""
    head = " ".join(filter(None, ("Δ", quantity, f"({arrow(higher_is_better)})")))
    return Column(key, head, "points", over=over, of=of)


def delta_note(baseline: str, other: str) -> str:
    """Note on the sign of Δ, below a table of two methods."""
    return f"Δ = {other} − {baseline}. {BETTER}"
