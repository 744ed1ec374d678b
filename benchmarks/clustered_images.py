"""Images whose wrong pixels are clustered, for the simulations of intervals and thresholds."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import gamma

PIXELS = 20_000
"""Most retained pixels of an image."""
NOTHING_RETAINED = 0.1
"""Share of images without a retained pixel."""


@dataclass(frozen=True)
class Population:
    """Images that differ in their rate of wrong pixels and in the number of pixels they retain.

    An image's rate follows a gamma distribution, cut at 1; hard images retain up to half as many pixels; a tenth of all
    images retain none.
    """

    rate: float
    """Mean rate before cutting and weighting."""
    spread: float
    """Standard deviation of the rate over images, relative to its mean; at 1, 2 and 4 a tenth of the images holds 35,
    56 and 89 % of the wrong pixels."""

    def _retention(self, rates: np.ndarray) -> np.ndarray:
        """Expected retention of images with these rates, relative to an image without error."""
        weights: np.ndarray = 1 - 0.5 * np.minimum(rates / (5 * self.rate), 1)
        return weights

    @cached_property
    def true_rate(self) -> float:
        """Wrong pixels per retained pixel of the whole population."""
        shape = self.spread**-2
        points = (np.arange(200_000) + 0.5) / 200_000
        rates = np.minimum(gamma.ppf(points, shape, scale=self.rate / shape), 1)
        weights = self._retention(rates)
        return float((rates * weights).sum() / weights.sum())

    def draw(self, rng: np.random.Generator, repetitions: int, images: int) -> tuple[np.ndarray, np.ndarray]:
        """Wrong and retained pixels of every image: two (repetitions, images) int64."""
        shape = self.spread**-2
        rates = np.minimum(rng.gamma(shape, self.rate / shape, (repetitions, images)), 1)
        sizes = rng.beta(2, 2, rates.shape) * self._retention(rates)
        sizes[rng.random(rates.shape) < NOTHING_RETAINED] = 0
        retained = np.round(PIXELS * sizes).astype(np.int64)
        return rng.binomial(retained, rates), retained


@dataclass(frozen=True)
class ClassPopulation:
    """Images with a few of several classes, from which a rule admits pixels to a bank.

    Class c is in an image with probability ``presence[c]``; its rate of wrong pixels varies over images as in
    :class:`Population`, and rare classes are wrong more often.
    """

    presence: tuple[float, ...] = (1.0, 0.5, 0.3, 0.15, 0.08)
    rates: tuple[float, ...] = (0.01, 0.05, 0.1, 0.15, 0.2)
    spread: float = 1.5

    def draw(self, rng: np.random.Generator, images: int) -> np.ndarray:
        """(images, 3, K) int64: labeled, eligible and correctly eligible pixels of each image and class."""
        shape, classes = self.spread**-2, len(self.rates)
        rates = np.minimum(rng.gamma(shape, np.array(self.rates) / shape, (images, classes)), 1)
        labeled = np.round(4000 * rng.beta(2, 2, rates.shape)).astype(np.int64)
        labeled *= rng.random(rates.shape) < self.presence
        eligible = rng.binomial(labeled, 0.6)
        return np.stack((labeled, eligible, eligible - rng.binomial(eligible, rates)), 1)
