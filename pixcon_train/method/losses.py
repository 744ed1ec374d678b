"""Cross-entropies of the supervised and the consistency branch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.core.void import void_of


def supervised_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy over labeled pixels: scalar; 0 with a gradient of 0 where there are none.

    Args:
        logits: (B, K, H, W).
        labels: (B, H, W) int64, void where unlabeled.
    """
    void = void_of(logits.shape[1])
    losses = F.cross_entropy(logits.float(), labels, ignore_index=void, reduction="none")
    return losses.sum() / (labels != void).sum().clamp(min=1)


def ohem_loss(logits: Tensor, labels: Tensor, *, threshold: float, min_kept: int) -> Tensor:
    """Mean cross-entropy over hard pixels: those whose probability of the true class is at most ``threshold``.

    If fewer than ``min_kept`` are hard, the threshold rises until that many are kept; if fewer than ``min_kept`` are
    labeled, all are kept. Shapes as in :func:`supervised_loss`. Source: UniMatch V2's recipe for Cityscapes.
    """
    void = void_of(logits.shape[1])
    losses = F.cross_entropy(logits.float(), labels, ignore_index=void, reduction="none").flatten()
    valid = (labels != void).flatten()
    certainty = torch.where(valid, (-losses.detach()).exp(), torch.inf)
    kth = certainty.kthvalue(min(min_kept, certainty.numel())).values
    limit = torch.where(valid.sum() < min_kept, torch.inf, kth.clamp(min=threshold))
    kept = valid & (certainty <= limit)
    return (losses * kept).sum() / kept.sum().clamp(min=1)


def consistency_loss(logits: Tensor, pseudo: Tensor, weights: Tensor, excluded: Tensor) -> Tensor:
    """Weighted cross-entropy against pseudo-labels, divided by the number of pixels that are not excluded.

    Args:
        logits: (B, K, H, W) of a strong view.
        pseudo: (B, H, W) int64 pseudo-labels ŷ.
        weights: (B, H, W), 0 where a pseudo-label is not retained; without weighting 1 where it is.
        excluded: (B, H, W) bool, padding.
    """
    losses = F.cross_entropy(logits.float(), pseudo, reduction="none")
    return (losses * weights * ~excluded).sum() / (~excluded).sum().clamp(min=1)


def consistency_weights(confidence: Tensor, pseudo: Tensor, *, kind: str, width: int, factor: float) -> Tensor:
    """Weight of each pixel in the consistency loss, before the threshold: (B, H, W).

    The paper (Sec. 3.4) weights by boundary and confidence without giving formulas; these are ours.

    Args:
        confidence: c, (B, H, W).
        pseudo: ŷ, (B, H, W) int64, the teacher's for the weak view.
        kind: ``none`` – 1; ``confidence`` – c; ``boundary`` – ``factor`` where another pseudo-label lies within
            ``width`` pixels (a square), 1 elsewhere; ``both`` – their product.
        width: in pixels, at least 1.
        factor: positive.
    """
    weights = confidence if kind in {"confidence", "both"} else torch.ones_like(confidence)
    if kind in {"boundary", "both"}:
        labels, window = pseudo.float()[:, None], 2 * width + 1
        highest = F.max_pool2d(labels, window, stride=1, padding=width)
        lowest = -F.max_pool2d(-labels, window, stride=1, padding=width)
        weights = torch.where((highest != lowest)[:, 0], factor * weights, weights)
    return weights
