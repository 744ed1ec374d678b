"""Class sums of unit features image by image: what the geometry of any set of the images comes from (section 5)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from pixcon_diag.measures.geometry import MIN_PIXELS, image_class_sums, labels_on_grid
from pixcon_diag.measures.geometry_result import GeometryResult
from pixcon_train.core.errors import PixConError
from pixcon_train.evaluation.measurement import Measurement


@dataclass(frozen=True)
class CentroidRows:
    """A row for each class of each image; arrays go along."""

    image: np.ndarray
    """(R,) int64, place of the image in the order in which images came."""
    label: np.ndarray
    """(R,) int64, the class."""
    pixels: np.ndarray
    """(R,) int64, its feature pixels in the image."""
    sums: np.ndarray
    """(R, C) float64, the sum of its unit features."""
    num_classes: int
    images: int

    def geometry(self, foreground: Sequence[int], min_pixels: int = MIN_PIXELS) -> GeometryResult:
        """The geometry over all images, as :class:`pixcon_diag.measures.geometry.Geometry` gives it.

        Raises:
            PixConError: a feature was not finite.
        """
        sums, pixels = np.zeros((self.num_classes, self.sums.shape[1])), np.zeros(self.num_classes, dtype=np.int64)
        np.add.at(sums, self.label, self.sums)
        np.add.at(pixels, self.label, self.pixels)
        if not np.isfinite(sums).all():
            raise PixConError("Some features are NaN or infinite. Does the checkpoint hold a network that diverged?")
        return GeometryResult.from_sums(sums, pixels, foreground, min_pixels)

    def per_image(self) -> csr_matrix:
        """(I, K·(C + 1)) sparse float64: of each image, S_k and then n_k of every class, ready to be pooled."""
        width = self.sums.shape[1] + 1
        values = np.concatenate((self.sums, self.pixels[:, None]), 1)
        columns = self.label[:, None] * width + np.arange(width)
        rows = np.repeat(self.image, width)
        return csr_matrix((values.ravel(), (rows, columns.ravel())), shape=(self.images, self.num_classes * width))


class ImageCentroids(Measurement):
    """S_k and n_k of every image: the geometry's sufficient statistics, kept apart so that images can be drawn anew.

    The state grows by C + 3 numbers for each class of each image.

    Args:
        num_classes: K.
        void: the value of ground truth that is in no class.
    """

    higher_is_better = None
    image: list[Tensor]
    label: list[Tensor]
    pixels: list[Tensor]
    sums: list[Tensor]
    images: Tensor

    def __init__(self, num_classes: int, *, void: int) -> None:
        super().__init__()
        self.num_classes, self.void = num_classes, void
        for name in ("image", "label", "pixels", "sums"):
            self.add_state(name, [], dist_reduce_fx="cat")
        self.add_state("images", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, features: Tensor, labels: Tensor, covered: tuple[int, int] | None = None) -> None:
        """Add one batch; arguments as of :meth:`pixcon_diag.measures.geometry.Geometry.update`."""
        height, width = features.shape[-2:]
        small = labels_on_grid(labels, (height, width), void=self.void, covered=covered)
        grouped = image_class_sums(features, torch.where(small == self.void, -1, small), self.num_classes)
        for number, (present, sums, pixels) in enumerate(grouped):
            self.image.append((self.images + number).expand(len(present)))
            self.label.append(present.to(self.images.device))
            self.pixels.append(pixels.to(self.images.device))
            self.sums.append(sums)  # float64, and so perhaps not on the metric's device
        self.images += len(features)

    def compute(self) -> CentroidRows:
        """The rows so far."""
        state = self.snapshot()
        none = np.zeros(0, dtype=np.int64)
        return CentroidRows(
            image=state.get("image", none),
            label=state.get("label", none),
            pixels=state.get("pixels", none),
            sums=state.get("sums", np.zeros((0, 0))),
            num_classes=self.num_classes,
            images=int(self.images),
        )
