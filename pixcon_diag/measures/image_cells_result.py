"""Result of the cells per image: pixels by predicted class, confidence, predicted boundary and outcome (section 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy

from pixcon_diag.measures.confidence import FIXED_POINT, off_grid
from pixcon_diag.statistics.post_stratification import Strata
from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.strays import refuse_strays

EDGES = (
    0.0, 0.3, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999
)  # fmt: skip
"""Left edges of the coarse confidence bins, all of them edges of the fine histogram: the usual thresholds, and finer
close to 1, where teachers saturate."""

ZONES = ("band", "interior")
"""Inside and outside the band of the predicted boundaries."""

WIDTH = 3
"""Width of that band in pixels, chessboard: the middle one of the paper's (Table 7). One pixel would hold only pixels
that an upsampled network interpolates; five leave little interior in small objects."""

OUTCOMES = ("correct", "wrong", "unknown")
"""Unknown: the ground truth is void, or the image has no mask."""


def cell_edges(taus: Iterable[float], calibration_bins: int) -> tuple[float, ...]:
    """Left edges of the coarse bins: :data:`EDGES`, and the thresholds that the default fine histogram lacks.

    Other thresholds are no part of a pass's key, so its cells must not depend on them.
    """
    return tuple(sorted({*EDGES, *off_grid(taus, calibration_bins)}))


@dataclass(frozen=True)
class ImageCellsResult:
    """Pixels of every image in cells, in the images' order; B coarse bins, K classes."""

    counts: "scipy.sparse.csr_matrix"
    """(I, K·B·2·3) int64, sparse: pixels by predicted class, coarse bin, zone and outcome, the last index fastest."""
    confidence: np.ndarray
    """(I, 2, B) float64: sum of the confidences of known and of unknown pixels in each coarse bin."""
    histogram: np.ndarray
    """(I, bins) signed integers, of which only sums are taken: all pixels, valid or not, by the fine bins."""
    num_classes: int
    edges: tuple[float, ...]
    """Left edges of the coarse bins."""

    @classmethod
    def from_state(
        cls, state: Mapping[str, np.ndarray], num_classes: int, edges: tuple[float, ...], fine: int, *, void: int
    ) -> "ImageCellsResult":
        """The cells of a :class:`pixcon_diag.measures.image_cells.ImageCells`, from a snapshot of its state.

        Args:
            fine: number of fine bins.

        Raises:
            PixConError: a prediction, or a valid pixel's ground truth, was no class.
        """
        refuse_strays(state["strays"], num_classes, void)
        empty = {"rows": (0,), "index": (0,), "pixels": (0,), "sums": (0, 2, len(edges)), "histogram": (0, fine)}
        arrays = {name: state.get(name, np.zeros(shape, dtype=np.int64)) for name, shape in empty.items()}
        ends = np.concatenate((np.zeros(1, dtype=np.int64), arrays["rows"].cumsum()))
        shape = (len(arrays["rows"]), num_classes * len(edges) * len(ZONES) * len(OUTCOMES))
        pixels, index = arrays["pixels"].astype(np.int64), arrays["index"].astype(np.int32)
        counts = scipy.sparse.csr_matrix((pixels, index, ends), shape=shape)
        return cls(counts, arrays["sums"] / FIXED_POINT, arrays["histogram"], num_classes, edges)

    @cached_property
    def shape(self) -> tuple[int, int, int, int]:
        """(K, B, 2, 3): the axes that the columns of :attr:`counts` unroll."""
        return self.num_classes, len(self.edges), len(ZONES), len(OUTCOMES)

    def images(self, chosen: np.ndarray) -> "ImageCellsResult":
        """The cells of some images, bool (I,)."""
        return replace(
            self, counts=self.counts[chosen], confidence=self.confidence[chosen], histogram=self.histogram[chosen]
        )

    @cached_property
    def strata(self) -> Strata:
        """The cells as strata."""
        correct, wrong, unknown = (self.counts[:, outcome :: len(OUTCOMES)] for outcome in range(len(OUTCOMES)))
        return Strata(correct + wrong, wrong, unknown, self.shape[:3])

    def first_bin(self, tau: float) -> int:
        """Index of the coarse bin that begins at ``tau``.

        Raises:
            ConfigError: ``tau`` is no edge.
        """
        if float(tau) not in self.edges:
            known = ", ".join(f"{edge:g}" for edge in self.edges)
            raise ConfigError(f"Threshold {tau:g} was not counted by predicted class and image. Counted are {known}.")
        return self.edges.index(float(tau))

    def retained(self, tau: float) -> np.ndarray:
        """(I, K, 3) int64: correct, wrong and unknown pixels with c >= ``tau``, by predicted class.

        Raises:
            ConfigError: ``tau`` is no coarse edge.
        """
        start = self.first_bin(tau)
        classes, bins, _, outcomes = np.indices(self.shape).reshape(4, -1)
        columns = np.flatnonzero(bins >= start)
        rows = classes[columns] * len(OUTCOMES) + outcomes[columns]
        size = (self.counts.shape[1], self.num_classes * len(OUTCOMES))
        gathered = self.counts @ scipy.sparse.csr_matrix(
            (np.ones(len(columns), dtype=np.int64), (columns, rows)), shape=size
        )
        return np.asarray(gathered.todense()).reshape(-1, self.num_classes, len(OUTCOMES))
