"""Inputs of a training step: one (micro-)batch, and every random choice."""

from typing import NamedTuple

import torch
from torch import Tensor


class StepBatch(NamedTuple):
    """One (micro-)batch; images are normalised."""

    images: Tensor
    """Labeled images (B, 3, H, W)."""
    labels: Tensor
    """(B, H, W) int64, void where unlabeled or padding (:func:`pixcon_train.core.void.void_of`)."""
    weak: Tensor
    """Weak views of the unlabeled images (B, 3, H, W)."""
    strong: tuple[Tensor, Tensor]
    """Two strong views of the same crops."""
    padding: Tensor
    """(B, H, W) bool, padding of the unlabeled images."""
    target: Tensor | None = None
    """Ground truth of the unlabeled images (B, H, W) int64, void as in ``labels``, for measurement only; None if
    unknown."""


class StepRandomness(NamedTuple):
    """Every random choice of a step."""

    boxes: tuple[Tensor, Tensor]
    """CutMix boxes of the two views, (B, 4) int64 rows (y, x, height, width)."""
    encoder_scale: Tensor | None
    """(2·B, dim) factors on the encoder's features, first views first; None if dropout acts elsewhere."""
    fused_scale: Tensor | None
    """(2·B, C) factors on the fused feature, first views first."""
    generator: torch.Generator | None
    """Draws anchors; on the batch's device."""
    noise: torch.Generator | None = None
    """Draws the teacher noise; on the same device."""
