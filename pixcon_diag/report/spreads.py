"""Means over the seeds of a group."""

from collections.abc import Sequence

from pixcon_diag.logs.history import mean, sample_std
from pixcon_diag.tables import Spread


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation (ddof 1) over seeds; undefined where a value is."""
    return Spread(mean(values), sample_std(values))


def seeds_note(sizes: Sequence[int]) -> str:
    """What ± means below a table of groups with so many seeds."""
    if max(sizes, default=0) < 2:
        return "One seed each: no spread over seeds is known."
    return "mean ± sample standard deviation over seeds (" + ", ".join(map(str, sizes)) + ")."
