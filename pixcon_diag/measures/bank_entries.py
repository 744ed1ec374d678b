"""The rows of a bank with the true class of each entry, which training does not use."""

from typing import Generic, NamedTuple, TypeVar

Array = TypeVar("Array")
"""NumPy arrays in stored replays, tensors for the gradient."""


class Entries(NamedTuple, Generic[Array]):
    """All M rows of a bank.

    Example:
        >>> import numpy as np
        >>> held = np.ones(3, dtype=bool)
        >>> Entries(np.eye(3), np.array([0, 0, 1]), np.array([0, 1, 1]), held).labels.tolist()
        [0, 0, 1]
    """

    embeddings: Array
    """(M, D), unit norm."""
    labels: Array
    """(M,) int64: class under which each was entered."""
    truth: Array
    """(M,) int64: class of its pixel."""
    held: Array
    """(M,) bool: whether the row holds an entry."""
