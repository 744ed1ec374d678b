"""Contamination ρ_F and retention of confidence-filtered pseudo-labels (Sec. 3.3, Table 8), from one pass."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixcon_diag.measures.binning import bin_of
from pixcon_diag.measures.boundary import boundary_bands
from pixcon_diag.measures.boundary_result import Distance, VoidMode
from pixcon_diag.measures.confidence import FIXED_POINT, confidence_edges
from pixcon_diag.measures.contamination_result import ContaminationCounts, ContaminationResult
from pixcon_diag.measures.plotting import DrawnMeasurement
from pixcon_train.evaluation.label_checks import check_maps

CONFIDENCE_SLACK = 1e-3
"""A softmax may exceed 1 by rounding (more in half precision); larger values are not probabilities."""


class Contamination(DrawnMeasurement):
    r"""Teacher error among the pixels retained by a confidence threshold.

    With valid pixels V (ground truth is not void), confidence c, prediction ŷ, ground truth y, K_τ = {V with c >= τ}:
    retention = |K_τ| / |V|, retained accuracy = |K_τ ∧ ŷ = y| / |K_τ|, ρ_F = 1 − retained accuracy. The same by
    predicted class (the contamination of a confidence bank of that class) and by target class (what the threshold
    discards), inside the boundary band of each width and in the interior, over the whole curve of τ; and the
    calibration of c.

    The state is integer histograms of c, (K, 2, bins) twice and (len(widths) + 1, 2, bins): its size does not depend on
    the number of images, sums are exact, and the order and size of batches do not matter.

    Args:
        num_classes: K.
        void: the value of ground truth that is never counted.
        taus: thresholds to report; each is exact, as an edge of the histogram.
        widths: widths of the boundary band in pixels; none gives no boundary rows.
        distance: metric of the band, "chessboard" or "euclidean".
        void_mode: how void affects the band, "label", "ignore" or "nearest" (see :mod:`pixcon_diag.measures.boundary`).
        calibration_bins: M, the number of equal bins of the reliability diagram and of ECE.

    Raises:
        ConfigError: a threshold outside [0, 1], or no calibration bin.

    Example:
        >>> import torch
        >>> metric = Contamination(num_classes=2, void=255, taus=(0.9,), widths=())
        >>> probabilities = torch.tensor([[[[0.95, 0.05, 0.75]], [[0.05, 0.95, 0.25]]]])  # (1, 2, 1, 3)
        >>> target = torch.tensor([[[0, 0, 255]]])
        >>> metric.update(*probabilities.max(dim=1), target)
        >>> result = metric.compute()
        >>> result.at(0.9).overall.rho_f
        0.5
    """

    command = "contamination"
    higher_is_better = None
    by_predicted: Tensor
    by_truth: Tensor
    zones: Tensor
    confidence_sum: Tensor
    rejected: Tensor

    def __init__(
        self,
        num_classes: int,
        *,
        void: int,
        taus: Sequence[float] = (0.95,),
        widths: Sequence[int] = (1, 3, 5),
        distance: Distance = "chessboard",
        void_mode: VoidMode = "label",
        calibration_bins: int = 15,
    ) -> None:
        super().__init__(num_classes, void=void)
        self.taus = tuple(dict.fromkeys(float(tau) for tau in taus))
        self.widths = tuple(sorted(set(widths)))
        self.distance, self.void_mode = distance, void_mode
        self.calibration_bins = calibration_bins
        self.edges = confidence_edges(self.taus, calibration_bins)
        bins = len(self.edges)
        self._state("by_predicted", num_classes, 2, bins)
        self._state("by_truth", num_classes, 2, bins)
        self._state("zones", len(self.widths) + 1, 2, bins)
        self._state("confidence_sum", bins)
        self._state("rejected")

    def update(
        self,
        confidence: Tensor,
        prediction: Tensor,
        target: Tensor,
        bands: Sequence[Tensor] | None = None,
        bins: Tensor | None = None,
    ) -> None:
        """Count one batch; ``confidence, prediction = probabilities.max(dim=1)``.

        Args:
            confidence: c, floating point, (B, H, W), in [0, 1].
            prediction: ŷ, integer, (B, H, W), in [0, K).
            target: y, integer, (B, H, W), in [0, K) or void.
            bands: boundary bands of ``target``, bool (B, H, W), one per width in ascending order, if already
                computed.
            bins: the confidences' bins, as :func:`pixcon_diag.measures.binning.bin_of` gives them for
                :attr:`edges`, if already computed.

        Raises:
            ValueError: the shapes differ, labels are no integers, or there is not one band per width.
        """
        self._check_shapes(confidence, prediction, target, bands)
        target, prediction = target.long(), prediction.long()
        classes = self.counted(prediction, target)
        counted = classes & (confidence >= 0) & (confidence <= 1 + CONFIDENCE_SLACK)  # False for NaN
        # Counted, as strays are: raising here would need a device sync.
        self.rejected += (classes & ~counted).sum()
        zone = self._zone(target, bands)  # of the ground truth with its void, which bounds objects
        # Pixels that do not count stay in every index with weight 0, as selecting would need a device sync too.
        target, prediction = torch.where(counted, target, 0), torch.where(counted, prediction, 0)
        bins, weight = bin_of(confidence, self.edges) if bins is None else bins, counted.long()
        cell = torch.add(bins, prediction != target, alpha=len(self.edges))
        for state, row in (
            (self.by_predicted, prediction),
            (self.by_truth, target),
            (self.zones, zone),
        ):
            _add(state, torch.add(cell, row, alpha=2 * len(self.edges)), weight)
        fixed = (confidence.float() * FIXED_POINT).round().long()
        _add(self.confidence_sum, bins, torch.where(counted, fixed, 0))

    def compute(self) -> ContaminationResult:
        """The rates so far; NaN where a set is empty.

        Raises:
            PixConError: some valid pixels had a confidence outside [0, 1] or a prediction or ground truth outside
                the classes.
        """
        counts = ContaminationCounts.from_state(self.snapshot(), self.edges, void=self.void)
        return ContaminationResult.from_counts(counts, self.taus, self.widths, self.calibration_bins)

    def _state(self, name: str, *shape: int) -> None:
        self.add_state(name, torch.zeros(shape, dtype=torch.int64), dist_reduce_fx="sum")

    def _check_shapes(
        self, confidence: Tensor, prediction: Tensor, target: Tensor, bands: Sequence[Tensor] | None
    ) -> None:
        """Raise ValueError where shapes differ or bands are missing."""
        check_maps(prediction=prediction, target=target)
        shapes = [tuple(values.shape) for values in (confidence, target, *(bands or ()))]
        if len(set(shapes)) != 1:
            raise ValueError(f"Expected confidence, prediction, target and bands of one shape (B, H, W), got {shapes}.")
        if bands is not None and len(bands) != len(self.widths):
            raise ValueError(f"Expected one band per width {self.widths}, got {len(bands)}.")

    def _zone(self, target: Tensor, bands: Sequence[Tensor] | None) -> Tensor:
        """How many of the nested bands a pixel lies outside of: 0 in the narrowest, len(widths) in every interior."""
        if bands is None:
            bands = boundary_bands(
                target, self.widths, void=self.void, distance=self.distance, void_mode=self.void_mode
            )
        zone = torch.zeros_like(target, dtype=torch.int8)
        for band in bands:
            zone += ~band
        return zone.long()


def _add(state: Tensor, index: Tensor, weight: Tensor) -> None:
    """state.flatten()[index] += weight over all pixels, as one scatter without a device sync."""
    state.view(-1).scatter_add_(0, index.flatten(), weight.flatten())
