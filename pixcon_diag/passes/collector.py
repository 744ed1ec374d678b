"""Everything that one pass learns of a network's predictions, in one object that can be put aside and gone on with."""

from collections.abc import Mapping, Sequence

import numpy as np

from pixcon_diag.measures.confidence import bin_of
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.measures.image_centroids import CentroidRows, ImageCentroids
from pixcon_diag.measures.image_counts import ImageCounts, ImageCountsResult
from pixcon_diag.measures.pixel_sample import PixelSample, PixelSampler
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.run import PredictedBatch
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.void import VOID
from pixcon_train.evaluation.iou import IoUResult
from pixcon_train.evaluation.measurement import Measurement


class Collector:
    """The metrics of one pass: counts of each image, confidences, class sums of the feature, and a sample of pixels.

    Args:
        num_classes: K.
        options: what is counted.
    """

    def __init__(self, num_classes: int, options: MeasureOptions) -> None:
        own = options.key()
        self.images = ImageCounts(num_classes, void=VOID, taus=own["taus"], calibration_bins=options.calibration_bins)
        self.contamination = Contamination(
            num_classes,
            void=VOID,
            taus=own["taus"],
            widths=options.widths,
            distance=options.distance,
            void_mode=options.void_mode,
            calibration_bins=options.calibration_bins,
        )
        self.centroids = ImageCentroids(num_classes, void=VOID)
        self.sampler = PixelSampler(num_classes, void=VOID, per_class=options.per_class, seed=options.sample_seed)

    def _metrics(self) -> dict[str, Measurement]:
        return {
            "images": self.images,
            "contamination": self.contamination,
            "centroids": self.centroids,
            "sampler": self.sampler,
        }

    def update(self, batch: PredictedBatch) -> None:
        """Count one batch; a network without a feature for whole images adds nothing to geometry and sample."""
        device = batch.target.device
        for metric in self._metrics().values():
            if metric.device != device:  # to() touches every image's tensors, however many there are
                metric.to(device)
        # Both histograms have the same edges, and finding the bins is the dearest part of either.
        bins = bin_of(batch.confidence, self.images.edges)
        self.images.update(batch.confidence, batch.prediction, batch.target, bins=bins)
        self.contamination.update(batch.confidence, batch.prediction, batch.target, bins=bins)
        fused, covered = batch.inference.fused, batch.inference.covered
        if fused is not None and fused.shape[1]:
            self.centroids.update(fused, batch.target, covered)
            self.sampler.update(fused, batch.target, batch.names, covered)

    def snapshot(self) -> dict[str, np.ndarray]:
        """All sufficient statistics."""
        metrics = self._metrics().items()
        return {f"{name}.{key}": value for name, metric in metrics for key, value in metric.snapshot().items()}

    def restore(self, state: Mapping[str, np.ndarray], names: Sequence[str]) -> None:
        """Go on from a :meth:`snapshot`; ``names`` are those of the list's images.

        Raises:
            KeyError: a statistic is missing.
        """
        for name, metric in self._metrics().items():
            own = {key.partition(".")[2]: value for key, value in state.items() if key.startswith(f"{name}.")}
            metric.restore(own)
        self.sampler.name_images(names)

    def prepend(self, other: "Collector") -> None:
        """Take in what another collector counted of the images before this one's."""
        theirs = other._metrics()
        for name, metric in self._metrics().items():
            metric.merge_state(theirs[name])

    def counts(self) -> ImageCountsResult:
        """Counts of each image."""
        return self.images.compute()

    def iou(self) -> IoUResult:
        """IoU per class of what this process counted; unlike :meth:`counts` it asks no other one."""
        rows = self.images.snapshot().get("statistics")
        counts = np.zeros((3, self.images.num_classes), dtype=np.int64) if rows is None else rows.sum(0)
        return IoUResult(*counts.tolist())

    def centroid_rows(self) -> CentroidRows:
        """Class sums of each image.

        Raises:
            ConfigError: some images have no feature, as with sliding windows.
        """
        self._with_feature()
        return self.centroids.compute()

    def sample(self) -> PixelSample:
        """The sampled pixels with their features.

        Raises:
            ConfigError: some images have no feature, as with sliding windows.
        """
        self._with_feature()
        return self.sampler.compute()

    def _with_feature(self) -> None:
        missing = len(self.counts().statistics) - int(self.centroids.images)
        if missing:
            raise ConfigError(
                f"{missing} images have no decoder feature, which geometry and t-SNE need: sliding windows give one "
                "per window and none for the image (use --window 0 for whole images), and a wrapped module needs the "
                "name of its feature."
            )
