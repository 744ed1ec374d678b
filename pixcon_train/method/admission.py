"""Admission: which pixels enter the bank, and under which class (paper, Sec. 3.2).

Every rule is an object in :data:`RULES`, which the configuration, the training step, the replay and the commands' help
read. The command line checks names against it, so this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pixcon_train.core.void import void_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class AdmissionRule:
    """A rule by which pixels enter the bank."""

    name: str
    title: str
    """Its row of Table 4, and whether an entry can be wrong."""
    description: str
    """Which pixels enter, for the documentation and ``--help``."""
    pixels: Literal["labeled", "unlabeled"] | None
    """The images that the pixels are from; None without a bank."""
    admit: Callable[[Tensor, Tensor, float], Tensor] | None = None
    """Class (B, h, w) under which each pixel is admitted, −1 where it is not.

    The arguments, at the feature's resolution: labels (B, h, w) int64, −1 = none, which are the ground truth of labeled
    pixels and the teacher's pseudo-label of unlabeled ones; the student's logits (B, K, h, w) of labeled pixels, the
    teacher's confidence (B, h, w) of unlabeled ones; and τ.
    """
    weigh: Callable[[Tensor, Tensor], Tensor] | None = None
    """Weight (B, h, w) of an entry, from the first two arguments of ``admit``; 1 where None."""
    uses_tau: bool = False
    """Whether ``admit`` depends on τ."""
    no_replay: str = ""
    """Why a replay over labeled images does not give its bank, after "which"; empty for a replayed rule."""


def _clean(labels: Tensor, logits: Tensor, tau: float) -> Tensor:
    """Eq. 2."""
    return labels.masked_fill(logits.argmax(1) != labels, -1)


def _labeled(labels: Tensor, logits: Tensor, tau: float) -> Tensor:
    return labels


def _label_probability(labels: Tensor, logits: Tensor) -> Tensor:
    return logits.softmax(1).gather(1, labels.clamp(min=0)[:, None])[:, 0]


def _confidence(labels: Tensor, logits: Tensor, tau: float) -> Tensor:
    """Under the *prediction*, as in banks filled with pseudo-labels (Sec. 4.4), so that an entry can be wrong."""
    confidence, predicted = logits.float().softmax(1).max(1)
    return predicted.masked_fill(~(confidence >= tau) | (labels < 0), -1)


def _pseudo(labels: Tensor, confidence: Tensor, tau: float) -> Tensor:
    """As ReCo and U²PL fill their banks."""
    return labels.masked_fill(~(confidence >= tau), -1)


RULES: dict[str, AdmissionRule] = {
    rule.name: rule
    for rule in (
        AdmissionRule("none", "None (λ_pix = 0, baseline)", "no bank and no contrastive branch", None),
        AdmissionRule(
            "clean", "Clean-positive (ρ_F = 0)", "labeled pixels that the student predicts correctly", "labeled", _clean
        ),
        AdmissionRule("labeled", "Labeled (ρ_F = 0)", "all labeled pixels", "labeled", _labeled),
        AdmissionRule(  # left open by the paper (Sec. 5)
            "soft",
            "Labeled, weighted by probability (ρ_F = 0)",
            "all labeled pixels, weighted by the student's probability of their label",
            "labeled",
            _labeled,
            weigh=_label_probability,
            no_replay="admits what `labeled` admits; its entries' weights are not in the replay.",
        ),
        AdmissionRule(
            "confidence",
            "Confidence-filtered (ρ_F > 0)",
            "labeled pixels that the student is confident of, under its prediction",
            "labeled",
            _confidence,
            uses_tau=True,
        ),
        AdmissionRule(
            "pseudo",
            "Pseudo-labels of unlabeled images (ρ_F > 0)",
            "unlabeled pixels that the teacher is confident of, under its pseudo-label",
            "unlabeled",
            _pseudo,
            uses_tau=True,
            no_replay=(
                "fills the bank from unlabeled images under the teacher's pseudo-labels. No replay of the "
                "labeled list gives that bank; closest is `confidence` over the unlabeled list (--split unlabeled)."
            ),
        ),
    )
}
"""All rules by name."""

REPLAYED = tuple(name for name, rule in RULES.items() if rule.pixels == "labeled" and not rule.no_replay)
"""Rules with a bank that a replay over labeled images gives."""


def rules_with_tau() -> str:
    """Names of the replayed rules that have a threshold, for help and notes."""
    return ", ".join(f"`{name}`" for name in REPLAYED if RULES[name].uses_tau)


def admit(rule: str, logits: Tensor, labels: Tensor, *, tau: float) -> Tensor:
    """Class under which ``rule`` admits each labeled pixel, −1 where it does not: (B, h, w) int64.

    Args:
        rule: one over labeled pixels.
        logits: (B, K, h, w) of the student at the feature's resolution.
        labels: (B, h, w) ground truth at that resolution, void where there is none.
        tau: threshold of the rules that have one.
    """
    decide = RULES[rule].admit
    assert decide is not None
    return decide(known(labels.long(), logits.shape[1]), logits.detach(), tau)


def known(labels: Tensor, num_classes: int) -> Tensor:
    """``labels`` with −1 for void."""
    return labels.masked_fill(labels == void_of(num_classes), -1)
