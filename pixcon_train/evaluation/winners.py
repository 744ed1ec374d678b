"""Classes that can have the largest logit of some pixel after bilinear resizing, found before it."""

import torch
from torch import Tensor

_BLOCK = 16
"""Nodes from one block to the next."""
_OVERLAP = 2
"""Nodes that a block shares with the next, so that any 3 × 3 nodes lie within one block."""
_ROUNDING = 16
"""Bound, in units of the type's precision, of the error of two interpolations and of the network's own rounding."""


def possible_winners(logits: Tensor) -> Tensor:
    """Which classes of one image may have the largest logit of some pixel once resized: (K,) bool.

    A bilinear value is a convex combination of the nodes around it. Where every node of class k in a block is below
    every node of some other class, no pixel between these nodes is of class k. The logits of the other classes need not
    be resized, which of many classes are nearly all.

    Args:
        logits: (K, h, w), finite, to be resized to at least h × w and then once more to a similar size: a pixel then
            depends on at most 3 × 3 neighbouring nodes.
    """
    slack = _ROUNDING * torch.finfo(logits.dtype).eps * logits.abs().amax()
    possible = torch.zeros(len(logits), dtype=torch.bool, device=logits.device)
    for rows in _blocks(logits, 1):
        highest, lowest = rows.amax(1), rows.amin(1)
        highest = torch.stack([columns.amax(1) for columns in _blocks(highest, 1)], 1)
        lowest = torch.stack([columns.amin(1) for columns in _blocks(lowest, 1)], 1)
        possible |= (highest >= lowest.amax(0) - slack).any(1)
    return possible


def _blocks(values: Tensor, dim: int) -> list[Tensor]:
    """Overlapping pieces along ``dim`` that cover it."""
    length, size = values.shape[dim], _BLOCK + _OVERLAP
    return [
        values.narrow(dim, start, min(size, length - start)) for start in range(0, max(1, length - _OVERLAP), _BLOCK)
    ]
