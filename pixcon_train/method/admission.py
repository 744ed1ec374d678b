"""Which pixels are admitted to the bank: the admission rules and the candidates of a step (paper, Sec. 3.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.core.void import VOID
from pixcon_train.method.consistency import Views
from pixcon_train.models.base import ModelOutput


@dataclass(frozen=True)
class BankSettings:
    """The contrastive branch."""

    rule: str
    """Admission rule: a key of ``contrast.ADMISSION``, ``soft`` or ``pseudo``; see :func:`candidates_of`."""
    weight: float = 0.1
    """λ_pix."""
    temperature: float = 0.1
    """η."""
    cap: int = 64
    """m, anchors per class."""
    max_anchors: int = 1024
    tau: float = 0.95
    """Threshold of the rules ``confidence`` and ``pseudo``."""
    wait_for_all: bool = False
    """Let the loss count only once every class has an entry."""


class Candidates(NamedTuple):
    """Pixels at the feature's resolution that may become anchors and entries."""

    embedding: Tensor
    """(B, D, h, w), unit norm."""
    admitted: Tensor
    """(B, h, w) int64, class under which a pixel is admitted, −1 where it is not."""
    truth: Tensor
    """(B, h, w) int64 true class, −1 where unknown."""
    weights: Tensor
    """(B, h, w), of an entry."""


def labeled_candidates(labeled: ModelOutput, labels: Tensor, settings: BankSettings) -> Candidates:
    """Labeled pixels by a rule of :func:`pixcon_train.method.admission.admit`; or ``soft``, as the paper leaves open
    (Sec. 5): every labeled pixel, its entry weighted by the probability that the student gives to its label.

    Labels are brought to the feature's resolution by nearest neighbour, logits bilinearly (appendix D; its corners are
    aligned as in the release, on which the paper is silent).
    """
    assert labeled.embedding is not None
    size = labeled.embedding.shape[-2:]
    small_labels = _nearest(labels, size).long()
    small_logits = F.interpolate(labeled.logits.detach().float(), size, mode="bilinear", align_corners=True)
    soft = settings.rule == "soft"
    admitted = admit("labeled" if soft else settings.rule, small_logits, small_labels, tau=settings.tau)
    weights = torch.ones_like(small_logits[:, 0])
    if soft:
        weights = small_logits.softmax(1).gather(1, admitted.clamp(min=0)[:, None])[:, 0]
    return Candidates(labeled.embedding, admitted, _known(small_labels), weights)


def pseudo_candidates(views: Views, tau: float) -> Candidates:
    """Unlabeled pixels under the teacher's pseudo-label where c ≥ τ, as ReCo and U²PL fill their banks.

    The embeddings are those of the strong views, whose forward pass there is anyway; as in ReCo, pixels are admitted by
    the pseudo-labels that CutMix moved along. Labels, c and padding are brought to the feature's resolution by nearest
    neighbour.
    """
    assert views.output.embedding is not None
    size = views.output.embedding.shape[-2:]
    pseudo, confidence, padding = (_nearest(tensor, size) for tensor in (views.pseudo, views.confidence, views.padding))
    admitted = torch.where((confidence >= tau) & (padding == 0), pseudo.long(), -1)
    truth = torch.full_like(admitted, -1) if views.truth is None else _known(_nearest(views.truth, size).long())
    return Candidates(views.output.embedding, admitted, truth, torch.ones_like(confidence))


def _nearest(labels: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(labels[:, None].float(), size, mode="nearest")[:, 0]


def _known(labels: Tensor) -> Tensor:
    return torch.where(labels == VOID, -1, labels)


def _clean(labels: Tensor, logits: Tensor, tau: float) -> Tensor:
    return torch.where(logits.argmax(1) == labels, labels, -1)


def _labeled(labels: Tensor, logits: Tensor, tau: float) -> Tensor:
    return labels


def _confidence(labels: Tensor, logits: Tensor, tau: float) -> Tensor:
    confidence, predicted = logits.float().softmax(1).max(1)
    return torch.where((confidence >= tau) & (labels >= 0), predicted, -1)


ADMISSION: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "clean": _clean,
    "labeled": _labeled,
    "confidence": _confidence,
}
"""Rules over labeled pixels by name: class (B, h, w) under which a pixel enters, of labels (−1 = none), logits and a
threshold."""


def admit(rule: str, logits: Tensor, labels: Tensor, *, tau: float, ignore: int = 255) -> Tensor:
    """Class under which each pixel is admitted, −1 where it is not: (B, h, w) int64.

    Args:
        rule: ``clean`` – labeled and predicted right, entered under the label (Eq. 2); ``labeled`` – labeled, under the
            label; ``confidence`` – labeled pixels with c ≥ τ, under the *prediction*, as in banks filled with
            pseudo-labels (Sec. 4.4), so that an entry can be wrong.
        logits: (B, K, h, w) of the student at the feature's resolution.
        labels: (B, h, w) ground truth at that resolution, ``ignore`` where there is none.
        tau: threshold of the rule ``confidence``.
    """
    known = torch.where(labels == ignore, -1, labels.long())
    return ADMISSION[rule](known, logits.detach(), tau)
