"""The weak-to-strong branch of a step: pseudo-labels of the weak view against two strong ones (paper, Sec. 3.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pixcon_train.core.void import void_of
from pixcon_train.method.label_noise import Noise
from pixcon_train.method.losses import consistency_loss, consistency_weights
from pixcon_train.method.perturbations import box_masks, cutmix
from pixcon_train.method.step_inputs import StepBatch
from pixcon_train.method.thresholds import TeacherPrediction, Threshold
from pixcon_train.models.base import ModelOutput, SegmentationModel


@dataclass(frozen=True)
class Weighting:
    """Weights of the consistency loss; see :func:`pixcon_train.method.losses.consistency_weights`."""

    kind: str = "none"
    width: int = 3
    factor: float = 2.0


@dataclass(frozen=True)
class ConsistencyRules:
    """Rules for the teacher's labels; their state changes between steps."""

    threshold: Threshold = field(default_factory=Threshold)
    noise: Noise | None = None
    weighting: Weighting = Weighting()

    def modules(self) -> dict[str, nn.Module]:
        """The rules with a state, by name."""
        return {"threshold": self.threshold} | ({} if self.noise is None else {"noise": self.noise})


class Views(NamedTuple):
    """The strong views after CutMix, first views first (2·B)."""

    output: ModelOutput
    pseudo: Tensor
    confidence: Tensor
    padding: Tensor
    target: Tensor | None


@dataclass(frozen=True)
class Consistency:
    """The weak-to-strong branch of a step."""

    losses: tuple[Tensor, Tensor]
    retention: Tensor
    threshold: Tensor
    counts: dict[str, Tensor]
    observed: Tensor
    """Sums that update the threshold."""
    views: Views | None
    """None unless the views were embedded."""


class PairMixing:
    """CutMix of the two strong views: results are (2·B, …), first views first."""

    def __init__(self, boxes: tuple[Tensor, Tensor], size: Sequence[int]) -> None:
        """For the boxes of :class:`StepRandomness` in crops of ``size`` (H, W)."""
        self._inside = [box_masks(of_view, size) for of_view in boxes]

    def __call__(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Mix the tensors (B, …, H, W) of the two views, or one tensor that both share."""
        views = (first, first if second is None else second)
        return torch.cat([cutmix(view, inside) for view, inside in zip(views, self._inside, strict=True)])


class PseudoLabels(NamedTuple):
    """Pseudo-labels of the weak views, each (B, H, W)."""

    confidence: Tensor
    pseudo: Tensor
    """Labels, after noise."""
    weights: Tensor
    """Weights in the loss; 0 where a label is not retained."""
    tau: Tensor
    """(B, H, W) or a scalar."""
    counts: dict[str, Tensor]
    observed: Tensor


@torch.no_grad()
def pseudo_labels(
    teacher: SegmentationModel, batch: StepBatch, rules: ConsistencyRules, generator: torch.Generator | None
) -> PseudoLabels:
    """The teacher's labels of the weak views after the rules."""
    confidence, labels = teacher(batch.weak).logits.float().softmax(1).max(1)
    prediction = TeacherPrediction(confidence, labels, ~batch.padding)
    tau = rules.threshold(prediction)
    chosen = confidence >= tau
    retained = chosen & prediction.counted
    pseudo, counts = labels, {"retained": retained.sum()}
    if rules.noise is not None:
        pseudo, replaced = rules.noise(labels, retained, generator)
        counts["replaced"] = replaced.sum()
    if batch.target is not None:
        known = retained & (batch.target != void_of(teacher.num_classes))
        counts |= {"known": known.sum(), "wrong": (known & (pseudo != batch.target)).sum()}
    kind, width, factor = rules.weighting.kind, rules.weighting.width, rules.weighting.factor
    weights = chosen * consistency_weights(confidence, labels, kind=kind, width=width, factor=factor)
    return PseudoLabels(confidence, pseudo, weights, tau, counts, rules.threshold.observe(prediction, retained))


def consistency(
    output: ModelOutput, weak: PseudoLabels, batch: StepBatch, mixing: PairMixing, *, embedded: bool
) -> Consistency:
    """Losses of the two strong views' ``output`` against the weak view's pseudo-labels, mixed likewise.

    ``embedded`` says that the views were embedded.
    """
    pseudo, padding = mixing(weak.pseudo), mixing(batch.padding)
    halves = (tensor.chunk(2) for tensor in (output.logits, pseudo, mixing(weak.weights), padding))
    first, second = (consistency_loss(*half) for half in zip(*halves, strict=True))
    views = None
    if embedded:
        target = None if batch.target is None else mixing(batch.target)
        views = Views(output, pseudo, mixing(weak.confidence), padding, target)
    pixels = (~batch.padding).sum().clamp(min=1)
    return Consistency(
        losses=(first, second),
        retention=weak.counts["retained"] / pixels,
        threshold=weak.tau if weak.tau.ndim == 0 else (weak.tau * ~batch.padding).sum() / pixels,
        counts=weak.counts,
        observed=weak.observed,
        views=views,
    )
