"""One sign for every difference: Δ = method − baseline, with an arrow that says which sign is better."""

from pixcon_diag.tables.table import Column, Kind

BETTER = "↑: more is better; ↓: less is better."


def arrow(higher_is_better: bool) -> str:
    """Which way a quantity, and its Δ, is better."""
    return "↑" if higher_is_better else "↓"


def delta_column(key: str, what: str = "", *, higher_is_better: bool, kind: Kind = "points", over: str = "") -> Column:
    """A column of Δ = method − baseline of one quantity."""
    return Column(key, " ".join(filter(None, ("Δ", what, f"({arrow(higher_is_better)})"))), kind, over=over)


def delta_note(baseline: str, other: str) -> str:
    """What the sign means below a table of two methods."""
    return f"Δ = {other} − {baseline}. {BETTER}"
