"""The contrastive branch of a step: anchors drawn from the candidates, and L_pix against the bank (paper, Sec. 3.2).

Shapes are fixed: absent rows are labelled −1. There is no device sync, and pixels are selected by index before their
features are gathered.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.method.candidates import BankSettings, Candidates
from pixcon_train.method.class_bank import ClassBank

_NEVER = -1e9
"""Similarity of empty slots: its exp() is exactly 0, and unlike −inf it has a gradient."""

_BLOCK = 128
"""Anchors at once on a CPU."""

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

    In Eq. 3 every weight w_b is 1; the paper leaves soft admission, with other weights, open (Sec. 5).

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
    with torch.autocast(anchors.device.type, enabled=False):
        log_weight = 0.0 if weight is None else weight.clamp(min=_LEAST).log()
        offset = torch.where(held, log_weight, _NEVER)
        has_positive = (labels >= 0) & held.any(1)[labels.clamp(min=0)]
        total: Tensor = _SumOfLosses.apply(
            anchors.float() / temperature, torch.where(has_positive, labels, -1), queue.detach().float(), offset
        )
    return total / has_positive.sum().clamp(min=1)


class _SumOfLosses(torch.autograd.Function):
    """Σ log(1 + n/p) over the anchors with a label, where p = Σ w_b·exp(z·b/η) over the entries of the anchor's class
    and n the same sum over all others.

    The gradient is computed with the loss, one block of anchors at a time: with P the softmax over all entries, Q the
    softmax over those of the anchor's class and n̄ the mass of the others in P, it is Σ P_b·b over the others −
    n̄·Σ Q_b·b over the own. So the similarities, the only large array, are never kept, and on a CPU stay in its cache.
    """

    @staticmethod
    def forward(ctx: Any, scaled: Tensor, labels: Tensor, queue: Tensor, offset: Tensor) -> Tensor:
        rows, gradient = queue.flatten(0, 1), torch.empty_like(scaled)
        total = scaled.new_zeros(())
        size = len(scaled) if scaled.is_cuda else min(_BLOCK, len(scaled))
        buffers = scaled.new_empty(2, size, len(rows))  # reused, as fresh memory costs more than the softmax
        for anchors, own, result in zip(scaled.split(size), labels.split(size), gradient.split(size), strict=True):
            similarity, mass = buffers[:, : len(own)]
            torch.addmm(offset.flatten(), anchors, rows.T, out=similarity)
            torch.softmax(similarity, 1, out=mass)
            losses = _losses_of(similarity, mass, own.clamp(min=0), len(queue))
            total += losses.masked_fill(own < 0, 0.0).sum()
            torch.mm(mass, rows, out=result)
        ctx.save_for_backward(gradient.masked_fill_(labels[:, None] < 0, 0.0))
        return total

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return factor * gradient, None, None, None


def _losses_of(similarity: Tensor, mass: Tensor, own: Tensor, num_classes: int) -> Tensor:
    """Loss of each anchor (a,) by the anchors' class; ``mass``, the softmax of the similarities (a, K·N), becomes its
    gradient with respect to them."""
    anchor = torch.arange(len(own), device=own.device)
    positives = similarity.view(len(own), num_classes, -1)[anchor, own]
    log_positive = positives.logsumexp(1) - similarity.amax(1) + mass.amax(1).log()
    by_class = mass.view(len(own), num_classes, -1)
    by_class[anchor, own] = torch.zeros_like(positives)  # a number would be sent to the GPU, for which the host waits
    negative = mass.sum(1)
    by_class[anchor, own] = -negative[:, None] * positives.softmax(1)
    return F.softplus(negative.log() - log_positive)


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
    chosen = thin(anchors.labels, limit=settings.max_anchors, generator=generator)
    loss = info_nce(
        gather_pixels(candidates.embedding, anchors.positions[chosen]),
        anchors.labels[chosen],
        bank.queue,
        bank.held(),
        temperature=settings.temperature,
        weight=bank.weight,
    )
    if settings.wait_for_all:
        loss = loss * (bank.filled > 0).all()
    target, weights = (values.flatten()[anchors.positions] for values in (candidates.target, candidates.weights))
    return loss, Admitted(_entries(candidates.embedding, anchors.positions), anchors.labels, target, weights)


@torch.no_grad()
def _entries(features: Tensor, positions: Tensor) -> Tensor:
    """Feature vectors (A, D) float32 of pixels, read in the order of the map: a fourth of the time on a CPU."""
    ordered, order = positions.sort()
    rows = gather_pixels(features, ordered).float()
    return torch.empty_like(rows).index_copy_(0, order, rows)
