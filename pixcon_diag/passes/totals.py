"""Totals that must agree in the stored statistics of a pass: each pixel is counted in several of them."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike

State = Mapping[str, np.ndarray]


def pass_disagreements(state: State) -> Iterator[str]:
    """A phrase for each total of a measured pass that its statistics do not agree on.

    Args:
        state: with all statistics of a :class:`pixcon_diag.passes.collector.Collector` after at least one image.

    Raises:
        ValueError: the shapes of two statistics do not fit each other.
    """
    # Pixels of no class or confidence are not in every total; the results refuse them.
    if any(_strays(state, name) for name in ("images", "contamination", "cells")) or state["contamination.rejected"]:
        return
    hits, predicted, true = (total.astype(np.int64) for total in state["images.statistics"].sum(0, dtype=np.int64))
    histogram = state["images.histogram"].sum(0, dtype=np.int64)
    boundary = state["images.boundary"].sum(0, dtype=np.int64)
    by_predicted, by_truth, zones = (
        state[f"contamination.{name}"].astype(np.int64) for name in ("by_predicted", "by_truth", "zones")
    )
    yield from _unequal(
        {
            "correct pixels by class and by confidence": (hits.sum(), histogram[0].sum()),
            "predicted pixels by class": (predicted, by_predicted.sum((1, 2))),
            "true pixels by class": (true, by_truth.sum((1, 2))),
            "correct pixels by predicted class": (hits, by_predicted[:, 0].sum(1)),
            "correct pixels by true class": (hits, by_truth[:, 0].sum(1)),
            "confidences by image and by predicted class": (histogram, by_predicted.sum(0)),
            "confidences by image and by true class": (histogram, by_truth.sum(0)),
            "confidences by image and by zone": (histogram, zones.sum(0)),
            "pixels and errors by image and in the boundary count": (
                [histogram.sum(), histogram[1].sum()],
                boundary[-1],
            ),
            "pixels of the boundary bands": (boundary[:-1, 0], zones.sum((1, 2)).cumsum()[:-1]),
            "errors in the boundary bands": (boundary[:-1, 1], zones[:, 1].sum(1).cumsum()[:-1]),
        }
    )
    if "centroids.classes" in state:
        classes = state["centroids.classes"].sum(dtype=np.int64)
        yield from _unequal({"class sums of the features": (classes, len(state["centroids.label"]))})
    yield from cell_disagreements(state)
    images = [len(state[name]) for name in ("images.statistics", "images.histogram", "images.boundary", "cells.rows")]
    yield from _unequal({"images": (images, images[:1] * 4)})


def cell_disagreements(state: State) -> Iterator[str]:
    """As :func:`pass_disagreements`, of the cells of each image."""
    if _strays(state, "cells"):
        return
    filled, pixels, histogram = state["cells.rows"].astype(np.int64), state["cells.pixels"], state["cells.histogram"]
    lengths = [len(state["cells.index"]), len(pixels)]
    yield from _unequal(
        {
            "non-empty cells": (lengths, [filled.sum()] * 2),
            "images of the cells": ([len(histogram), len(state["cells.sums"])], [len(filled)] * 2),
        }
    )
    by_image = np.zeros(len(filled), np.int64)
    np.add.at(by_image, np.repeat(np.arange(len(filled)), filled), pixels)
    yield from _unequal({"pixels of each image's cells": (by_image, histogram.sum(1, dtype=np.int64))})


def _strays(state: State, name: str) -> bool:
    """Whether there were labels of no class: the first column counts them."""
    return bool(state[f"{name}.strays"][:, 0].any())


def _unequal(totals: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Iterator[str]:
    yield from (name for name, (one, other) in totals.items() if not np.array_equal(one, other))
