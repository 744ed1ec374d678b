"""Result of the class sums per image: the geometry of any set of the images (section 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from pixcon_diag.measures.geometry_result import MIN_PIXELS, GeometryResult


@dataclass(frozen=True)
class CentroidRows:
    """A row for each class of each image; the arrays with R rows are parallel."""

    classes: np.ndarray
    """(I,) int64, number of rows of each image, in the order of the images."""
    label: np.ndarray
    """(R,) int64, the class."""
    pixels: np.ndarray
    """(R,) int64, its feature pixels in the image."""
    sums: np.ndarray
    """(R, C) float64, the sum of its unit features."""
    num_classes: int

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], num_classes: int) -> "CentroidRows":
        """The rows of a :class:`pixcon_diag.measures.image_centroids.ImageCentroids`, from a snapshot of its state."""
        empty = np.zeros(0, dtype=np.int64)
        integers = {name: state.get(name, empty).astype(np.int64) for name in ("classes", "label", "pixels")}
        return cls(
            **integers,
            sums=state.get("sums", np.zeros((0, 0))),
            num_classes=num_classes,
        )

    @property
    def image(self) -> np.ndarray:
        """(R,) int64, index of each row's image."""
        return np.repeat(np.arange(len(self.classes)), self.classes)

    def geometry(self, foreground: Sequence[int], min_pixels: int = MIN_PIXELS) -> GeometryResult:
        """The geometry over all images, as :class:`pixcon_diag.measures.geometry.Geometry` gives it.

        Raises:
            PixConError: a feature was not finite.
        """
        sums, pixels = np.zeros((self.num_classes, self.sums.shape[1])), np.zeros(self.num_classes, dtype=np.int64)
        np.add.at(sums, self.label, self.sums)
        np.add.at(pixels, self.label, self.pixels)
        return GeometryResult.from_sums(sums, pixels, foreground, min_pixels)

    def per_image(self) -> "scipy.sparse.csr_matrix":
        """(I, K·(C + 1)) sparse float64: of each image, S_k and then n_k of every class, which can be pooled."""
        width = self.sums.shape[1] + 1
        values = np.concatenate((self.sums, self.pixels[:, None]), 1)
        columns = self.label[:, None] * width + np.arange(width)
        rows = np.repeat(self.image, width)
        return scipy.sparse.csr_matrix(
            (values.ravel(), (rows, columns.ravel())), shape=(len(self.classes), self.num_classes * width)
        )
