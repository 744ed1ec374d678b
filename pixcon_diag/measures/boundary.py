"""Boundary bands, and the error rate inside and outside them (Sec. G.1, Table 7)."""

from collections.abc import Iterator, Sequence
from math import ceil, isqrt, sqrt

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from pixcon_diag.measures.boundary_result import BoundaryResult, Distance, VoidMode, check_band
from pixcon_diag.measures.plotting import DrawnMeasurement
from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.label_checks import check_maps

_LOWEST = -(2**15 - 1)
"""Below every label. Labels are int16, whose maxima are several times faster than int64's. Unlike −2^15 this value can
be negated, so a minimum is computed as the negative of a maximum."""


def boundary_bands(
    mask: Tensor,
    widths: Sequence[int],
    *,
    void: int,
    distance: Distance = "chessboard",
    void_mode: VoidMode = "label",
) -> list[Tensor]:
    """For each width the valid pixels with a different label within it; the image border is no transition.

    Args:
        mask: ground truth, integer (..., H, W), labels below 2^15 in magnitude, or 65535, which is −1 as int16.
        widths: each w >= 1, in pixels.
        void: the label of pixels that are never in the band.
        distance: ``chessboard`` (max of the two coordinate distances) or ``euclidean``.
        void_mode: how void pixels affect their neighbours: ``label`` – void is a label like any other, so object/void
            transitions count (as in the paper); ``ignore`` – only transitions between two valid labels count;
            ``nearest`` – void takes the label of the nearest (Euclidean) valid pixel of its image.

    Returns:
        Bool (..., H, W) per width, on the mask's device; False everywhere where all is void.

    Raises:
        ConfigError: a width below 1, or an unknown distance or void mode.

    Example:
        >>> boundary_bands(torch.tensor([[0, 0, 1, 1, 255]]), [1], void=255)[0].int().tolist()
        [[0, 1, 1, 1, 0]]
    """
    check_band(widths, distance, void_mode)
    valid = mask != void
    labels = mask.to(torch.int16)
    if void_mode == "nearest":
        labels = _fill_void(labels, valid)
    if distance == "chessboard" and void_mode != "ignore":
        bands = dict(_nested_bands(labels, sorted(set(widths))))
        return [valid & bands[width] for width in widths]
    # Another label is within reach where the largest and the smallest label within reach differ.
    above, below = labels, -labels
    if void_mode == "ignore":
        above, below = above.masked_fill(~valid, _LOWEST), below.masked_fill(~valid, _LOWEST)
    reach = _reach_chessboard if distance == "chessboard" else _reach_euclidean
    return [valid & (reach(above, width) != -reach(below, width)) for width in widths]


def _nested_bands(labels: Tensor, widths: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
    """Each of the ascending ``widths`` with its band, of which valid pixels are not yet selected.

    A pixel is in the band of width w exactly where the band of width 1 is within w − 1: one step before the nearest
    pixel of another label lies a pixel of the same label. So each band grows from the narrower one, in bytes.
    """
    band = (_reach_chessboard(labels, 1) != -_reach_chessboard(-labels, 1)).byte()
    grown = 1
    for width in widths:
        band, grown = _reach_chessboard(band, width - grown), width
        yield width, band.bool()


def bands_of_rows(
    mask: Tensor,
    rows: slice,
    widths: Sequence[int],
    *,
    void: int,
    distance: Distance = "chessboard",
    void_mode: VoidMode = "label",
) -> list[Tensor]:
    """:func:`boundary_bands` of some rows, computed from them and the few rows around them that matter.

    Args:
        mask: (B, H, W).
        rows: with start and stop.

    Returns:
        Bool (B, rows, W) per width.
    """
    widest = max(widths, default=0)
    # A void pixel within a width of a valid one takes the label of one no farther away than that: the diagonal counts.
    margin = widest + (ceil(widest * sqrt(2)) if void_mode == "nearest" else 0)
    first = max(rows.start - margin, 0)
    around = mask[:, first : rows.stop + margin]
    bands = boundary_bands(around, widths, void=void, distance=distance, void_mode=void_mode)
    return [band[:, rows.start - first : rows.stop - first] for band in bands]


def boundary_statistics(prediction: Tensor, target: Tensor, bands: Sequence[Tensor], *, void: int) -> Tensor:
    """Pixels and wrong pixels of each image: (B, len(bands) + 1, 2) int64, a row per band and one for all valid pixels.

    Args:
        prediction: ŷ, integer (B, H, W).
        target: y, integer (B, H, W).
        bands: bool (B, H, W) each, as :func:`boundary_bands` gives them.
        void: the label of pixels that are not counted.
    """
    wrong = prediction != target
    rows = [torch.stack((zone.sum((1, 2)), (zone & wrong).sum((1, 2))), -1) for zone in (*bands, target != void)]
    return torch.stack(rows, 1)


class BoundaryError(DrawnMeasurement):
    r"""Error rate, wrong pixels / pixels, inside boundary bands and in their interiors, pooled over the set.

    The state is int64 counts (len(widths) + 1, 2): exact, of fixed size and independent of the order of the images.

    Args:
        num_classes: K.
        void: the value of ground truth that is never counted.
        widths: widths of the band in pixels; the result holds them sorted, without duplicates.
        distance: as in :func:`boundary_bands`.
        void_mode: as in :func:`boundary_bands`.

    Raises:
        ConfigError: no width, a width below 1, or an unknown distance or void mode.

    Example:
        >>> metric = BoundaryError(num_classes=2, void=255, widths=(1,))
        >>> metric.update(torch.tensor([[[0, 1, 1, 1, 1]]]), torch.tensor([[[0, 0, 1, 1, 1]]]))
        >>> result = metric.compute().at(1)
        >>> result.band.error, result.interior.error, result.share
        (0.5, 0.0, 0.4)
    """

    command = "boundary"
    higher_is_better = False
    counts: Tensor

    def __init__(
        self,
        num_classes: int,
        *,
        void: int,
        widths: Sequence[int] = (1, 3, 5),
        distance: Distance = "chessboard",
        void_mode: VoidMode = "label",
    ) -> None:
        super().__init__(num_classes, void=void)
        if not widths:
            raise ConfigError("Expected at least one width of the boundary band, got none. The usual ones are 1, 3, 5.")
        check_band(widths, distance, void_mode)
        self.widths = tuple(sorted(set(widths)))
        self.distance, self.void_mode = distance, void_mode
        self.add_state("counts", torch.zeros(len(self.widths) + 1, 2, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, prediction: Tensor, target: Tensor, bands: Sequence[Tensor] | None = None) -> None:
        """Count one batch.

        Args:
            prediction: ŷ, integer (B, H, W), in [0, K).
            target: y, integer (B, H, W), in [0, K) or void.
            bands: the bands of ``target``, one per width in ascending order, if already computed.

        Raises:
            ValueError: the shapes differ, labels are no integers, or there is not one band per width.
        """
        check_maps(prediction=prediction, target=target)
        prediction, target = prediction.long(), target.long()
        if bands is None:
            bands = boundary_bands(
                target, self.widths, void=self.void, distance=self.distance, void_mode=self.void_mode
            )
        shapes = [tuple(labels.shape) for labels in (prediction, target, *bands)]
        if len(set(shapes)) != 1 or len(bands) != len(self.widths):
            raise ValueError(f"Expected prediction, target, {len(self.widths)} bands, each (B, H, W), got {shapes}.")
        self.counted(prediction, target)
        self.counts += boundary_statistics(prediction, target, bands, void=self.void).sum(0)

    def compute(self) -> BoundaryResult:
        """The error rates so far; NaN over an empty set.

        Raises:
            PixConError: a valid pixel's prediction or ground truth was no class.
        """
        self.refuse_strays()
        return BoundaryResult.from_counts(self.widths, self.counts.tolist())


def _reach_chessboard(values: Tensor, width: int) -> Tensor:
    """Maximum over the square of ``width`` around each pixel, inside the image."""
    return _sliding_maximum(_sliding_maximum(values, width, -1), width, -2)


def _reach_euclidean(values: Tensor, width: int) -> Tensor:
    """Maximum over the disc of radius ``width`` around each pixel: a disc is a stack of rows."""
    best = _sliding_maximum(values, width, -1)
    for offset in range(1, width + 1):
        row = _sliding_maximum(values, isqrt(width**2 - offset**2), -1)
        best[..., offset:, :] = torch.maximum(best[..., offset:, :], row[..., :-offset, :])
        best[..., :-offset, :] = torch.maximum(best[..., :-offset, :], row[..., offset:, :])
    return best


def _sliding_maximum(values: Tensor, reach: int, dim: int) -> Tensor:
    """Maximum over 2·reach + 1 neighbours along ``dim``, by doubling: log2 passes whatever the reach."""
    padding = (reach, reach) if dim == -1 else (0, 0, reach, reach)
    values = F.pad(values, padding, value=0 if values.dtype == torch.uint8 else _LOWEST)
    window, span = 2 * reach + 1, 1
    while span < window:
        step = min(span, window - span)  # the last pass may overlap, which does not change a maximum
        length = values.shape[dim] - step
        values = torch.maximum(values.narrow(dim, 0, length), values.narrow(dim, step, length))
        span += step
    return values


def _fill_void(labels: Tensor, valid: Tensor) -> Tensor:
    """Labels with every void pixel replaced by the nearest valid one of its image; on the host, image by image."""
    valid_maps = valid.flatten(0, -3).cpu().numpy() if valid.ndim > 2 else valid[None].cpu().numpy()
    images = labels.reshape(valid_maps.shape).cpu().numpy().copy()
    for image, inside in zip(images, valid_maps, strict=True):
        if inside.any() and not inside.all():
            rows, columns = distance_transform_edt(~inside, return_distances=False, return_indices=True)
            image[:] = image[rows, columns]
    return torch.from_numpy(np.ascontiguousarray(images)).reshape(labels.shape).to(labels.device)
