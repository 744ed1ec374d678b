"""What each image adds to mIoU, error, retention and ρ_F: for ranking images and for drawing them anew (section 8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pixcon_diag.measures.confidence import bin_of, confidence_edges
from pixcon_train.evaluation.iou import IoUResult, image_statistics
from pixcon_train.evaluation.label_checks import LabelMeasurement, check_maps


@dataclass(frozen=True)
class ImageCountsResult:
    """Counts of every image, in the order in which images came; they add up to those of any set of images."""

    statistics: np.ndarray
    """(I, 3, K) int64: true positives, predicted and true pixels per class."""
    histogram: np.ndarray
    """(I, 2, bins) int64: correct and wrong valid pixels by confidence."""
    edges: tuple[float, ...]
    """Left edges of the bins."""

    @property
    def iou(self) -> IoUResult:
        """IoU per class over all images."""
        return IoUResult(*self.statistics.sum(0).tolist())

    def retained(self, tau: float) -> np.ndarray:
        """(I, 3) int64: valid pixels, those with c >= ``tau``, and the wrong ones among these.

        Raises:
            ValueError: ``tau`` is no edge of the histogram.
        """
        kept = self.histogram[..., self.edges.index(tau) :].sum(-1)
        return np.stack((self.histogram.sum((1, 2)), kept.sum(1), kept[:, 1]), 1)


class ImageCounts(LabelMeasurement):
    """Sufficient statistics per image: true positives, predicted and true pixels per class, and confidences.

    The state grows with the number of images, by 3·K + 2·bins numbers each. Pixels whose ground truth is void do not
    count.

    Args:
        num_classes: K.
        void: the value of ground truth that is never counted.
        taus: thresholds that must be edges of the histogram.
        calibration_bins: M; multiples of 1/M are edges too.

    Example:
        >>> metric = ImageCounts(num_classes=2, void=255, taus=(0.9,), calibration_bins=1)
        >>> confidence, prediction = torch.tensor([[[0.95, 0.95, 0.6]]]), torch.tensor([[[0, 1, 1]]])
        >>> metric.update(confidence, prediction, torch.tensor([[[0, 0, 1]]]))
        >>> metric.compute().retained(0.9).tolist()
        [[3, 2, 1]]
    """

    higher_is_better = None
    statistics: list[Tensor]
    histogram: list[Tensor]

    def __init__(self, num_classes: int, *, void: int, taus: Sequence[float] = (), calibration_bins: int = 15) -> None:
        super().__init__(num_classes, void=void)
        self.edges = confidence_edges(taus, calibration_bins)
        self.add_state("statistics", [], dist_reduce_fx="cat")
        self.add_state("histogram", [], dist_reduce_fx="cat")

    def update(self, confidence: Tensor, prediction: Tensor, target: Tensor, bins: Tensor | None = None) -> None:
        """Count one batch.

        Args:
            confidence: c, floating point (B, H, W), in [0, 1].
            prediction: ŷ, integer (B, H, W), in [0, K).
            target: y, integer (B, H, W), in [0, K) or void.
            bins: the confidences' bins, as :func:`pixcon_diag.measures.confidence.bin_of` gives them for
                :attr:`edges`, where the caller has them already.

        Raises:
            ValueError: the shapes differ, or something else than integers.
        """
        check_maps(prediction=prediction, target=target)
        prediction, target = prediction.long(), target.long()
        counted = self.counted(prediction, target)
        self.statistics.append(image_statistics(prediction, target, counted, self.num_classes).int())
        bins = bin_of(confidence, self.edges) if bins is None else bins
        width, outside = len(self.edges), 2 * len(self.edges)
        cell = torch.add(bins, prediction != target, alpha=width)
        cell = torch.where(counted, cell, outside).flatten(1)
        histogram = cell.new_zeros((len(cell), outside + 1)).scatter_add_(1, cell, cell.new_ones(()).expand_as(cell))
        self.histogram.append(histogram[:, :outside].view(-1, 2, width).int())

    def compute(self) -> ImageCountsResult:
        """The counts so far; no rows where there was no image.

        Raises:
            PixConError: a valid pixel's prediction or ground truth was no class.
        """
        self.refuse_strays()
        return ImageCountsResult(
            statistics=self._rows("statistics", (3, self.num_classes)),
            histogram=self._rows("histogram", (2, len(self.edges))),
            edges=self.edges,
        )

    def _rows(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        rows = self.snapshot().get(name)
        return np.zeros((0, *shape), dtype=np.int64) if rows is None else rows.astype(np.int64)
