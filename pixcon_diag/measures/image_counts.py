"""Counts per image of mIoU, error, retention, ρ_F and boundary error, for ranking and resampling images."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixcon_diag.measures.binning import bin_of
from pixcon_diag.measures.boundary import boundary_statistics
from pixcon_diag.measures.confidence import confidence_edges
from pixcon_diag.measures.image_counts_result import ImageCountsResult
from pixcon_train.core.counting import masked_bincount
from pixcon_train.evaluation.iou import image_statistics
from pixcon_train.evaluation.label_checks import LabelMeasurement, check_maps
from pixcon_train.evaluation.measurement import add_rows


class ImageCounts(LabelMeasurement):
    """Sufficient statistics per image: true positives, predicted and true pixels per class, confidences, and errors in
    boundary bands.

    The state grows with the number of images, by 3·K + 2·bins + 2·(W + 1) numbers each. Pixels whose ground truth is
    void do not count.

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
    boundary: list[Tensor]

    def __init__(self, num_classes: int, *, void: int, taus: Sequence[float] = (), calibration_bins: int = 15) -> None:
        super().__init__(num_classes, void=void)
        self.edges = confidence_edges(taus, calibration_bins)
        for name in ("statistics", "histogram", "boundary"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(
        self,
        confidence: Tensor,
        prediction: Tensor,
        target: Tensor,
        bands: Sequence[Tensor] = (),
        bins: Tensor | None = None,
        *,
        continued: bool = False,
    ) -> None:
        """Count one batch, or the next rows of it.

        Args:
            confidence: c, floating point (B, H, W), in [0, 1].
            prediction: ŷ, integer (B, H, W), in [0, K).
            target: y, integer (B, H, W), in [0, K) or void.
            bands: W boundary bands of ``target``, bool (B, H, W), the same widths for every batch.
            bins: the confidences' bins, as :func:`pixcon_diag.measures.binning.bin_of` gives them for
                :attr:`edges`, if already computed.
            continued: whether these are further rows of the last images.

        Raises:
            ValueError: the shapes differ, or something else than integers.
        """
        check_maps(prediction=prediction, target=target)
        prediction, target = prediction.long(), target.long()
        counted = self.counted(prediction, target)
        statistics = image_statistics(prediction, target, counted, self.num_classes)
        bins = bin_of(confidence, self.edges) if bins is None else bins
        width = len(self.edges)
        histogram = masked_bincount(torch.add(bins, prediction != target, alpha=width), counted, 2 * width)
        boundary = boundary_statistics(prediction, target, bands, void=self.void)
        add_rows(self.statistics, statistics.int(), continued=continued)
        add_rows(self.histogram, histogram.view(-1, 2, width).int(), continued=continued)
        add_rows(self.boundary, boundary.int(), continued=continued)

    def compute(self) -> ImageCountsResult:
        """The counts so far; no rows where there was no image.

        Raises:
            PixConError: a valid pixel's prediction or ground truth was no class.
        """
        return ImageCountsResult.from_state(self.snapshot(), self.num_classes, self.edges, void=self.void)
