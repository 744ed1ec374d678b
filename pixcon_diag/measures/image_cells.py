"""Pixels of each image by predicted class, confidence, predicted boundary and outcome (decisions, section 4)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from pixcon_diag.measures.binning import bin_of
from pixcon_diag.measures.boundary import bands_of_rows
from pixcon_diag.measures.confidence import FIXED_POINT, confidence_edges
from pixcon_diag.measures.image_cells_result import OUTCOMES, WIDTH, ZONES, ImageCellsResult, cell_edges
from pixcon_train.core.counting import masked_bincount
from pixcon_train.evaluation.label_checks import LabelMeasurement, check_maps
from pixcon_train.evaluation.measurement import add_rows
from pixcon_train.evaluation.strays import PREDICTION, TRUTH

_NO_LABEL = -1
"""Void of a prediction, which has none."""

_DENSE = 256
"""Images whose cells are held as dense rows; then they are made sparse, which needs a device sync."""


def predicted_band(prediction: Tensor, rows: slice) -> Tensor:
    """Where the given rows of predictions (B, H, W) lie in the band of the predicted boundaries: bool (B, rows, W)."""
    (band,) = bands_of_rows(prediction.to(torch.int16), rows, (WIDTH,), void=_NO_LABEL)
    return band


class ImageCells(LabelMeasurement):
    """Sufficient statistics per image of every estimate that compares lists of images without labels on one of them.

    The state grows with the number of images: by the non-empty cells, 2·B sums of confidences and the fine histogram
    of each. Unlike the other measurements, pixels of unknown ground truth are counted too, as they must be where there
    is none.

    Args:
        num_classes: K.
        void: the value of ground truth that is unknown; also of every pixel of an image without a mask.
        taus: thresholds that must be edges.
        calibration_bins: M; multiples of 1/M are edges of the fine histogram too.

    Example:
        >>> metric = ImageCells(num_classes=2, void=255)
        >>> confidence, prediction = torch.tensor([[[0.96, 0.96, 0.6]]]), torch.tensor([[[0, 0, 1]]])
        >>> metric.update(confidence, prediction, torch.tensor([[[0, 1, 255]]]))
        >>> metric.compute().retained(0.5).tolist()  # correct, wrong and unknown pixels of each predicted class
        [[[1, 1, 0], [0, 0, 1]]]
    """

    higher_is_better = None
    coarse: Tensor
    rows: list[Tensor]
    index: list[Tensor]
    pixels: list[Tensor]
    dense: list[Tensor]
    sums: list[Tensor]
    histogram: list[Tensor]

    def __init__(self, num_classes: int, *, void: int, taus: Sequence[float] = (), calibration_bins: int = 15) -> None:
        super().__init__(num_classes, void=void)
        self.fine = confidence_edges(taus, calibration_bins)
        self.edges = cell_edges(taus, calibration_bins)
        starts = torch.tensor([self.fine.index(edge) for edge in self.edges])
        coarse = torch.searchsorted(starts, torch.arange(len(self.fine)), right=True) - 1
        self.register_buffer("coarse", coarse, persistent=False)  # the coarse bin of each fine one
        for name in ("rows", "index", "pixels", "dense", "sums", "histogram"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(
        self,
        confidence: Tensor,
        prediction: Tensor,
        target: Tensor,
        bins: Tensor | None = None,
        band: Tensor | None = None,
        *,
        continued: bool = False,
    ) -> None:
        """Count one batch, or the next rows of it.

        Args:
            confidence: c, floating point (B, H, W), in [0, 1].
            prediction: ŷ, integer (B, H, W), in [0, K).
            target: y, integer (B, H, W), in [0, K) or void.
            bins: the confidences' bins, as :func:`pixcon_diag.measures.binning.bin_of` gives them for
                :attr:`fine`, if already computed.
            band: band of the predicted boundaries (:func:`predicted_band`), if already computed.
            continued: whether these are further rows of the last images.

        Raises:
            ValueError: the shapes differ, or something else than integers.
        """
        check_maps(prediction=prediction, target=target)
        if not continued and sum(map(len, self.dense)) >= _DENSE:
            self._compress()
        prediction, target = prediction.long(), target.long()
        known = self.classes_only(TRUTH, target, target != self.void)
        counted = self.classes_only(PREDICTION, prediction, torch.ones_like(known))
        bins = bin_of(confidence, self.fine) if bins is None else bins
        add_rows(self.histogram, masked_bincount(bins, counted, len(self.fine)).int(), continued=continued)
        coarse = self.coarse[bins]
        band = predicted_band(prediction, slice(0, prediction.shape[1])) if band is None else band
        outcome = torch.where(known, (prediction != target).byte(), 2)
        cell = torch.add(coarse, prediction, alpha=len(self.edges)).mul_(len(ZONES)).add_(~band)
        size = self.num_classes * len(self.edges) * len(ZONES) * len(OUTCOMES)
        cells = masked_bincount(cell.mul_(len(OUTCOMES)).add_(outcome), counted, size)
        add_rows(self.dense, cells.int(), continued=continued)
        fixed = (confidence.float() * FIXED_POINT).round().long()
        rows = torch.add(coarse, ~known, alpha=len(self.edges)).flatten(1)
        sums = fixed.new_zeros(len(rows), 2 * len(self.edges)).scatter_add_(1, rows, fixed.flatten(1))
        add_rows(self.sums, sums.view(-1, 2, len(self.edges)), continued=continued)

    def compute(self) -> ImageCellsResult:
        """The cells so far; no rows where there was no image.

        Raises:
            PixConError: a prediction, or a valid pixel's ground truth, was no class.
        """
        state = self.snapshot()
        return ImageCellsResult.from_state(state, self.num_classes, self.edges, len(self.fine), void=self.void)

    def snapshot(self) -> dict[str, np.ndarray]:
        """As of every measurement; all rows are sparse."""
        self._compress()
        return super().snapshot()

    def merge_state(self, incoming_state: dict[str, Any] | Metric) -> None:
        """Put the images of another metric before this one's."""
        self._compress()
        if isinstance(incoming_state, ImageCells):
            incoming_state._compress()
        super().merge_state(incoming_state)

    def _compress(self) -> None:
        """Make the dense rows sparse."""
        for counts in self.dense:
            held = counts > 0
            self.rows.append(held.sum(1).int())
            self.index.append(held.nonzero()[:, 1].int())
            self.pixels.append(counts[held])
        self.dense.clear()
