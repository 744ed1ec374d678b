"""The pixels of a step that may become anchors and bank entries (paper, Sec. 3.2 and appendix D).

Labels, confidence and padding are resized to the feature's resolution by nearest neighbour, logits bilinearly (appendix
D; with aligned corners as in the release, which the paper does not specify).
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.method.admission import RULES, AdmissionRule, admit, known
from pixcon_train.method.consistency import Views
from pixcon_train.models.base import ModelOutput


@dataclass(frozen=True)
class BankSettings:
    """The contrastive branch."""

    rule: str
    """Admission rule: a key of :data:`pixcon_train.method.admission.RULES` other than ``none``."""
    weight: float = 0.1
    """λ_pix."""
    temperature: float = 0.1
    """η."""
    form: Literal["eq3", "supcon"] = "eq3"
    """Form of the loss: see :func:`pixcon_train.method.contrastive.info_nce`."""
    cap: int = 64
    """m, anchors per class."""
    max_anchors: int = 1024
    tau: float = 0.95
    """Threshold of the rules that have one."""
    wait_for_all: bool = False
    """Whether the loss is used only once every class has an entry."""

    @property
    def admission(self) -> AdmissionRule:
        """The rule itself."""
        return RULES[self.rule]


class Candidates(NamedTuple):
    """Pixels at the feature's resolution that may become anchors and entries."""

    embedding: Tensor
    """(B, D, h, w), unit norm."""
    admitted: Tensor
    """(B, h, w) int64, class under which a pixel is admitted, −1 where it is not."""
    target: Tensor
    """(B, h, w) int64 true class, −1 where unknown."""
    weights: Tensor
    """(B, h, w), weight of an entry."""


def labeled_candidates(labeled: ModelOutput, labels: Tensor, settings: BankSettings) -> Candidates:
    """Labeled pixels, admitted by their ground truth and the student's logits."""
    assert labeled.embedding is not None
    size = labeled.embedding.shape[-2:]
    target = _nearest(labels, size).long()
    logits = F.interpolate(labeled.logits.detach().float(), size, mode="bilinear", align_corners=True)
    admitted = admit(settings.rule, logits, target, tau=settings.tau)
    return _candidates(labeled.embedding, admitted, known(target, logits.shape[1]), logits, settings.admission)


def unlabeled_candidates(views: Views, settings: BankSettings) -> Candidates:
    """Unlabeled pixels, admitted by the teacher's pseudo-label and confidence.

    The embeddings are those of the strong views, which are computed anyway; as in ReCo, pixels are admitted by the
    pseudo-labels after CutMix.
    """
    assert views.output.embedding is not None and settings.admission.admit is not None
    size = views.output.embedding.shape[-2:]
    pseudo, confidence, padding = (_nearest(tensor, size) for tensor in (views.pseudo, views.confidence, views.padding))
    labels = torch.where(padding == 0, pseudo.long(), -1)
    admitted = settings.admission.admit(labels, confidence, settings.tau)
    target = torch.full_like(admitted, -1)
    if views.target is not None:
        target = known(_nearest(views.target, size).long(), views.output.logits.shape[1])
    return _candidates(views.output.embedding, admitted, target, confidence, settings.admission)


def _candidates(
    embedding: Tensor, admitted: Tensor, target: Tensor, evidence: Tensor, rule: AdmissionRule
) -> Candidates:
    """Candidates with the weights of ``rule``; ``evidence`` is its second argument."""
    weights = evidence.new_ones(admitted.shape) if rule.weigh is None else rule.weigh(admitted, evidence)
    return Candidates(embedding, admitted, target, weights)


def _nearest(labels: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(labels[:, None].float(), size, mode="nearest")[:, 0]
