"""Which pseudo-labels the consistency branch retains: the fixed threshold of the paper, those of its appendix B, and
the gate of its companion study.

A rule gives each pixel the threshold from before the step, retains c ≥ τ, and is updated by sums over the step's whole
batch. So a step does not depend on the division of its batch into micro-batches and processes, except for the quantile,
which is of each forward pass. There is no device sync; the state is in buffers, which checkpoints contain.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pixcon_train.core.counting import masked_bincount
from pixcon_train.core.void import void_of

BINS = 100
"""Confidence bins of the calibration; their lower edges are the candidate thresholds."""


class TeacherPrediction(NamedTuple):
    """The teacher's prediction of the weak views."""

    confidence: Tensor
    """c, (B, H, W) float32."""
    pseudo: Tensor
    """ŷ, (B, H, W) int64."""
    counted: Tensor
    """(B, H, W) bool, False for padding."""


class Threshold(nn.Module):
    """The base of all rules: the fixed threshold τ (paper, Sec. 3.1), c ≥ τ."""

    tau: Tensor

    def __init__(self, tau: float = 0.95) -> None:
        super().__init__()
        self.register_buffer("tau", torch.tensor(tau))

    def forward(self, prediction: TeacherPrediction) -> Tensor:
        """τ per pixel (B, H, W), or a scalar; a copy that later updates do not change."""
        return self.tau.clone()

    def observe(self, prediction: TeacherPrediction, retained: Tensor) -> Tensor:
        """Sums (S,) of a batch that update the rule once they are added over the step's batch; empty for none.

        Args:
            prediction: the input of :meth:`forward`.
            retained: (B, H, W) bool, pixels that count and have c ≥ τ.
        """
        return self.tau.new_zeros(0)

    def update(self, sums: Tensor) -> None:
        """Update the rule by the step's sums."""

    def per_class(self) -> list[float] | None:
        """Thresholds in class order; None for a rule with one for all classes."""
        return None


class CalibratedThreshold(Threshold):
    """A rule that is calibrated at the start of each epoch on labeled images held out from training."""

    def held_out_counts(self, confidence: Tensor, predicted: Tensor, target: Tensor) -> Tensor:
        """Counts of some held-out images (B, H, W), int64 sums to be added over all of them; void does not count."""
        raise NotImplementedError

    def calibrate(self, counts: Tensor) -> None:
        """Calibrate by the counts of all held-out images."""
        raise NotImplementedError


class QuantileThreshold(Threshold):
    """Relaxed retention: τ is the q-quantile of the confidences of a forward pass; a share of 1 − q is retained.

    Of n counted pixels the ⌊q·n⌋ least confident ones are excluded, unless they tie with the next one.
    """

    def __init__(self, quantile: float) -> None:
        """``quantile`` is q, in [0, 1)."""
        super().__init__(0.0)
        self._quantile = quantile

    def forward(self, prediction: TeacherPrediction) -> Tensor:
        # Pixels that do not count are sorted to the front, below every quantile.
        ordered = torch.where(prediction.counted, prediction.confidence, -1.0).flatten().sort().values
        count = prediction.counted.sum()
        index = ordered.numel() - count + (count.float() * self._quantile).floor().long()
        return ordered.index_select(0, index.clamp(max=ordered.numel() - 1)[None])[0]


class DynamicThreshold(Threshold):
    """Global dynamic threshold: the running mean of the teacher's confidence (as FreeMatch, ICLR 2023, has it).

    τ_0 = 1/K and τ_t = m·τ_{t−1} + (1 − m)·mean(c) over the pixels of the step that count.
    """

    def __init__(self, num_classes: int, momentum: float) -> None:
        super().__init__(1 / num_classes)
        self._momentum = momentum

    def observe(self, prediction: TeacherPrediction, retained: Tensor) -> Tensor:
        return _sum_and_count(prediction.confidence, prediction.counted)

    def update(self, sums: Tensor) -> None:
        _move(self.tau, sums, self._momentum)


class Floor(nn.Module):
    """Self-adaptive floor (paper, B.1, iii): max(minimum, β·r), r the running mean of c over retained pixels.

    It keeps thresholds above the minimum as the model grows confident. The paper has no formula; this one is ours. r
    starts at 0.
    """

    mean: Tensor

    def __init__(self, minimum: float, beta: float, momentum: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(0.0))
        self._minimum, self._beta, self._momentum = minimum, beta, momentum

    def forward(self) -> Tensor:
        return (self._beta * self.mean).clamp(min=self._minimum)

    def update(self, sums: Tensor) -> None:
        """Update by the sum of the retained confidences and their count (2,)."""
        _move(self.mean, sums, self._momentum)


class FlooredThreshold(DynamicThreshold):
    """Global dynamic threshold with a self-adaptive floor (paper, appendix B): max(τ_t, floor)."""

    def __init__(self, num_classes: int, momentum: float, floor: Floor) -> None:
        super().__init__(num_classes, momentum)
        self.floor = floor

    def forward(self, prediction: TeacherPrediction) -> Tensor:
        return torch.maximum(self.tau, self.floor())

    def observe(self, prediction: TeacherPrediction, retained: Tensor) -> Tensor:
        return torch.cat([super().observe(prediction, retained), _sum_and_count(prediction.confidence, retained)])

    def update(self, sums: Tensor) -> None:
        super().update(sums[:2])
        self.floor.update(sums[2:])


class PerClassThreshold(CalibratedThreshold):
    """One threshold per class, calibrated on labeled images that are held out from training (paper, B.1).

    τ_k* = argmin over τ of ε̄_k(τ)·ρ_k(τ) + λ_k·(1 − ρ_k(τ)), and a pixel with pseudo-label k is retained where
    c ≥ max(τ_k*, floor). Over the held-out pixels predicted as k, n_k(τ) of them with c ≥ τ: ρ_k(τ) = n_k(τ)/n_k(0) is
    the coverage; ε̄_k(τ) = wrong/n_k(τ) + √(ln(1/δ) / (2·n_k(τ))), at most 1, Hoeffding's upper bound of the noise;
    λ_k = λ_0·(N_max/N_k)^γ, with N_k the labeled pixels of class k, is larger for rare classes and so lowers their
    thresholds. Ties go to the lowest τ. A class that was never predicted keeps the start value.

    The bound assumes independent pixels, but neighbours are not, so it is too tight. The paper gives no values for λ_0,
    γ, δ; λ_0 is the tolerated error rate of the least confident retained pixels.
    """

    thresholds: Tensor
    penalty: Tensor

    def __init__(self, penalty: Tensor, *, start: float, minimum: float, delta: float, floor: Floor) -> None:
        """``penalty`` is λ_k (K,), see :func:`coverage_penalty`; ``minimum`` the smallest candidate of τ."""
        super().__init__(start)
        self.register_buffer("penalty", penalty.float())
        self.register_buffer("thresholds", torch.full(penalty.shape, start))
        self.floor = floor
        self._start, self._minimum, self._delta = start, minimum, delta

    def forward(self, prediction: TeacherPrediction) -> Tensor:
        return torch.maximum(self.thresholds, self.floor())[prediction.pseudo]

    def observe(self, prediction: TeacherPrediction, retained: Tensor) -> Tensor:
        return _sum_and_count(prediction.confidence, retained)

    def update(self, sums: Tensor) -> None:
        self.floor.update(sums)

    def per_class(self) -> list[float]:
        return [round(tau, 6) for tau in torch.maximum(self.thresholds, self.floor()).tolist()]

    def held_out_counts(self, confidence: Tensor, predicted: Tensor, target: Tensor) -> Tensor:
        return confidence_counts(confidence, predicted, target, num_classes=len(self.penalty))

    def calibrate(self, counts: Tensor) -> None:
        """Set τ_k* from the held-out images' counts (K, 2, BINS), see :func:`confidence_counts`."""
        above = counts.cpu().flip(2).cumsum(2).flip(2).double()  # (K, 2, BINS): wrong and all with c ≥ each lower edge
        wrong, number = above.unbind(1)
        bound = (wrong / number + (math.log(1 / self._delta) / (2 * number)).sqrt()).nan_to_num(nan=1.0).clamp(max=1.0)
        coverage = number / number[:, :1].clamp(min=1)
        edges = torch.arange(BINS) / BINS
        risk = bound * coverage + self.penalty.cpu()[:, None] * (1 - coverage)
        chosen = edges[risk.where(edges >= self._minimum, math.inf).argmin(1)]
        self.thresholds.copy_(torch.where(number[:, 0] > 0, chosen, self._start))


class GateThreshold(CalibratedThreshold):
    """Strict filtering while it is precise enough, else a floor (CW-BASS v2, arXiv 2608.12773).

    π_kept is the share of correct pixels among those of the held-out images with c ≥ τ. Through the next epoch the
    threshold is τ where π_kept ≥ τ, else the self-adaptive floor, and never above τ. It is the floor too where the
    held-out images have no pixel with c ≥ τ. Before the first calibration the threshold is τ.
    """

    strict: Tensor
    kept: Tensor

    def __init__(self, num_classes: int, *, tau: float, floor: Floor) -> None:
        super().__init__(tau)
        self.floor = floor
        self._num_classes = num_classes
        self.register_buffer("strict", torch.tensor(True))
        self.register_buffer("kept", torch.zeros(2, dtype=torch.long))

    def forward(self, prediction: TeacherPrediction) -> Tensor:
        return torch.where(self.strict, self.tau, torch.minimum(self.tau, self.floor()))

    def observe(self, prediction: TeacherPrediction, retained: Tensor) -> Tensor:
        return _sum_and_count(prediction.confidence, retained)

    def update(self, sums: Tensor) -> None:
        self.floor.update(sums)

    def held_out_counts(self, confidence: Tensor, predicted: Tensor, target: Tensor) -> Tensor:
        """Correct and all pixels with c ≥ τ: (2,)."""
        kept = (confidence >= self.tau) & (target != void_of(self._num_classes))
        return torch.stack([(kept & (predicted == target)).sum(), kept.sum()])

    def calibrate(self, counts: Tensor) -> None:
        """Decide by the counts (2,) of :meth:`held_out_counts`."""
        correct, kept = counts
        self.kept.copy_(counts)
        self.strict.copy_((kept > 0) & (correct.double() >= self.tau.double() * kept))

    def decision(self) -> dict[str, float | int | bool | None]:
        """Whether the gate is `strict`, by `pi_kept` of `kept` pixels of the held-out images; None without any."""
        correct, kept = self.kept.tolist()
        return {"strict": bool(self.strict), "pi_kept": correct / kept if kept else None, "kept": kept}


def confidence_counts(confidence: Tensor, predicted: Tensor, target: Tensor, *, num_classes: int) -> Tensor:
    """Pixels by predicted class and bin of confidence, the wrong ones and all: (K, 2, BINS) int64.

    Args:
        confidence, predicted, target: (B, H, W); void pixels do not count.
    """
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    valid = target != void_of(num_classes)
    counted = torch.stack([valid & (predicted != target), valid])
    counts = masked_bincount((predicted.long() * BINS + bins).expand_as(counted), counted, num_classes * BINS)
    return counts.view(2, num_classes, BINS).transpose(0, 1)


def coverage_penalty(pixels: Tensor, *, weight: float, power: float) -> Tensor:
    """λ_k = λ_0·(N_max/N_k)^γ (paper, B.1, ii): (K,) of labeled pixels (K,). A class without pixels counts as one."""
    return weight * (pixels.max() / pixels.clamp(min=1)) ** power


def _sum_and_count(values: Tensor, counted: Tensor) -> Tensor:
    return torch.stack([(values * counted).sum(), counted.sum().to(values.dtype)])


def _move(mean: Tensor, sums: Tensor, momentum: float) -> None:
    """Update a running mean by a sum and a count (2,); a no-op for a count of 0."""
    total, count = sums
    mean.copy_(torch.where(count > 0, momentum * mean + (1 - momentum) * total / count.clamp(min=1), mean))
