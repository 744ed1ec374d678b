"""Counting on the device without a sync."""

import torch
from torch import Tensor


def masked_bincount(cells: Tensor, counted: Tensor, size: int) -> Tensor:
    """How often each of 0..size−1 occurs in each row among the counted cells: (B, size) int64.

    One more bin takes the cells that are not counted, so that no shape depends on the data.

    Args:
        cells: (B, …) int64, in [0, size) where counted.
        counted: bool, of the same shape.
    """
    rows = torch.where(counted, cells, size).flatten(1)
    counts = rows.new_zeros(len(rows), size + 1)
    return counts.scatter_add_(1, rows, rows.new_ones(()).expand_as(rows))[:, :size]
