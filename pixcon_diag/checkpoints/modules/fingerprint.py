"""A hash of what a network predicts, so that a network that predicts something else is another one."""

from hashlib import sha256

import torch
from torch import Tensor

_SUMS = 4
"""Sums with random signs; a change of the logits shows in nearly each of them."""
_STEP = 2.0**-11
"""Of the logits' norm. Processors differ by about a millionth of it, so that few sums fall on either side of a step."""
_BLOCK = 2**16
"""Values that are summed with the same signs in each block, whose sums have other weights."""


def fingerprint(logits: Tensor) -> str:
    """Hash of logits (B, K, h, w): of their shape, their norm, and their sums with random signs, in steps.

    Changes of less than a thousandth of the norm may be rounded away, so that processors agree for the most part.
    """
    values = logits.detach().cpu().float().flatten()
    blocks = torch.nn.functional.pad(values, (0, -len(values) % _BLOCK)).view(-1, _BLOCK)
    random = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (_BLOCK, _SUMS), generator=random).float() * 2 - 1
    weights = torch.rand((len(blocks), _SUMS), generator=random, dtype=torch.float64) + 0.5
    sums = (weights * (blocks @ signs).double()).sum(0)
    norm = torch.linalg.vector_norm(values, dtype=torch.float64).clamp_min(torch.finfo(torch.float64).tiny)
    steps = (torch.cat([sums / norm, norm.log()[None]]) / _STEP).round().long().tolist()
    return sha256(repr((tuple(logits.shape), steps)).encode()).hexdigest()
