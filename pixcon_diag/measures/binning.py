"""Bins of confidences, between the edges that :mod:`pixcon_diag.measures.confidence` gives."""

from collections.abc import Sequence

import torch
from torch import Tensor


def bin_of(confidence: Tensor, edges: Sequence[float]) -> Tensor:
    """Index of each confidence's bin, int64 of the same shape; the index of NaN or of a value below 0 is meaningless.

    Edges are cast to the precision of ``confidence``, as training does in ``confidence >= tau``.
    """
    boundaries = torch.tensor(edges, dtype=confidence.dtype, device=confidence.device)
    return (torch.bucketize(confidence, boundaries, right=True) - 1).clamp(0, len(edges) - 1)
