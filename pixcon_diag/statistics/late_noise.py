"""Fluctuation of a training curve around its trend, and how far it lifts the best epoch.

Model: score = trend + noise, with a smooth trend and stationary first-order autoregressive noise, whose standard
deviation and correlation are those of the late half of the epochs.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import NAN

FEWEST = 20
"""Fewest evaluations for an estimate."""
MOST = 500
"""Most evaluations used: the last ones."""
SPAN = 0.3
"""Share of the epochs under the smoother's window."""
HIGHEST = 0.9
"""From this autocorrelation on, trend and noise cannot be told apart."""
DRAWS = 4000


@dataclass(frozen=True)
class LateNoise(Serializable):
    """Noise of one curve; NaN for a curve of fewer than :data:`FEWEST` evaluations, or of noise that is too slow."""

    sd: float
    """Standard deviation of the noise, in the unit of the scores."""
    autocorrelation: float
    """Of the noise of neighbouring evaluations, in [0, 0.9)."""
    optimism: float
    """Expected noise at the epoch with the highest score: an upper bound of what selecting it adds to its score."""


def late_noise(scores: np.ndarray, rng: np.random.Generator, draws: int = DRAWS) -> LateNoise:
    """Noise of a curve around its trend, and the expected optimism of its highest value.

    The trend is a local linear regression (tricube weights, Cleveland 1979) over :data:`SPAN` of the epochs. Standard
    deviation and autocorrelation are those whose expected residuals, after the smoother, equal the residuals of the
    late half. The optimism is the mean noise at the maximum of ``draws`` simulated curves, trend plus noise.

    Args:
        scores: (T,) scores in the order of the epochs, all finite.
        rng: generator of the simulated curves.
        draws: number of simulated curves.

    Example:
        >>> flat = 0.7 + 0.01 * np.random.default_rng(0).normal(size=200)
        >>> noise = late_noise(flat, np.random.default_rng(1))
        >>> 0.008 < noise.sd < 0.012, 0.02 < noise.optimism < 0.035
        (True, True)
    """
    scores = np.asarray(scores, dtype=np.float64)[-MOST:]
    if len(scores) < FEWEST:
        return LateNoise(NAN, NAN, NAN)
    smoother = local_linear(len(scores))
    trend = smoother @ scores
    sd, correlation = _noise(scores - trend, smoother)
    if correlation > HIGHEST - 1e-3:
        return LateNoise(NAN, NAN, NAN)
    factor = np.linalg.cholesky(_correlations(correlation, len(scores)) + 1e-12 * np.eye(len(scores)))
    noise = sd * rng.standard_normal((draws, len(scores))) @ factor.T
    chosen = (trend + noise).argmax(1)
    return LateNoise(sd, correlation, float(noise[np.arange(draws), chosen].mean()))


def local_linear(count: int) -> np.ndarray:
    """The (T, T) matrix of a local linear smoother with tricube weights over :data:`SPAN` of T points."""
    places = np.arange(count, dtype=np.float64)
    reach = np.sort(np.abs(places[:, None] - places), axis=1)[:, max(3, round(SPAN * count))]
    rows = []
    for place, width in zip(places, reach, strict=True):
        distance = places - place
        weights = np.clip(1 - np.abs(distance / width) ** 3, 0, None) ** 3
        design = np.stack((np.ones(count), distance))
        rows.append(np.linalg.solve(design * weights @ design.T, design * weights)[0])
    return np.stack(rows)


def _noise(residuals: np.ndarray, smoother: np.ndarray) -> tuple[float, float]:
    """Standard deviation and autocorrelation of the noise, from the residuals of the late half."""
    count = len(residuals)
    late = slice(count // 2, count)
    leaves = (np.eye(count) - smoother)[late]
    found = _moments(np.outer(residuals[late], residuals[late]))

    def expected(correlation: float) -> np.ndarray:
        return _moments(leaves @ _correlations(correlation, count) @ leaves.T)

    def distance(correlation: float) -> float:
        variance, neighbours = expected(correlation)
        return float((neighbours / variance - found[1] / found[0]) ** 2)

    if not found[0] > 0:
        return 0.0, 0.0
    inside = float(scipy.optimize.minimize_scalar(distance, bounds=(0, HIGHEST), method="bounded").x)
    correlation = min((0.0, HIGHEST, inside), key=distance)  # the search does not reach its bounds
    return float(np.sqrt(found[0] / expected(correlation)[0])), correlation


def _moments(products: np.ndarray) -> np.ndarray:
    """Mean square and mean product of neighbours."""
    return np.array([np.diagonal(products).mean(), np.diagonal(products, 1).mean()])


def _correlations(correlation: float, count: int) -> np.ndarray:
    """The (T, T) correlations of first-order autoregressive noise."""
    epochs = np.arange(count)
    correlations: np.ndarray = (correlation**epochs)[np.abs(epochs[:, None] - epochs)]
    return correlations
