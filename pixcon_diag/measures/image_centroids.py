"""Class sums of unit-norm features per image, from which the geometry of any set of images follows (section 5)."""

import torch
from torch import Tensor

from pixcon_diag.measures.geometry import image_class_sums, labels_on_grid
from pixcon_diag.measures.image_centroids_result import CentroidRows
from pixcon_train.evaluation.measurement import Measurement


class ImageCentroids(Measurement):
    """S_k and n_k of every image: the geometry's sufficient statistics per image, so that images can be resampled.

    The state grows by C + 2 numbers for each class of each image, and one for each image.

    Args:
        num_classes: K.
        void: the value of ground truth that is in no class.
    """

    higher_is_better = None
    classes: list[Tensor]
    label: list[Tensor]
    pixels: list[Tensor]
    sums: list[Tensor]

    def __init__(self, num_classes: int, *, void: int) -> None:
        super().__init__()
        self.num_classes, self.void = num_classes, void
        for name in ("classes", "label", "pixels", "sums"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, features: Tensor, labels: Tensor, covered: tuple[int, int] | None = None) -> None:
        """Add one batch; arguments as of :meth:`pixcon_diag.measures.geometry.Geometry.update`."""
        height, width = features.shape[-2:]
        small = labels_on_grid(labels, (height, width), void=self.void, covered=covered)
        grouped = image_class_sums(features, torch.where(small == self.void, -1, small), self.num_classes)
        for present, sums, pixels in grouped:
            self.classes.append(torch.tensor([len(present)], device=labels.device))
            self.label.append(present.to(labels.device))
            self.pixels.append(pixels.to(labels.device))
            self.sums.append(sums)  # float64, which the metric's device may lack

    def compute(self) -> CentroidRows:
        """The rows so far."""
        return CentroidRows.from_state(self.snapshot(), self.num_classes)
