"""Images whose error depends on class, confidence, zone and image, for the simulations of ``estimate``."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit, logit

from pixcon_diag.statistics.post_stratification import Strata

SHAPE = (4, 4, 2)
"""Classes, bins of confidence and zones."""
PIXELS = 20_000
"""Pixels of an image."""
VOID = 0.05
"""Share of pixels without a ground truth."""


@dataclass(frozen=True)
class StratifiedPopulation:
    """Images of a few classes each; the logit of a stratum's error has an effect of the class and one of the image, so
    that the errors of an image's pixels depend on each other."""

    error: float
    """Error in the interior of the most confident bin."""
    image_spread: float = 1.0
    """Standard deviation of the image's effect."""
    class_spread: float = 0.5
    """Standard deviation of the effect of a class in a bin and zone."""

    def draw(self, rng: np.random.Generator, images: int, harder: float = 0.0) -> Strata:
        """Some images; ``harder``, in [0, 1], moves their pixels to lower confidences."""
        classes, bins, _ = SHAPE
        per_class = np.random.default_rng(5).normal(0, self.class_spread, SHAPE)
        base = logit(self.error) + 0.9 * np.arange(bins)[::-1, None] + np.array([1.2, 0.0])
        effect = rng.normal(0, self.image_spread, (images, 1, 1, 1))
        rates = expit(base + per_class + effect)
        of_class = rng.dirichlet(np.full(classes, 0.4), images)
        confident = 2.0 ** (np.arange(bins) * (1 - harder) * rng.uniform(0.5, 1.5, (images, 1)))
        of_bin = confident / confident.sum(1, keepdims=True)
        in_band = rng.uniform(0.1, 0.4, images)
        of_zone = np.stack((in_band, 1 - in_band), 1)
        shares = np.einsum("ik,ib,iz->ikbz", of_class, of_bin, of_zone)
        every = np.round(PIXELS * shares).astype(np.int64)
        unknown = rng.binomial(every, VOID)
        wrong = rng.binomial(every - unknown, rates)
        sparse = (csr_matrix(counts.reshape(images, -1)) for counts in (every - unknown, wrong, unknown))
        return Strata(*sparse, SHAPE)
