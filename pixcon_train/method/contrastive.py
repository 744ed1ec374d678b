"""The contrastive branch of a step: anchors drawn from the candidates, and L_pix against the bank (paper, Sec. 3.2).

The loss has two forms. Eq. 3 has the sum over positives inside the logarithm. SupCon, which the paper names in Sec. 2,
is the mean over positives of their log-probabilities; its gradient weighs all positives alike, as Obs. 3.1 assumes.

Shapes are fixed: absent rows are labelled −1. There is no device sync, and pixels are selected by index before their
features are gathered.
"""

from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.method.candidates import BankSettings, Candidates
from pixcon_train.method.class_bank import ClassBank

Form = Literal["eq3", "supcon"]

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
    anchors: Tensor,
    labels: Tensor,
    queue: Tensor,
    held: Tensor,
    *,
    temperature: float,
    weight: Tensor | None = None,
    form: Form = "eq3",
) -> Tensor:
    """Supervised InfoNCE, mean over anchors that have a positive.

    With Z = Σ w_b·exp(z·b/η) over all entries b, the loss of an anchor z is, over the entries of its class,
    −log(Σ w_b·exp(z·b/η) / Z) (``eq3``, Eq. 3) or −Σ w_b·log(exp(z·b/η) / Z) / Σ w_b (``supcon``). Every weight w_b is
    1 in the paper, which leaves soft admission, with other weights, open (Sec. 5).

    Args:
        anchors: (A, D), unit norm.
        labels: (A,) int64, −1 for padding.
        queue: (K, N, D), unit norm; no gradient flows into it.
        held: (K, N) bool, whether a slot of the queue holds an entry.
        temperature: η.
        weight: (K, N) w_b ≥ 0 of each entry; 1 where none are given.
        form: of the loss.

    Returns:
        Scalar, float32 at any precision; ≥ 0, except SupCon's with weights below 1; 0, with a gradient of 0, where no
        anchor has a positive.
    """
    with torch.autocast(anchors.device.type, enabled=False):
        log_weight = 0.0 if weight is None else weight.clamp(min=_LEAST).log()
        offset = torch.where(held, log_weight, _NEVER)
        has_positive = (labels >= 0) & held.any(1)[labels.clamp(min=0)]
        total: Tensor = _SumOfLosses.apply(
            anchors.float() / temperature, torch.where(has_positive, labels, -1), queue.detach().float(), offset, form
        )
    return total / has_positive.sum().clamp(min=1)


class _SumOfLosses(torch.autograd.Function):
    """Sum of :func:`info_nce`'s losses over the anchors with a label.

    The gradient is computed with the loss, one block of anchors at a time. With respect to an anchor it is
    Σ P_b·b over all entries − Σ Q_b·b over those of its class, where Q is P restricted to them and normalized (Eq. 3),
    or their weights normalized (SupCon). So the similarities, the only large array, are never kept, and on a CPU stay
    in its cache.
    """

    @staticmethod
    def forward(ctx: Any, scaled: Tensor, labels: Tensor, queue: Tensor, offset: Tensor, form: Form) -> Tensor:
        rows, gradient = queue.flatten(0, 1), torch.empty_like(scaled)
        total = scaled.new_zeros(())
        size = len(scaled) if scaled.is_cuda else min(_BLOCK, len(scaled))
        buffers = scaled.new_empty(2, size, len(rows))  # reused, as fresh memory costs more than the softmax
        for anchors, own, result in zip(scaled.split(size), labels.split(size), gradient.split(size), strict=True):
            similarity, mass = buffers[:, : len(own)]
            torch.addmm(offset.flatten(), anchors, rows.T, out=similarity)
            torch.softmax(similarity, 1, out=mass)
            classes = own.clamp(min=0)
            if form == "eq3":
                losses = _eq3_losses(similarity, mass, classes, len(queue))
            else:
                losses = _supcon_losses(similarity, mass, classes, offset)
            total += losses.masked_fill(own < 0, 0.0).sum()
            torch.mm(mass, rows, out=result)
        ctx.save_for_backward(gradient.masked_fill_(labels[:, None] < 0, 0.0))
        return total

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor, None, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return factor * gradient, None, None, None, None


def _eq3_losses(similarity: Tensor, mass: Tensor, own: Tensor, num_classes: int) -> Tensor:
    """log(1 + n/p) of each anchor (a,), with p = Σ w_b·exp(z·b/η) over the entries of its class and n over all others.

    ``mass``, the softmax of the similarities (a, K·N), becomes the gradient with respect to them. Its entries of the
    own class are −n̄·Q_b with n̄ the mass of the others, as P_b − Q_b would lose its digits where Q_b is nearly P_b.
    """
    anchor = torch.arange(len(own), device=own.device)
    positives = similarity.view(len(own), num_classes, -1)[anchor, own]
    log_positive = positives.logsumexp(1) - similarity.amax(1) + mass.amax(1).log()
    by_class = mass.view(len(own), num_classes, -1)
    by_class[anchor, own] = torch.zeros_like(positives)  # a number would be sent to the GPU, for which the host waits
    negative = mass.sum(1)
    by_class[anchor, own] = -negative[:, None] * positives.softmax(1)
    return F.softplus(negative.log() - log_positive)


def _supcon_losses(similarity: Tensor, mass: Tensor, own: Tensor, offset: Tensor) -> Tensor:
    """log Z − Σ Q_b·z·b/η of each anchor (a,) over the entries of its class, whose normalized weights are Q.

    ``mass``, the softmax of the similarities (a, K·N), becomes the gradient with respect to them. ``offset`` (K, N),
    the logarithms of the weights, is part of the similarities.
    """
    anchor = torch.arange(len(own), device=own.device)
    share = offset.softmax(1)[own]
    positives = similarity.view(len(own), *offset.shape)[anchor, own]
    log_all = similarity.amax(1) - mass.amax(1).log()
    mass.view(len(own), *offset.shape)[anchor, own] -= share
    return log_all - (share * (positives - offset[own])).sum(1)


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
    """L_pix of the admitted pixels against the bank, which is not changed, and the entries for it."""
    anchors = select_anchors(candidates.admitted, num_classes=len(bank.filled), cap=settings.cap, generator=generator)
    chosen = thin(anchors.labels, limit=settings.max_anchors, generator=generator)
    loss = info_nce(
        gather_pixels(candidates.embedding, anchors.positions[chosen]),
        anchors.labels[chosen],
        bank.queue,
        bank.held(),
        temperature=settings.temperature,
        weight=bank.weight,
        form=settings.form,
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
