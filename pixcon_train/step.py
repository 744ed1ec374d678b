"""One training step: UniMatch V2's consistency and the clean-positive branch (paper, Eq. 4 and appendix D).

A pure function of the batch, the two networks, the bank, and its randomness, which is handed in. It neither waits for
the device nor changes the bank or the weights: the caller runs the backward pass and then enqueues what was admitted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_train.bank import ClassBank
from pixcon_train.contrast import admit, gather_pixels, info_nce, select_anchors, thin
from pixcon_train.losses import consistency_loss, supervised_loss
from pixcon_train.mixing import box_masks, cutmix
from pixcon_train.models.base import ModelOutput, SegmentationModel


class StepBatch(NamedTuple):
    """One (micro-)batch; images are normalised."""

    images: Tensor
    """Labeled images (B, 3, H, W)."""
    labels: Tensor
    """(B, H, W) int64, 255 = void or padding."""
    weak: Tensor
    """Weak views of the unlabeled images (B, 3, H, W)."""
    strong: tuple[Tensor, Tensor]
    """Two strong views of the same crops."""
    padding: Tensor
    """(B, H, W) bool, padding of the unlabeled images."""


class StepRandomness(NamedTuple):
    """Every random choice of a step."""

    boxes: tuple[Tensor, Tensor]
    """CutMix boxes of the two views, (B, 4) int64 rows (y, x, height, width)."""
    encoder_scale: Tensor | None
    """(2·B, dim) factors on the encoder's features, first views first; None where dropout acts elsewhere."""
    fused_scale: Tensor | None
    """(2·B, C) factors on the fused feature, first views first."""
    generator: torch.Generator | None
    """Draws anchors; of the device that the batch is on."""


@dataclass(frozen=True)
class BankSettings:
    """The contrastive branch."""

    rule: str
    """Admission rule, a key of ``contrast.ADMISSION``."""
    weight: float = 0.1
    """λ_pix."""
    temperature: float = 0.1
    """η."""
    cap: int = 64
    """m, anchors per class."""
    max_anchors: int = 1024
    tau: float = 0.95
    """Threshold of the rule ``confidence``."""
    wait_for_all: bool = False
    """Let the loss count only once every class has an entry."""


@dataclass(frozen=True)
class StepSettings:
    """What is fixed over a run."""

    tau: float = 0.95
    bank: BankSettings | None = None
    supervised: Callable[[Tensor, Tensor], Tensor] = supervised_loss
    """Loss of (logits, labels): cross-entropy or OHEM."""


class Admitted(NamedTuple):
    """What the step wants to enter into the bank, after the cap."""

    embeddings: Tensor
    """(A, D), detached."""
    labels: Tensor
    """(A,) int64, −1 for padding."""


@dataclass(frozen=True)
class StepResult:
    """Scalars on the device, and what was admitted."""

    loss: Tensor
    """L of Eq. 4, to be differentiated; the other scalars are detached."""
    loss_x: Tensor
    loss_s1: Tensor
    loss_s2: Tensor
    loss_pix: Tensor
    """Before the weight λ_pix; 0 without a bank."""
    mask_ratio: Tensor
    """Share of unpadded unlabeled pixels with c ≥ τ: retention during training."""
    admitted: Admitted | None
    """None without a bank."""


def training_step(
    student: SegmentationModel,
    teacher: SegmentationModel,
    batch: StepBatch,
    randomness: StepRandomness,
    settings: StepSettings,
    bank: ClassBank | None = None,
) -> StepResult:
    """Losses of one step: L = (L_x + L_u)/2 + λ_pix · L_pix, L_u = (L_s1 + L_s2)/2.

    Args:
        student: in train mode.
        teacher: in eval mode.
        bank: needed where ``settings.bank`` is set; read, not written.
    """
    labeled = student(batch.images, embed=settings.bank is not None)
    loss_x = settings.supervised(labeled.logits, batch.labels)
    loss_s1, loss_s2, mask_ratio = _consistency(student, teacher, batch, randomness, settings.tau)
    loss = (loss_x + (loss_s1 + loss_s2) / 2) / 2
    loss_pix, admitted = loss.new_zeros(()), None
    if settings.bank is not None and bank is not None:
        loss_pix, admitted = contrast(labeled, batch.labels, bank, settings.bank, randomness.generator)
        loss = loss + settings.bank.weight * loss_pix
    return StepResult(
        loss, loss_x.detach(), loss_s1.detach(), loss_s2.detach(), loss_pix.detach(), mask_ratio, admitted
    )


def _consistency(
    student: SegmentationModel,
    teacher: SegmentationModel,
    batch: StepBatch,
    randomness: StepRandomness,
    tau: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Losses of the two strong views, and the mask ratio."""
    with torch.no_grad():
        confidence, pseudo = teacher(batch.weak).logits.float().softmax(1).max(1)
    counted = ~batch.padding
    mask_ratio = ((confidence >= tau) & counted).sum() / counted.sum().clamp(min=1)
    inside = [box_masks(boxes, batch.weak.shape[-2:]) for boxes in randomness.boxes]
    mixed = [cutmix(view, mask) for view, mask in zip(batch.strong, inside, strict=True)]
    logits = student(
        torch.cat(mixed), encoder_scale=randomness.encoder_scale, fused_scale=randomness.fused_scale
    ).logits.chunk(2)
    first, second = (
        consistency_loss(view, cutmix(pseudo, mask), cutmix(confidence, mask), cutmix(batch.padding, mask), tau=tau)
        for view, mask in zip(logits, inside, strict=True)
    )
    return first, second, mask_ratio


def contrast(
    labeled: ModelOutput, labels: Tensor, bank: ClassBank, settings: BankSettings, generator: torch.Generator | None
) -> tuple[Tensor, Admitted]:
    """L_pix (Eq. 3) of the admitted pixels against the bank as it stands, and what they would add to it.

    Labels are brought to the feature's resolution by nearest neighbour, logits bilinearly (appendix D; its corners are
    aligned as in the release, on which the paper is silent).
    """
    assert labeled.embedding is not None
    size = labeled.embedding.shape[-2:]
    small_labels = F.interpolate(labels[:, None].float(), size, mode="nearest")[:, 0].long()
    small_logits = F.interpolate(labeled.logits.detach().float(), size, mode="bilinear", align_corners=True)
    admitted = admit(settings.rule, small_logits, small_labels, tau=settings.tau)
    anchors = select_anchors(admitted, num_classes=len(bank.filled), cap=settings.cap, generator=generator)
    embeddings = gather_pixels(labeled.embedding, anchors.positions).float()
    chosen = thin(anchors.labels, limit=settings.max_anchors, generator=generator)
    loss = info_nce(
        embeddings[chosen], anchors.labels[chosen], bank.queue, bank.held(), temperature=settings.temperature
    )
    if settings.wait_for_all:
        loss = loss * (bank.filled > 0).all()
    return loss, Admitted(embeddings.detach(), anchors.labels)
