"""The weak-to-strong branch of a step: pseudo-labels of the weak view against two strong ones (paper, Sec. 3.4)."""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pixcon_train.data.reading import VOID
from pixcon_train.losses import consistency_loss, consistency_weights
from pixcon_train.mixing import box_masks, cutmix
from pixcon_train.models.base import ModelOutput, SegmentationModel
from pixcon_train.noise import Noise
from pixcon_train.step_inputs import StepBatch, StepRandomness
from pixcon_train.thresholds import Teaching, Threshold


@dataclass(frozen=True)
class Weighting:
    """Weights of the consistency loss; see :func:`pixcon_train.losses.consistency_weights`."""

    kind: str = "none"
    width: int = 3
    factor: float = 2.0


@dataclass(frozen=True)
class ConsistencyRules:
    """What becomes of the teacher's labels; their state changes between steps."""

    threshold: Threshold = field(default_factory=Threshold)
    noise: Noise | None = None
    weighting: Weighting = Weighting()

    def modules(self) -> dict[str, nn.Module]:
        """Those with a state, by name."""
        return {"threshold": self.threshold} | ({} if self.noise is None else {"noise": self.noise})


class Views(NamedTuple):
    """The strong views after CutMix, first views first (2·B)."""

    output: ModelOutput
    pseudo: Tensor
    confidence: Tensor
    padding: Tensor
    truth: Tensor | None


@dataclass(frozen=True)
class Consistency:
    """The weak-to-strong branch of a step."""

    losses: tuple[Tensor, Tensor]
    mask_ratio: Tensor
    threshold: Tensor
    counts: dict[str, Tensor]
    observed: Tensor
    views: Views


def consistency(
    student: SegmentationModel,
    teacher: SegmentationModel,
    batch: StepBatch,
    randomness: StepRandomness,
    rules: ConsistencyRules,
    *,
    embed: bool,
) -> Consistency:
    """The two strong views against the pseudo-labels of the weak one."""
    with torch.no_grad():
        confidence, labels = teacher(batch.weak).logits.float().softmax(1).max(1)
        counted = ~batch.padding
        teaching = Teaching(confidence, labels, counted)
        tau = rules.threshold(teaching)
        chosen = confidence >= tau
        retained = chosen & counted
        pseudo, counts = labels, {"retained": retained.sum()}
        if rules.noise is not None:
            pseudo, replaced = rules.noise(labels, retained, randomness.noise)
            counts["replaced"] = replaced.sum()
        if batch.truth is not None:
            known = retained & (batch.truth != VOID)
            counts |= {"known": known.sum(), "wrong": (known & (pseudo != batch.truth)).sum()}
        weighting = rules.weighting
        weights = chosen * consistency_weights(
            confidence, labels, kind=weighting.kind, width=weighting.width, factor=weighting.factor
        )
    inside = [box_masks(boxes, batch.weak.shape[-2:]) for boxes in randomness.boxes]
    mixed = [cutmix(view, mask) for view, mask in zip(batch.strong, inside, strict=True)]
    output = student(
        torch.cat(mixed), embed=embed, encoder_scale=randomness.encoder_scale, fused_scale=randomness.fused_scale
    )

    def both(tensor: Tensor) -> Tensor:
        return torch.cat([cutmix(tensor, mask) for mask in inside])

    views = Views(
        output,
        both(pseudo),
        both(confidence),
        both(batch.padding),
        None if batch.truth is None else both(batch.truth),
    )
    first, second = (
        consistency_loss(*parts)
        for parts in zip(
            *(t.chunk(2) for t in (output.logits, views.pseudo, both(weights), views.padding)), strict=True
        )
    )
    pixels = counted.sum().clamp(min=1)
    return Consistency(
        losses=(first, second),
        mask_ratio=retained.sum() / pixels,
        threshold=tau if tau.ndim == 0 else (tau * counted).sum() / pixels,
        counts=counts,
        observed=rules.threshold.observe(teaching, retained),
        views=views,
    )
