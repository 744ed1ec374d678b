"""Geometry of class centroids in feature space (Sec. G.4, Table 9, Fig. 11), from one streaming pass."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.measures.geometry_result import MIN_PIXELS, GeometryResult
from pixcon_diag.measures.plotting import DrawnMeasurement
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.float64 import float64_device
from pixcon_train.evaluation.label_checks import check_maps
from pixcon_train.evaluation.strays import TRUTH

_TINY = 1e-12
"""Norm below which a feature is taken as zero, as in torch.nn.functional.normalize."""

_TILE = 2**18
"""Numbers converted to float64 at once: they fit the processor's cache; a larger copy is several times slower."""


def labels_on_grid(
    labels: Tensor, size: tuple[int, int], *, void: int, covered: tuple[int, int] | None = None
) -> Tensor:
    """Ground truth at a feature's resolution, by nearest neighbour: (B, h, w) int64.

    Args:
        labels: integer (B, H, W).
        size: h and w of the feature.
        void: label of what the feature covers beyond the image.
        covered: height and width in image pixels that the feature covers, where the image was padded at the bottom and
            right before the network saw it; H, W where None.
    """
    height, width = labels.shape[-2:]
    below, beside = (covered[0] - height, covered[1] - width) if covered else (0, 0)
    padded = F.pad(labels.long(), (0, beside, 0, below), value=void)
    # As in training; float32 represents every label exactly.
    return F.interpolate(padded[:, None].float(), size, mode="nearest")[:, 0].long()


def class_sums(features: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """S_k and n_k: sums of unit-norm feature vectors per class, (K, C) float64, and their number, (K,) int64.

    On the features' device, or on the CPU where that has no float64.

    Args:
        features: (B, C, h, w), floating point, any norm; a zero vector adds nothing to S_k but counts in n_k.
        labels: (B, h, w) int64; a pixel with a label outside [0, K) is in no class.
        num_classes: K.
    """
    device = float64_device(features.device)
    sums = torch.zeros((num_classes, features.shape[1]), dtype=torch.float64, device=device)
    pixels = torch.zeros(num_classes, dtype=torch.int64, device=device)
    for present, image_sums, counted in image_class_sums(features, labels, num_classes):
        sums[present] += image_sums
        pixels[present] += counted
    return sums, pixels


def image_class_sums(features: Tensor, labels: Tensor, num_classes: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Of each image its G classes (G,), ascending, their sums (G, C) float64 and pixels (G,); as :func:`class_sums`."""
    device = float64_device(features.device)
    features, labels = features.to(device), labels.to(device)
    tile = max(1, _TILE // features.shape[1])
    for image, classes in zip(features.flatten(2), labels.flatten(1), strict=True):
        counted = classes[(classes >= 0) & (classes < num_classes)].bincount(minlength=num_classes)
        # An image holds few of the classes: a device sync here is cheaper than multiplying zeros.
        present = counted.nonzero()[:, 0]
        sums = features.new_zeros((len(present), features.shape[1]), dtype=torch.float64)
        for part, group in zip(image.split(tile, 1), classes.split(tile), strict=True):
            sums += _unit_sums(part.double(), group == present[:, None])
        yield present, sums, counted[present]


def _unit_sums(vectors: Tensor, member: Tensor) -> Tensor:
    """Sums of the columns of ``vectors`` (C, P), each scaled to unit norm, over the rows of ``member`` (G, P): (G, C).

    Unlike a scatter into few rows, a product has no memory contention and does not depend on the order of threads;
    it includes 1/‖f‖, so no scaled copy is made.
    """
    scale = vectors.square().sum(0).clamp(min=_TINY**2).rsqrt()
    return (scale * member) @ vectors.T


class Geometry(DrawnMeasurement):
    r"""How tightly the classes cluster in feature space and how well they are separated.

    With features f scaled to unit norm per pixel, S_k = Σ f and n_k their number over the pixels of class k,
    compactness_k = ‖S_k‖ / n_k (mean cosine of the class's pixels to its unit centroid), inter-class cosine = cosine of
    two centroids, margin = mean compactness − mean inter-class cosine, all over foreground classes with enough pixels.

    The state is float64 S_k (K, C) and int64 n_k (K,): its size does not depend on the number of images, and batches
    and processes add up.

    Args:
        num_classes: K.
        channels: C.
        void: the value of ground truth that is in no class.
        foreground: classes that means run over; all of them where None.
        min_pixels: classes with fewer feature pixels are excluded and listed.

    Raises:
        ConfigError: a foreground class outside 0..K − 1, or a minimum below 1.

    Example:
        >>> metric = Geometry(num_classes=2, channels=2, void=255, min_pixels=1)
        >>> features = torch.tensor([[[[3.0, 1.0, 0.0]], [[0.0, 0.0, 2.0]]]])  # (1, 2, 1, 3): two along x, one along y
        >>> metric.update(features, torch.tensor([[[0, 0, 1]]]))
        >>> result = metric.compute()
        >>> result.compactness, result.mean_inter, result.margin
        (1.0, 0.0, 1.0)
    """

    command = "geometry"
    higher_is_better = None
    sums: Tensor
    pixels: Tensor

    def __init__(
        self,
        num_classes: int,
        channels: int,
        *,
        void: int,
        foreground: Sequence[int] | None = None,
        min_pixels: int = MIN_PIXELS,
    ) -> None:
        super().__init__(num_classes, void=void, maps=(TRUTH,))
        self.min_pixels = min_pixels
        self.foreground = tuple(range(num_classes)) if foreground is None else tuple(sorted(set(foreground)))
        if min_pixels < 1:
            raise ConfigError(f"Expected a class to need at least 1 pixel, got a minimum of {min_pixels}.")
        if not all(0 <= k < num_classes for k in self.foreground):
            raise ConfigError(f"Expected foreground classes in 0..{num_classes - 1}, got {self.foreground}.")
        self.add_state("sums", torch.zeros(num_classes, channels, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("pixels", torch.zeros(num_classes, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, features: Tensor, labels: Tensor, covered: tuple[int, int] | None = None) -> None:
        """Add one batch.

        Args:
            features: (B, C, h, w), floating point, any norm.
            labels: y, integer (B, H, W) at any resolution, classes or void; brought to (h, w) by nearest neighbour.
            covered: see :func:`labels_on_grid`.

        Raises:
            ValueError: the shapes do not fit, features are no floating point numbers, or labels no integers.
        """
        check_maps(labels=labels)
        fits = features.ndim == 4 and features.is_floating_point() and len(features) == len(labels)
        if not fits or features.shape[1] != self.sums.shape[1]:
            raise ValueError(
                f"Expected floating point features (B, {self.sums.shape[1]}, h, w) and labels (B, H, W), "
                f"got {features.dtype} {tuple(features.shape)} and {tuple(labels.shape)}."
            )
        labels = labels.long()
        self.classes_only(TRUTH, labels, labels != self.void)
        height, width = features.shape[-2:]
        small = labels_on_grid(labels, (height, width), void=self.void, covered=covered)
        sums, pixels = class_sums(features, torch.where(small == self.void, -1, small), self.num_classes)
        self.sums += sums
        self.pixels += pixels.to(self.pixels.device)

    def drawn_with(self) -> dict[str, Any]:
        """Also which classes are foreground."""
        return super().drawn_with() | {"foreground": self.foreground}

    def compute(self) -> GeometryResult:
        """The geometry so far; NaN where no class or pair of classes has enough pixels.

        Raises:
            PixConError: a feature was not finite, or a valid pixel's label was no class.
        """
        self.refuse_strays()
        sums, pixels = self.sums.cpu().numpy(), self.pixels.cpu().numpy()
        return GeometryResult.from_sums(sums, pixels, self.foreground, self.min_pixels)
