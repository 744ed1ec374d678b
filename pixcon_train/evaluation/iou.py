"""Intersection over union from one confusion matrix over a whole set (measurements, section 0)."""

import torch
from torch import Tensor

from pixcon_train.core.counting import masked_bincount
from pixcon_train.evaluation.iou_result import IoUResult
from pixcon_train.evaluation.label_checks import LabelMeasurement, check_maps


def image_statistics(prediction: Tensor, target: Tensor, counted: Tensor, num_classes: int) -> Tensor:
    """True positives, predicted and true pixels per class and image over counted pixels: (B, 3, K) int64.

    Args:
        prediction: (B, H, W) int64, in 0..K−1 where counted.
        target: the same.
        counted: (B, H, W) bool, the valid pixels.
        num_classes: K.
    """
    counts = masked_bincount(torch.add(prediction, target, alpha=num_classes), counted, num_classes**2)
    confusion = counts.view(-1, num_classes, num_classes)  # by target and prediction
    return torch.stack((confusion.diagonal(dim1=1, dim2=2), confusion.sum(1), confusion.sum(2)), 1)


class SegmentationIoU(LabelMeasurement):
    """IoU per class and mIoU of a set of images.

    Fed with predictions and targets (B, H, W); adds up over batches and processes; the order does not matter.

    Example:
        >>> metric = SegmentationIoU(num_classes=2, void=255)
        >>> metric.update(torch.tensor([[[0, 1]]]), torch.tensor([[[0, 0]]]))
        >>> metric.compute().iou
        [0.5, 0.0]
    """

    counts: Tensor

    def __init__(self, num_classes: int, void: int | None = None) -> None:
        super().__init__(num_classes, void=void)
        self.add_state("counts", torch.zeros(3, num_classes, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Count one batch; void pixels never count.

        Args:
            prediction: ŷ, integer (B, H, W), in [0, K).
            target: y, integer (B, H, W), in [0, K) or void.

        Raises:
            ValueError: the shapes differ, or something else than integers.
        """
        check_maps(prediction=prediction, target=target)
        prediction, target = prediction.long(), target.long()
        counted = self.counted(prediction, target)
        self.counts += image_statistics(prediction, target, counted, self.num_classes).sum(0)

    def compute(self) -> IoUResult:
        """Result over everything seen so far.

        Raises:
            PixConError: a valid pixel's prediction or ground truth was no class.
        """
        self.refuse_strays()
        return IoUResult.from_counts(self.counts.cpu().numpy())
