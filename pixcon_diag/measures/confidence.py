"""Edges of the confidence histogram: every requested τ is an edge, and the range close to 1 is finely resolved."""

from collections.abc import Iterable

from pixcon_train.core.errors import ConfigError

UNIFORM_STEPS = 200
"""Edges every 0.005, so the usual thresholds (0.7, 0.9, 0.95) are always on the curve."""

STEPS_PER_DECADE = 5
"""Edges at 1 − 10^(−j/5) between 0.99 and 0.999999: teachers saturate there; float32 resolves 6e-8 below 1."""

FIXED_POINT = 2**24
"""Confidences are summed as integers in units of 2^-24, float32's spacing between 0.5 and 1: the sum does not
depend on the order of the pixels and does not overflow below 2^39 pixels."""


def confidence_edges(taus: Iterable[float], calibration_bins: int) -> tuple[float, ...]:
    """Left edges of the bins, ascending from 0 to 1: bin i is [edge_i, edge_i+1) and the last one is [1, ∞).

    Args:
        taus: thresholds that must be edges, each in [0, 1].
        calibration_bins: M; the multiples of 1/M are edges too, so that the reliability diagram is a sum of bins.

    Raises:
        ConfigError: a threshold outside [0, 1], or fewer than one calibration bin.
    """
    requested = [float(tau) for tau in taus]
    for tau in requested:
        if not 0 <= tau <= 1:
            raise ConfigError(f"Expected a threshold tau in [0, 1], got {tau}. The usual value is 0.95.")
    if calibration_bins < 1:
        raise ConfigError(f"Expected at least one calibration bin, got {calibration_bins}. The usual value is 15.")
    uniform = {step / UNIFORM_STEPS for step in range(UNIFORM_STEPS + 1)}
    near_one = {
        round(1 - 10 ** (-j / STEPS_PER_DECADE), 9) for j in range(2 * STEPS_PER_DECADE, 6 * STEPS_PER_DECADE + 1)
    }
    calibration = {m / calibration_bins for m in range(calibration_bins + 1)}
    return tuple(sorted(uniform | near_one | calibration | set(requested)))


def off_grid(taus: Iterable[float], calibration_bins: int) -> list[float]:
    """The thresholds that are no edges unless requested, ascending."""
    return sorted({float(tau) for tau in taus} - set(confidence_edges((), calibration_bins)))
