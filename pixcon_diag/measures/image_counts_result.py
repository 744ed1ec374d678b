"""Result of the counts per image: mIoU, error, retention, ρ_F and boundary error as arrays (section 8)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pixcon_train.evaluation.strays import refuse_strays


@dataclass(frozen=True)
class ImageCountsResult:
    """Counts of every image, in their order; sums over images give the counts of any set."""

    statistics: np.ndarray
    """(I, 3, K) int64: true positives, predicted and true pixels per class."""
    histogram: np.ndarray
    """(I, 2, bins) signed integers, of which only sums are taken: correct and wrong valid pixels by confidence."""
    boundary: np.ndarray
    """(I, W + 1, 2) int64: pixels and wrong pixels in the boundary band of each width, and in all of the image."""
    edges: tuple[float, ...]
    """Left edges of the bins."""

    @classmethod
    def from_state(
        cls, state: Mapping[str, np.ndarray], num_classes: int, edges: tuple[float, ...], *, void: int
    ) -> "ImageCountsResult":
        """The counts of a :class:`pixcon_diag.measures.image_counts.ImageCounts`, from a snapshot of its state.

        Raises:
            PixConError: a valid pixel's prediction or ground truth was no class.
        """
        refuse_strays(state["strays"], num_classes, void)
        empty = {"statistics": (0, 3, num_classes), "histogram": (0, 2, len(edges)), "boundary": (0, 1, 2)}
        rows = {name: state.get(name, np.zeros(shape, dtype=np.int64)) for name, shape in empty.items()}
        statistics, boundary = (rows[name].astype(np.int64) for name in ("statistics", "boundary"))
        return cls(statistics, rows["histogram"], boundary, edges)

    def retained(self, tau: float) -> np.ndarray:
        """(I, 3) int64: valid pixels, those with c >= ``tau``, and the wrong ones among these.

        Raises:
            ValueError: ``tau`` is no edge of the histogram.
        """
        retained = self.histogram[..., self.edges.index(tau) :].sum(-1)
        return np.stack((self.histogram.sum((1, 2)), retained.sum(1), retained[:, 1]), 1)
