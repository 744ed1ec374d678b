"""Bins of confidences, between the edges that :mod:`pixcon_diag.measures.confidence` gives."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

_CELLS = 2**21
"""Equal cells of [0, 1]: the default edges are at least one apart, even close to 1."""


def bin_of(confidence: Tensor, edges: Sequence[float]) -> Tensor:
    """Index of each confidence's bin, int64 of the same shape; the index of NaN or of a value below 0 is meaningless.

    Edges are cast to the precision of ``confidence``, as training does in ``confidence >= tau``. A table of the bins by
    cell replaces a binary search, which is five times slower.
    """
    table = _table(tuple(edges), confidence.dtype, confidence.device)
    # The product is exact: the number of cells is a power of two.
    cells = (confidence.flatten().to(table.scale) * _CELLS).int().clamp_(0, _CELLS)
    bins = table.first.index_select(0, cells)
    for _ in range(table.most):
        bins += confidence.flatten() >= table.upper.index_select(0, bins)
    return bins.long().view(confidence.shape)


class _Table(NamedTuple):
    first: Tensor
    """(cells + 1,) int32: the bin of each cell's left end."""
    upper: Tensor
    """(bins,): right edge of each bin, ∞ for the last one."""
    most: int
    """Largest number of edges inside one cell."""
    scale: torch.dtype
    """Precision that can hold the number of cells."""


@functools.lru_cache(maxsize=4)
def _table(edges: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> _Table:
    boundaries = torch.tensor(edges, dtype=dtype)
    scaled = boundaries.double() * _CELLS
    starts = scaled.ceil().long()  # the first cell that begins at the edge or above it
    first = torch.zeros(_CELLS + 1, dtype=torch.int32).index_add_(0, starts, torch.ones(len(edges), dtype=torch.int32))
    inside = scaled.floor().long()[scaled != starts]
    upper = torch.cat([boundaries[1:], boundaries.new_full((1,), torch.inf)])
    most = int(inside.bincount().max()) if len(inside) else 0
    scale = torch.promote_types(dtype, torch.float32)
    return _Table((first.cumsum(0, dtype=torch.int32) - 1).to(device), upper.to(device), most, scale)
