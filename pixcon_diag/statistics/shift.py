"""Whether two sets of images differ in what is predicted for them: a permutation test over images."""

import numpy as np

from pixcon_diag.statistics.spread import quotients

_AT_ONCE = 200
"""Permutations at once, which bounds memory."""


def shift_test(first: np.ndarray, second: np.ndarray, rng: np.random.Generator, permutations: int = 1999) -> float:
    """p-value of the hypothesis that two sets of images are drawn from the same ones.

    The statistic is the sum over columns of the squared difference of means divided by the variance of all images; in
    each permutation the images are divided into two sets anew (Good 2005). Images are the units.

    Args:
        first: (I, D) shares of each image's pixels, for example by predicted class and confidence.
        second: (J, D) of the other images.
        rng: generator of the permutations.
        permutations: their number.

    Returns:
        In (0, 1]; 1 where either set is empty or no column varies.
    """
    both, size = np.concatenate((first, second)), len(first)
    if not size or size == len(both):
        return 1.0
    weights = np.nan_to_num(quotients(np.ones(both.shape[1]), both.var(0)))
    centered = both - both.mean(0)

    def statistic(chosen: np.ndarray) -> np.ndarray:
        means = chosen @ centered / size
        distances: np.ndarray = (means**2) @ weights  # the difference of means is proportional to the first mean
        return distances

    observed = statistic(np.r_[np.ones(size), np.zeros(len(second))][None])[0]
    larger = 0
    for start in range(0, permutations, _AT_ONCE):
        order = rng.random((min(_AT_ONCE, permutations - start), len(both))).argsort(1)
        larger += int((statistic((order < size).astype(np.float64)) >= observed * (1 - 1e-12)).sum())
    return (1 + larger) / (1 + permutations)
