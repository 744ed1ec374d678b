"""All measurements of one pass, which can be saved and resumed."""

from collections.abc import Mapping

import numpy as np

from pixcon_diag.measures.boundary import bands_of_rows
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.measures.image_cells import ImageCells, predicted_band
from pixcon_diag.measures.image_centroids import ImageCentroids
from pixcon_diag.measures.image_counts import ImageCounts
from pixcon_diag.measures.pixel_sample import PixelSampler
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.run import PredictedBatch
from pixcon_diag.passes.state import part
from pixcon_train.core.void import void_of
from pixcon_train.evaluation.measurement import Measurement


class Collector:
    """The metrics of one pass: counts and cells of each image, confidences, class sums of the feature, and a sample of
    pixels.

    Results are read from the :meth:`snapshot` (:class:`pixcon_diag.passes.predictions.MeasuredPass`).

    Args:
        num_classes: K.
        options: what is counted.
    """

    def __init__(self, num_classes: int, options: MeasureOptions) -> None:
        bins, void = options.calibration_bins, void_of(num_classes)
        self.images = ImageCounts(num_classes, void=void, taus=options.taus, calibration_bins=bins)
        self.contamination = Contamination(
            num_classes,
            void=void,
            taus=options.taus,
            widths=options.widths,
            distance=options.distance,
            void_mode=options.void_mode,
            calibration_bins=bins,
        )
        self.cells = ImageCells(num_classes, void=void, taus=options.taus, calibration_bins=bins)
        self.centroids = ImageCentroids(num_classes, void=void)
        self.sampler = PixelSampler(num_classes, void=void, per_class=options.per_class, seed=options.sample_seed)

    def _metrics(self) -> dict[str, Measurement]:
        return {
            "images": self.images,
            "contamination": self.contamination,
            "cells": self.cells,
            "centroids": self.centroids,
            "sampler": self.sampler,
        }

    def update(self, batch: PredictedBatch) -> None:
        """Count one batch; without a feature for whole images, geometry and sample stay empty."""
        device = batch.target.device
        for metric in self._metrics().values():
            if metric.device != device:  # to() touches every image's tensors, however many there are
                metric.to(device)
        for rows in batch.strips():
            self._count(batch, rows)
        fused, covered = batch.inference.fused, batch.inference.covered
        if fused is not None and fused.shape[1]:
            self.centroids.update(fused, batch.target, covered)
            self.sampler.update(fused, batch.target, batch.names, covered)

    def _count(self, batch: PredictedBatch, rows: slice) -> None:
        """Count some rows of a batch."""
        maps, zones, further = batch.maps(rows), self.contamination, rows.start > 0
        # Bins and bands dominate the cost of the metrics, which share them.
        bins = batch.bins(self.images.edges)[:, rows].long()
        bands = bands_of_rows(
            batch.target, rows, zones.widths, void=self.images.void, distance=zones.distance, void_mode=zones.void_mode
        )
        self.images.update(*maps, bands, bins, continued=further)
        self.contamination.update(*maps, bands, bins)
        self.cells.update(*maps, bins, predicted_band(batch.prediction, rows), continued=further)

    def snapshot(self) -> dict[str, np.ndarray]:
        """All sufficient statistics."""
        metrics = self._metrics().items()
        return {f"{name}.{key}": value for name, metric in metrics for key, value in metric.snapshot().items()}

    def take_rows(self) -> dict[str, np.ndarray]:
        """The statistics of each image so far, which are removed."""
        by_image = {"images": self.images, "cells": self.cells, "centroids": self.centroids}
        return {f"{name}.{key}": rows for name, metric in by_image.items() for key, rows in metric.take_rows().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume from a :meth:`snapshot`.

        Raises:
            KeyError: a statistic is missing.
        """
        for name, metric in self._metrics().items():
            metric.restore(part(state, name))

    def prepend(self, other: "Collector") -> None:
        """Add the statistics of another collector over the images before this one's."""
        others = other._metrics()
        for name, metric in self._metrics().items():
            metric.merge_state(others[name])
