"""Counts of one image by plain loops over its pixels."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from pixcon_diag.measures.image_cells_result import WIDTH
from pixcon_diag.passes.options import MeasureOptions
from pixcon_train.core.void import void_of


@dataclass(frozen=True)
class Counts:
    """What a pass holds of one image, int64."""

    statistics: np.ndarray
    """(3, K): true positives, predicted and true pixels."""
    histogram: np.ndarray
    """(2, bins): correct and wrong pixels by confidence."""
    boundary: np.ndarray
    """(W + 1, 2): pixels and wrong pixels in each band, and in all of the image."""
    cells: np.ndarray
    """(K, B, 2, 3): pixels by predicted class, coarse bin of confidence, predicted boundary and outcome."""
    all_pixels: np.ndarray
    """(bins,): pixels by confidence, void or not."""

    def differences(self, other: "Counts") -> list[str]:
        """Names of the counts that are not equal."""
        return [name for name, value in vars(self).items() if not np.array_equal(value, getattr(other, name))]


def count(
    prediction: np.ndarray, bins: np.ndarray, truth: np.ndarray, num_classes: int, options: MeasureOptions
) -> Counts:
    """The counts of an image from its maps (H, W): predicted class, bin of confidence, and ground truth or void."""
    void = void_of(num_classes)
    edges, coarse_edges = options.edges, options.cell_edges
    coarse = [sum(edge <= fine for edge in coarse_edges) - 1 for fine in edges]
    hit, predicted_pixels, true_pixels = ([0] * num_classes for _ in range(3))
    histogram, all_pixels = [[0] * len(edges), [0] * len(edges)], [0] * len(edges)
    boundary = [[0, 0] for _ in range(len(options.band_widths) + 1)]
    cells = np.zeros((num_classes, len(coarse_edges), 2, 3), np.int64)
    labels = _without_void(truth, void) if options.void_mode == "nearest" else truth.astype(int)
    counting = truth != void if options.void_mode == "ignore" else np.ones_like(truth, dtype=bool)
    bands = [band(labels, counting, width, options.distance) for width in options.band_widths]
    near = band(prediction.astype(int), np.ones_like(counting), WIDTH, "chessboard")
    zones = zip(*(zone.ravel().tolist() for zone in (*bands, np.ones_like(near))), strict=True)
    maps = (values.ravel().tolist() for values in (prediction, bins, truth, near))
    for inside, (predicted, fine, true, edge) in zip(zones, zip(*maps, strict=True), strict=True):
        known, wrong = true != void, int(predicted != true)
        all_pixels[fine] += 1
        cells[predicted, coarse[fine], 0 if edge else 1, wrong if known else 2] += 1
        if known:
            predicted_pixels[predicted] += 1
            true_pixels[true] += 1
            hit[true] += 1 - wrong
            histogram[wrong][fine] += 1
            for row, within in zip(boundary, inside, strict=True):
                row[0] += within
                row[1] += within and wrong
    statistics = np.array((hit, predicted_pixels, true_pixels))
    return Counts(statistics, np.array(histogram), np.array(boundary), cells, np.array(all_pixels))


def band(labels: np.ndarray, counting: np.ndarray, width: int, distance: str) -> np.ndarray:
    """(H, W) bool: pixels with another label within ``width``; only pixels of ``counting`` are compared."""
    height, length = labels.shape
    found = np.zeros(labels.shape, dtype=bool)
    for down in range(-width, width + 1):
        for right in range(-width, width + 1):
            if distance == "euclidean" and down**2 + right**2 > width**2:
                continue
            here = (
                slice(max(0, -down), height - max(0, down)),
                slice(max(0, -right), length - max(0, right)),
            )
            there = (
                slice(max(0, down), height - max(0, -down)),
                slice(max(0, right), length - max(0, -right)),
            )
            if found[here].size:
                found[here] |= counting[here] & counting[there] & (labels[here] != labels[there])
    return found


def _without_void(truth: np.ndarray, void: int) -> np.ndarray:
    """``truth`` with the label of the nearest valid pixel in place of void."""
    unknown = truth == void
    if unknown.all() or not unknown.any():
        return truth.astype(int)
    rows, columns = distance_transform_edt(unknown, return_distances=False, return_indices=True)
    return np.asarray(truth[rows, columns].astype(int))
