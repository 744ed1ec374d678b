"""Result of a pass over images that may have no masks, computed from its stored arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from pixcon_diag.measures.image_cells_result import OUTCOMES, ZONES, ImageCellsResult
from pixcon_diag.passes.forms import Forms
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predicted_maps import PredictedMaps
from pixcon_diag.passes.state import Statistics, names_of, part
from pixcon_diag.passes.totals import cell_disagreements
from pixcon_train.core.void import void_of

CELL_STATISTICS = names_of("cells", "strays", "rows", "index", "pixels", "sums", "histogram")
"""Statistics of the cells of each image."""


def cell_forms(num_classes: int, options: MeasureOptions) -> Forms:
    """The forms of :data:`CELL_STATISTICS`."""
    bins, coarse = len(options.edges), len(options.cell_edges)
    return {
        "cells.strays": "int 2 3",
        "cells.rows": "int<=N I",
        "cells.index": f"int<{num_classes * coarse * len(ZONES) * len(OUTCOMES)} N",
        "cells.pixels": "int>=0 N",
        "cells.sums": f"int>=0 I 2 {coarse}",
        "cells.histogram": f"int>=0 I {bins}",
    }


def cell_statistics(num_classes: int, options: MeasureOptions) -> Statistics:
    """Statistics of a pass that counts nothing else."""
    return Statistics(CELL_STATISTICS, disagreements=cell_disagreements, forms=cell_forms(num_classes, options))


def cells_key(options: MeasureOptions, *, maps: bool) -> dict[str, Any]:
    """The part of the cache key that the options determine of a pass that counts only cells.

    Args:
        maps: whether label maps and confidence maps are cached.
    """
    counted = options.key()
    key = {"cells": {name: counted[name] for name in ("taus", "calibration_bins")}}
    return {**key, "maps": True} if maps else key


def cells_of(state: Mapping[str, np.ndarray], num_classes: int, options: MeasureOptions) -> ImageCellsResult:
    """The cells in the state of a pass.

    Raises:
        PixConError: a prediction, or a valid pixel's ground truth, was no class.
    """
    return ImageCellsResult.from_state(
        part(state, "cells"), num_classes, options.cell_edges, len(options.edges), void=void_of(num_classes)
    )


@dataclass(frozen=True)
class CellsPass(PredictedMaps):
    """One checkpoint on one list of images, with or without masks."""

    options: MeasureOptions
    state: Mapping[str, np.ndarray] = field(repr=False, compare=False)

    @cached_property
    def cells(self) -> ImageCellsResult:
        """Pixels of each image by predicted class, confidence, predicted boundary and outcome.

        Raises:
            PixConError: a prediction, or a valid pixel's ground truth, was no class.
        """
        return cells_of(self.state, self.data.spec.num_classes, self.options)

    @property
    def has_masks(self) -> bool:
        """Whether every image has a mask."""
        return all(pair.mask is not None for pair in self.data.pairs)
