"""A hash of what a network predicts, so that a network that predicts something else is another one."""

from hashlib import sha256

import torch
from torch import Tensor

_SUMS = 4
"""Sums with random signs; a change of the logits shows in nearly each of them."""
_STEP = 2.0**-11
"""Of the logits' norm. Processors differ by about a millionth of it, so that few sums fall on either side of a step."""
_AT_ONCE = 2**20
"""Values whose signs are in memory."""


def fingerprint(logits: Tensor) -> str:
    """Hash of logits (B, K, h, w): of their shape, their norm, and their sums with random signs, in steps.

    Changes of less than a thousandth of the norm may be rounded away, so that processors agree for the most part.
    """
    values = logits.detach().cpu().flatten()
    random = torch.Generator().manual_seed(0)
    sums = torch.zeros(_SUMS, dtype=torch.float64)
    for part in values.split(_AT_ONCE):
        signs = torch.randint(0, 2, (_SUMS, len(part)), generator=random, dtype=torch.int8)
        sums += (2 * signs.double() - 1) @ part.double()
    norm = torch.linalg.vector_norm(values, dtype=torch.float64).clamp_min(torch.finfo(torch.float64).tiny)
    steps = (torch.cat([sums / norm, norm.log()[None]]) / _STEP).round().long().tolist()
    return sha256(repr((tuple(logits.shape), steps)).encode()).hexdigest()
