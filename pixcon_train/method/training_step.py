"""One training step: UniMatch V2's consistency and the clean-positive branch (paper, Eq. 4 and appendix D).

A pure function of the batch, the two networks, the bank, the rules and the randomness, all of which are arguments. It
has no device sync and does not change the bank, the rules or the weights: the caller runs the backward pass, enqueues
the admitted pixels, and updates the rules by their sums.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from pixcon_train.method.candidates import BankSettings, labeled_candidates, unlabeled_candidates
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.consistency import ConsistencyRules, PairMixing, consistency, pseudo_labels
from pixcon_train.method.contrastive import Admitted, contrast
from pixcon_train.method.losses import supervised_loss
from pixcon_train.method.step_inputs import StepBatch, StepRandomness
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.joint import JointForward


@dataclass(frozen=True)
class StepSettings:
    """Settings of a run; only the state of the rules changes."""

    rules: ConsistencyRules = field(default_factory=ConsistencyRules)
    bank: BankSettings | None = None
    supervised: Callable[[Tensor, Tensor], Tensor] = supervised_loss
    """Loss of (logits, labels): cross-entropy or OHEM."""


class Observed(NamedTuple):
    """Sums that update the rules once they are added over the step's whole batch."""

    threshold: Tensor
    noise: Tensor | None
    """None without noise."""


@dataclass(frozen=True)
class StepResult:
    """Scalars on the device, admitted pixels, and sums for the rules."""

    loss: Tensor
    """L of Eq. 4, to be differentiated; the other scalars but the next one are detached."""
    loss_pix: Tensor
    """Before the weight λ_pix; 0 without a bank. It can be differentiated by itself, before ``loss``."""
    loss_x: Tensor
    loss_s1: Tensor
    loss_s2: Tensor
    retention: Tensor
    """Share of unpadded unlabeled pixels with c ≥ τ: retention during training."""
    threshold: Tensor
    """Mean τ over unpadded unlabeled pixels."""
    counts: dict[str, Tensor]
    """Pixels of the weak views: `retained`; with noise, `replaced` of them; with ground truth, `known`, the retained
    ones that are not void, and `wrong` of those, after noise."""
    admitted: Admitted | None
    """None without a bank."""
    observed: Observed


def training_step(
    student: JointForward,
    teacher: SegmentationModel,
    batch: StepBatch,
    randomness: StepRandomness,
    settings: StepSettings,
    bank: ClassBank | None = None,
) -> StepResult:
    """Losses of one step: L = (L_x + L_u)/2 + λ_pix · L_pix, L_u = (L_s1 + L_s2)/2.

    As in the paper's Fig. 8, for a rule over labeled pixels; the weak-to-strong branch is UniMatch V2's::

        # supervised
        logits, z = student(images)                            # z: (B, D, h, w), unit norm (Eq. 1)
        loss_x = cross_entropy(logits, labels)                 # or OHEM

        # weak to strong
        with no_grad():
            confidence, pseudo = softmax(teacher(weak)).max(1)
        τ = threshold(confidence)                              # 0.95, or a rule of appendix B
        retained = (confidence >= τ) & ~padding
        pseudo = noise(pseudo)                                 # with teacher noise
        for view in (1, 2):
            paste CutMix boxes into strong[view], pseudo and retained alike
        logits_s1, logits_s2 = student(strong views, complementary dropout of channels)
        loss_s1, loss_s2 = (mean of retained · cross_entropy(logits_s, pseudo) over unpadded pixels)
        loss_u = (loss_s1 + loss_s2) / 2

        # contrastive
        target = nearest(labels, size of z)
        admitted = rule(target, bilinear(logits, size of z))   # clean: where argmax == target (Eq. 2)
        anchors = up to cap pixels of each class of admitted
        loss_pix = info_nce(at most max_anchors of anchors, bank)  # Eq. 3, against the current bank
        loss = (loss_x + loss_u) / 2 + λ_pix · loss_pix

        # the caller, after the backward pass
        bank.enqueue(anchors)                                  # so that no anchor is its own positive

    For the rule ``pseudo``, z and the pixels are of the strong views, with the labels ``pseudo``.

    Args:
        student: in train mode.
        teacher: in eval mode.
        bank: required if ``settings.bank`` is set; not changed.
    """
    pixels = None if settings.bank is None else settings.bank.admission.pixels
    weak = pseudo_labels(teacher, batch, settings.rules, randomness.noise)
    mixing = PairMixing(randomness.boxes, batch.weak.shape[-2:])
    scales = {"encoder_scale": randomness.encoder_scale, "fused_scale": randomness.fused_scale}
    labeled, strong = student(batch.images, mixing(*batch.strong), embed=pixels, **scales)
    loss_x = settings.supervised(labeled.logits, batch.labels)
    unlabeled = consistency(strong, weak, batch, mixing, embedded=pixels == "unlabeled")
    loss_s1, loss_s2 = unlabeled.losses
    loss = (loss_x + (loss_s1 + loss_s2) / 2) / 2
    loss_pix, admitted = loss.new_zeros(()), None
    if settings.bank is not None and bank is not None:
        if unlabeled.views is not None:
            candidates = unlabeled_candidates(unlabeled.views, settings.bank)
        else:
            candidates = labeled_candidates(labeled, batch.labels, settings.bank)
        loss_pix, admitted = contrast(candidates, bank, settings.bank, randomness.generator)
        loss = loss + settings.bank.weight * loss_pix
    noise = settings.rules.noise
    confused = None if noise is None else noise.observe(labeled.logits.detach(), batch.labels)
    return StepResult(
        loss=loss,
        loss_x=loss_x.detach(),
        loss_s1=loss_s1.detach(),
        loss_s2=loss_s2.detach(),
        loss_pix=loss_pix,
        retention=unlabeled.retention,
        threshold=unlabeled.threshold,
        counts=unlabeled.counts,
        admitted=admitted,
        observed=Observed(unlabeled.observed, confused),
    )
