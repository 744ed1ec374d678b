"""Confidences of the teacher on held-out labeled images, which calibrate thresholds by class."""

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor

from pixcon_train.core.progress import Progress
from pixcon_train.core.void import VOID
from pixcon_train.evaluation.protocols import SlidingWindow
from pixcon_train.evaluation.validation import over_images
from pixcon_train.method.thresholds import BINS, confidence_counts
from pixcon_train.models.base import SegmentationModel


def count_confidence(
    model: SegmentationModel,
    batches: Iterable[list[tuple[Tensor, Tensor]]],
    *,
    device: torch.device,
    protocol: Literal["unimatch-v2", "pixcon"],
    window: SlidingWindow | None,
    progress: Progress,
    stop: Callable[[], bool],
) -> Tensor | None:
    """Pixels by class and confidence, as :func:`pixcon_train.method.thresholds.confidence_counts` has them, of this
    process's share of the images; None on a stop request."""
    counts = torch.zeros(model.num_classes, 2, BINS, dtype=torch.long, device=device)

    def count(probabilities: Tensor, masks: Tensor) -> None:
        confidence, predicted = probabilities.max(1)
        counts.add_(confidence_counts(confidence, predicted, masks, num_classes=model.num_classes, void=VOID))

    finished = over_images(
        model, batches, count, device=device, protocol=protocol, window=window, progress=progress, stop=stop
    )
    return counts if finished else None
