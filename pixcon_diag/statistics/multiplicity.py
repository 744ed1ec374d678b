"""p-values of several tests, adjusted so that the number of false findings is bounded; NaN is no test."""

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's adjusted p-values (1979): those below α are false for at least one test with a probability of at most α.

    They hold however the tests depend on each other.

    Args:
        p: (n,) p-values; NaN is left out and stays NaN.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03, 0.005])).round(3).tolist()
        [0.03, 0.06, 0.06, 0.02]
    """
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return adjusted


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values of Benjamini and Hochberg (1995): of those below q, an expected share of at most q is false.

    They hold for independent tests, and for tests that depend on each other positively.

    Args:
        p: (n,) p-values; NaN is left out and stays NaN.

    Example:
        >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.005])).round(3).tolist()
        [0.02, 0.04, 0.04, 0.02]
    """
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(-p[tested], kind="stable")]
    ranks = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.minimum.accumulate(p[order] * len(order) / ranks))
    return adjusted
