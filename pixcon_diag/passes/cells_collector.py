"""The cells of a pass over images that may have no masks."""

from collections.abc import Mapping

import numpy as np

from pixcon_diag.measures.image_cells import ImageCells, predicted_band
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.run import PredictedBatch
from pixcon_diag.passes.state import part
from pixcon_train.core.void import void_of


class CellsCollector:
    """The cells of each image, which are read from the :meth:`snapshot` (:class:`pixcon_diag.passes.cells.CellsPass`).

    Args:
        num_classes: K.
        options: the thresholds and bins.
    """

    def __init__(self, num_classes: int, options: MeasureOptions) -> None:
        self.cells = ImageCells(
            num_classes, void=void_of(num_classes), taus=options.taus, calibration_bins=options.calibration_bins
        )

    def update(self, batch: PredictedBatch) -> None:
        """Count one batch."""
        if self.cells.device != batch.target.device:
            self.cells.to(batch.target.device)
        for rows in batch.strips():
            band = predicted_band(batch.prediction, rows)
            bins = batch.bins(self.cells.fine)[:, rows].long()
            self.cells.update(*batch.maps(rows), bins, band, continued=rows.start > 0)

    def snapshot(self) -> dict[str, np.ndarray]:
        """All sufficient statistics."""
        return {f"cells.{name}": value for name, value in self.cells.snapshot().items()}

    def take_rows(self) -> dict[str, np.ndarray]:
        """The statistics of each image so far, which are removed."""
        return {f"cells.{name}": rows for name, rows in self.cells.take_rows().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume from a :meth:`snapshot`.

        Raises:
            KeyError: a statistic is missing.
        """
        self.cells.restore(part(state, "cells"))
