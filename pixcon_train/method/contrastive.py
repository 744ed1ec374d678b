"""The contrastive branch of a step: anchors drawn from the candidates, and L_pix against the bank (paper, Sec. 3.2).

Shapes are fixed: absent rows are labelled −1. There is no device sync, and pixels are selected by index before their
features are gathered.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.method.candidates import BankSettings, Candidates
from pixcon_train.method.class_bank import ClassBank

_NEVER = -1e9
"""Similarity of empty slots: its exp() is exactly 0, and unlike −inf it has a gradient."""


_LEAST = 1e-12
"""Minimum weight of an entry, before its logarithm."""


class Anchors(NamedTuple):
    """Drawn pixels, fixed in number."""

    positions: Tensor
    """(A,) int64, of pixels in the flattened (B, h, w) map."""
    labels: Tensor
    """(A,) class of each, −1 for padding."""


def select_anchors(admitted: Tensor, *, num_classes: int, cap: int, generator: torch.Generator | None) -> Anchors:
    """Up to ``cap`` pixels a class, drawn uniformly without replacement: A = num_classes · cap rows.

    Args:
        admitted: (B, h, w) int64 from :func:`pixcon_train.method.admission.admit`.
        generator: of the tensor's device.
    """
    flat = admitted.flatten()
    # One sort by (class, random number) puts every class in random order; −1 comes after the last class.
    group = torch.where(flat < 0, num_classes, flat)
    draw = torch.randint(1 << 40, flat.shape, generator=generator, device=flat.device)
    ordered, order = (group * (1 << 40) + draw).sort()
    bounds = torch.searchsorted(ordered >> 40, torch.arange(num_classes + 1, device=flat.device))
    offset = torch.arange(cap, device=flat.device)
    position = bounds[:-1, None] + offset
    present = position < bounds[1:, None]
    index = order[position.clamp(max=flat.numel() - 1)]
    classes = torch.arange(num_classes, device=flat.device)[:, None].expand(-1, cap)
    return Anchors(index.flatten(), torch.where(present, classes, -1).flatten())


def thin(labels: Tensor, *, limit: int, generator: torch.Generator | None) -> Tensor:
    """Positions of at most ``limit`` rows, drawn uniformly from those not labelled −1 (those come last): (≤ limit,)."""
    if labels.numel() <= limit:
        return torch.arange(labels.numel(), device=labels.device)
    draw = torch.rand(labels.shape, generator=generator, device=labels.device)
    return (draw + (labels < 0)).topk(limit, largest=False).indices


def gather_pixels(features: Tensor, index: Tensor) -> Tensor:
    """Feature vectors (A, D) of a map (B, D, h, w) at positions ``index`` (A,) of its flattened (B, h, w)."""
    per_image = features.shape[-2] * features.shape[-1]
    return features.flatten(2)[index // per_image, :, index % per_image]


def info_nce(
    anchors: Tensor, labels: Tensor, queue: Tensor, held: Tensor, *, temperature: float, weight: Tensor | None = None
) -> Tensor:
    """Supervised InfoNCE with the sum inside the logarithm (Eq. 3), mean over anchors that have a positive.

    With s_k = log Σ w_b·exp(z·b/η) over the entries b of class k, Eq. 3 for an anchor of class a is
    log Σ_k exp(s_k) − s_a: the cross-entropy of the s_k. So the similarities, the only large array, are read
    once. Equation 3 has w_b = 1; the paper leaves soft admission, with other weights, open (Sec. 5).

    Args:
        anchors: (A, D), unit norm.
        labels: (A,) int64, −1 for padding.
        queue: (K, N, D), unit norm; no gradient flows into it.
        held: (K, N) bool, whether a slot of the queue holds an entry.
        temperature: η.
        weight: (K, N) w_b ≥ 0 of each entry; 1 where none are given.

    Returns:
        Scalar ≥ 0, float32 at any precision; 0, with a gradient of 0, where no anchor has a positive.
    """
    num_classes, size, dim = queue.shape
    with torch.autocast(anchors.device.type, enabled=False):
        log_weight = 0.0 if weight is None else weight.clamp(min=_LEAST).log()
        absent = torch.where(held, log_weight, _NEVER).flatten()
        rows = queue.detach().float().view(-1, dim)
        similarity = torch.addmm(absent, anchors.float() / temperature, rows.T)
        per_class = similarity.view(-1, num_classes, size).logsumexp(2)
        has_positive = (labels >= 0) & held.any(1)[labels.clamp(min=0)]
        total = F.cross_entropy(per_class, torch.where(has_positive, labels, -1), ignore_index=-1, reduction="sum")
    return total / has_positive.sum().clamp(min=1)


class Admitted(NamedTuple):
    """Entries for the bank, after the cap: the arguments of :meth:`ClassBank.enqueue`."""

    embeddings: Tensor
    """(A, D), detached."""
    labels: Tensor
    """(A,) int64, −1 for padding."""
    target: Tensor
    """(A,) int64 true class, −1 where unknown."""
    weights: Tensor
    """(A,)."""


def contrast(
    candidates: Candidates, bank: ClassBank, settings: BankSettings, generator: torch.Generator | None
) -> tuple[Tensor, Admitted]:
    """L_pix (Eq. 3) of the admitted pixels against the bank, which is not changed, and the entries for it."""
    anchors = select_anchors(candidates.admitted, num_classes=len(bank.filled), cap=settings.cap, generator=generator)
    embeddings = gather_pixels(candidates.embedding, anchors.positions).float()
    chosen = thin(anchors.labels, limit=settings.max_anchors, generator=generator)
    loss = info_nce(
        embeddings[chosen],
        anchors.labels[chosen],
        bank.queue,
        bank.held(),
        temperature=settings.temperature,
        weight=bank.weight,
    )
    if settings.wait_for_all:
        loss = loss * (bank.filled > 0).all()
    target, weights = (values.flatten()[anchors.positions] for values in (candidates.target, candidates.weights))
    return loss, Admitted(embeddings.detach(), anchors.labels, target, weights)
