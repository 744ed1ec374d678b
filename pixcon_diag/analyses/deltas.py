"""Every difference is Δ = method − baseline, with an arrow for the better direction."""

import math
from collections.abc import Callable
from typing import Literal

from pixcon_diag.measures.verdict import MIN_IMAGES
from pixcon_diag.tables.table import Cell, Column, RowIn

Judgement = Literal["better", "worse", "undecided", "identical", "too few images"]

BETTER = "↑: more is better; ↓: less is better."


def arrow(higher_is_better: bool) -> str:
    """The direction in which a quantity improves."""
    return "↑" if higher_is_better else "↓"


def delta_column(
    key: str, quantity: str = "", *, higher_is_better: bool, over: str = "", of: Callable[[RowIn], Cell] | None = None
) -> Column[RowIn]:
    """A column of Δ = method − baseline of one quantity, in percentage points."""
    head = " ".join(filter(None, ("Δ", quantity, f"({arrow(higher_is_better)})")))
    return Column(key, head, "points", over=over, of=of, higher_is_better=higher_is_better)


def by_interval(low: float, high: float, images: int, *, higher_is_better: bool) -> Judgement | None:
    """What the interval of a difference over ``images`` says; None without an interval.

    It is ``identical`` where the difference is 0 in every draw. Of fewer than :data:`MIN_IMAGES` images, of which a
    95 % interval contains the true difference too rarely, nothing else is said.
    """
    if math.isnan(low):
        return None
    if low == high == 0:
        return "identical"
    if images < MIN_IMAGES:
        return "too few images"
    if not (low > 0 or high < 0):
        return "undecided"
    return "better" if (low > 0) == higher_is_better else "worse"


def delta_note(baseline: str, other: str) -> str:
    """Note on the sign of Δ, below a table of two methods."""
    return f"Δ = {other} − {baseline}. {BETTER}"
