"""The thresholds at which the page's slider stops."""

from collections.abc import Sequence

from pixcon_diag.measures.confidence import STEPS_PER_DECADE

STEPS = (
    *(step / 100 for step in range(0, 50, 10)),
    *(step / 100 for step in range(50, 90, 5)),
    *(step / 100 for step in range(90, 100)),
    0.995,
)
"""Stops below the range in which teachers saturate."""
SATURATED = tuple(round(1 - 10 ** (-j / STEPS_PER_DECADE), 9) for j in (13, 15, 17, 20, 25, 30))
"""Stops above it, edges of the histogram too; every one more makes the confidence maps larger."""


def slider_stops(edges: Sequence[float], taus: Sequence[float]) -> tuple[int, ...]:
    """The stops as indices of ``edges``, ascending from 0: a pixel whose confidence is in bin b is retained at the
    stops that are at most b.

    Fewer stops than edges keep the confidence maps small and the slider usable; every stop is an edge, so that counts
    at it are exact.

    Args:
        edges: left edges of the confidence histogram, ascending from 0 to 1.
        taus: reported thresholds, which are edges and always stops.
    """
    wanted = {*STEPS, *SATURATED, *taus}
    return tuple(i for i, edge in enumerate(edges) if edge in wanted)
