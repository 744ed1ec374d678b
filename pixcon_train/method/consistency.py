"""The weak-to-strong branch of a step: pseudo-labels of the weak view against two strong ones (paper, Sec. 3.4)."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pixcon_train.core.void import VOID
from pixcon_train.method.label_noise import Noise
from pixcon_train.method.losses import consistency_loss, consistency_weights
from pixcon_train.method.perturbations import box_masks, cutmix
from pixcon_train.method.step_inputs import StepBatch, StepRandomness
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


def consistency(
    student: SegmentationModel,
    teacher: SegmentationModel,
    batch: StepBatch,
    randomness: StepRandomness,
    rules: ConsistencyRules,
    *,
    embed: bool,
) -> Consistency:
    """Losses of the two strong views against the weak view's pseudo-labels; ``embed`` also projects the views."""
    weak_labels = _pseudo_labels(teacher, batch, rules, randomness.noise)
    inside = [box_masks(boxes, batch.weak.shape[-2:]) for boxes in randomness.boxes]

    def both(first: Tensor, second: Tensor | None = None) -> Tensor:
        """Tensors of the two strong views, or one for both, after CutMix: first views first."""
        views = (first, first if second is None else second)
        return torch.cat([cutmix(view, mask) for view, mask in zip(views, inside, strict=True)])

    output = student(
        both(*batch.strong), embed=embed, encoder_scale=randomness.encoder_scale, fused_scale=randomness.fused_scale
    )
    pseudo, padding = both(weak_labels.pseudo), both(batch.padding)
    halves = (tensor.chunk(2) for tensor in (output.logits, pseudo, both(weak_labels.weights), padding))
    first, second = (consistency_loss(*half) for half in zip(*halves, strict=True))
    views = None
    if embed:
        target = None if batch.target is None else both(batch.target)
        views = Views(output, pseudo, both(weak_labels.confidence), padding, target)
    pixels = (~batch.padding).sum().clamp(min=1)
    return Consistency(
        losses=(first, second),
        retention=weak_labels.counts["retained"] / pixels,
        threshold=weak_labels.tau if weak_labels.tau.ndim == 0 else (weak_labels.tau * ~batch.padding).sum() / pixels,
        counts=weak_labels.counts,
        observed=weak_labels.observed,
        views=views,
    )


class _PseudoLabels(NamedTuple):
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
def _pseudo_labels(
    teacher: SegmentationModel, batch: StepBatch, rules: ConsistencyRules, generator: torch.Generator | None
) -> _PseudoLabels:
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
        known = retained & (batch.target != VOID)
        counts |= {"known": known.sum(), "wrong": (known & (pseudo != batch.target)).sum()}
    kind, width, factor = rules.weighting.kind, rules.weighting.width, rules.weighting.factor
    weights = chosen * consistency_weights(confidence, labels, kind=kind, width=width, factor=factor)
    return _PseudoLabels(confidence, pseudo, weights, tau, counts, rules.threshold.observe(prediction, retained))
