"""Results of a pass, of a checkpoint or of saved label maps, computed from its stored arrays."""

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from pixcon_diag.data.data_check import check_once
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import ConfidenceMapFiles, LabelMapFiles, find_label_maps
from pixcon_diag.data.label_space import LabelSpace
from pixcon_diag.data.saved_maps import SavedMaps
from pixcon_diag.measures.contamination_result import ContaminationCounts, ContaminationResult
from pixcon_diag.measures.geometry_result import MIN_PIXELS, GeometryResult
from pixcon_diag.measures.image_cells_result import ImageCellsResult
from pixcon_diag.measures.image_centroids_result import CentroidRows
from pixcon_diag.measures.image_counts_result import ImageCountsResult
from pixcon_diag.measures.pixel_sample_result import PixelSample, image_number
from pixcon_diag.passes.cells import CELL_STATISTICS, cell_forms, cells_of
from pixcon_diag.passes.image_maps import ImageMaps
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predicted_maps import PredictedMaps
from pixcon_diag.passes.state import Statistics, names_of, part
from pixcon_diag.passes.totals import pass_disagreements
from pixcon_diag.provenance import CheckpointInfo, InferenceInfo, Provenance
from pixcon_diag.statistics.run_seeds import RunSeed
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.paths import resolved
from pixcon_train.core.progress import Notify, Progress, no_notes, silent, tracked
from pixcon_train.core.version import VERSION
from pixcon_train.core.void import void_of
from pixcon_train.data.reading import read_mask
from pixcon_train.evaluation.iou_result import IoUResult

REQUIRED = (
    names_of("images", "strays", "statistics", "histogram", "boundary")
    | names_of("contamination", "strays", "by_predicted", "by_truth", "zones", "confidence_sum", "rejected")
    | CELL_STATISTICS
)
"""Statistics of a measured pass."""
OF_FEATURES = (
    names_of("centroids", "classes", "label", "pixels", "sums"),
    names_of("sampler", "keys", "labels", "places", "features", "norms"),
)
"""Further ones, of a pass with a decoder feature."""


def pass_statistics(num_classes: int, options: MeasureOptions) -> Statistics:
    """The statistics of a measured pass."""
    classes, bins, zones = num_classes, len(options.edges), len(options.band_widths) + 1
    forms = {
        "images.strays": "int 2 3",
        "images.statistics": f"int>=0 I 3 {classes}",
        "images.histogram": f"int>=0 I 2 {bins}",
        "images.boundary": f"int>=0 I {zones} 2",
        "contamination.strays": "int 2 3",
        "contamination.by_predicted": f"int>=0 {classes} 2 {bins}",
        "contamination.by_truth": f"int>=0 {classes} 2 {bins}",
        "contamination.zones": f"int>=0 {zones} 2 {bins}",
        "contamination.confidence_sum": f"int>=0 {bins}",
        "contamination.rejected": "int>=0",
        "centroids.classes": f"int<={classes} J",
        "centroids.label": f"int<{classes} R",
        "centroids.pixels": "int>=0 R",
        "centroids.sums": "real R C",
        "sampler.keys": "int S",
        "sampler.labels": f"int<{classes} S",
        "sampler.places": "int S 3",
        "sampler.features": "real S D",
        "sampler.norms": "real S",
    }
    return Statistics(
        REQUIRED,
        OF_FEATURES,
        disagreements=pass_disagreements,
        forms={**forms, **cell_forms(num_classes, options)},
    )


@dataclass(frozen=True)
class Predictions(PredictedMaps):
    """Predicted label maps of one list of images, counted against its masks."""

    @property
    def statistics(self) -> np.ndarray:
        """(I, 3, K) int64: true positives, predicted and true pixels per class of each image."""
        raise NotImplementedError

    @property
    def iou(self) -> IoUResult:
        """IoU per class."""
        return IoUResult.from_counts(self.statistics.sum(0))


@dataclass(frozen=True)
class MeasuredPass(Predictions):
    """One checkpoint on one list of images."""

    options: MeasureOptions
    state: Mapping[str, np.ndarray] = field(repr=False, compare=False)
    """Sufficient statistics, as :meth:`pixcon_diag.passes.collector.Collector.snapshot` gives them."""
    confidence: ConfidenceMapFiles | None = None
    """None where the pass was not cached."""
    labeled: np.ndarray | None = field(default=None, repr=False, compare=False)
    """(I,) bool: whether each image is of the checkpoint's labeled training list; None where that list is unknown."""
    folder: Path | None = None
    """Folder of the cached pass; None where it was not cached."""

    @cached_property
    def counts(self) -> ImageCountsResult:
        """Counts of each image.

        Raises:
            PixConError: a valid pixel's prediction or ground truth was no class.
        """
        num_classes = self.data.spec.num_classes
        return ImageCountsResult.from_state(
            part(self.state, "images"), num_classes, self.options.edges, void=void_of(num_classes)
        )

    @property
    def statistics(self) -> np.ndarray:
        """As :attr:`Predictions.statistics`."""
        return self.counts.statistics

    @property
    def confidence_maps(self) -> ConfidenceMapFiles:
        """The confidence maps.

        Raises:
            ConfigError: they were not cached.
        """
        if self.confidence is None:
            raise ConfigError(f"{self.name}'s confidence maps were not cached. Give measure() a folder for its cache.")
        return self.confidence

    def image(self, index: int) -> ImageMaps:
        """Target, prediction and confidence of an image, by its place in the list.

        Raises:
            ConfigError: the maps were not cached.
            DataError: the mask or a map cannot be read.
        """
        name, confidence = self.data.pairs[index].image, self.confidence_maps
        maps = read_target(self.data, index), self.label_maps.read(index), confidence.read(index)
        void = void_of(self.data.spec.num_classes)
        return ImageMaps(name, self.data.source.root / name, *maps, confidence.edges, void)

    def images(self) -> Iterator[ImageMaps]:
        """Every image in the order of the list, one in memory at a time; raises as :meth:`image`."""
        return map(self.image, range(len(self.data.pairs)))

    @cached_property
    def cells(self) -> ImageCellsResult:
        """Pixels of each image by predicted class, confidence, predicted boundary and outcome.

        Raises:
            PixConError: a prediction, or a valid pixel's ground truth, was no class.
        """
        return cells_of(self.state, self.data.spec.num_classes, self.options)

    def contamination(self, taus: Sequence[float] | None = None) -> ContaminationResult:
        """Retention and ρ_F at some thresholds of the pass; at those of its options where None.

        Raises:
            ConfigError: a threshold that was not counted.
            PixConError: a confidence was no probability, or a prediction or target no class.
        """
        options = self.options
        void = void_of(self.data.spec.num_classes)
        counts = ContaminationCounts.from_state(part(self.state, "contamination"), options.edges, void=void)
        reported = dict.fromkeys(options.taus) if taus is None else taus
        return ContaminationResult.from_counts(counts, [*reported], options.band_widths, options.calibration_bins)

    @cached_property
    def _centroids(self) -> CentroidRows:
        return CentroidRows.from_state(part(self.state, "centroids"), self.data.spec.num_classes)

    @property
    def without_feature(self) -> int:
        """Number of images without a decoder feature, as with sliding windows."""
        return len(self.counts.statistics) - len(self._centroids.classes)

    @property
    def centroid_rows(self) -> CentroidRows:
        """Class sums of the feature, image by image.

        Raises:
            ConfigError: some images have no feature.
        """
        self._require_feature()
        return self._centroids

    def geometry(self, min_pixels: int = MIN_PIXELS) -> GeometryResult:
        """Centroid geometry over the data set's foreground classes."""
        return self.centroid_rows.geometry(self.data.spec.foreground, min_pixels)

    def sample(self) -> PixelSample:
        """The sampled pixels with their features.

        Raises:
            ConfigError: some images have no feature.
        """
        self._require_feature()
        seed = self.options.sample_seed
        return PixelSample.from_state(
            part(self.state, "sampler"),
            {image_number(pair.image, seed): pair.image for pair in self.data.pairs},
            num_classes=self.data.spec.num_classes,
            per_class=self.options.per_class,
            seed=seed,
        )

    def _require_feature(self) -> None:
        if self.without_feature:
            raise ConfigError(
                f"{self.without_feature} images have no decoder feature, which geometry and t-SNE need: sliding "
                "windows give one per window and none for the image (use --window 0 for whole images), a wrapped "
                "module needs the name of its feature, and saved maps have none."
            )


@dataclass(frozen=True)
class SavedPredictions(Predictions):
    """Label maps from a folder."""

    counted: np.ndarray

    @property
    def statistics(self) -> np.ndarray:
        """As :attr:`Predictions.statistics`."""
        return self.counted


@dataclass(frozen=True)
class MeasuredGroup:
    """The seeds of one method, all on the same images."""

    name: str
    members: tuple[Predictions, ...]
    stated: tuple[RunSeed, ...] = ()
    """Seed of each member's run, as far as its file states it; empty where none does."""

    @property
    def seeds(self) -> tuple[RunSeed, ...]:
        """Seed of each member, unknown where it is not stated."""
        return self.stated or (RunSeed(),) * len(self.members)


def measure_predictions(
    folder: Path,
    data: EvaluationData,
    *,
    name: str | None = None,
    progress: Progress = silent,
    notify: Notify = no_notes,
) -> SavedPredictions:
    """Count the label maps in ``folder`` (see :func:`pixcon_diag.data.label_maps.find_label_maps`) against the masks.

    Args:
        notify: called with remarks on the maps and masks.

    Raises:
        DataError: a check of the masks found something; a map is missing, damaged, of another size than its mask, or
            holds an unknown class; or the labels are shifted by one.
    """
    maps = find_label_maps(folder, [pair.image for pair in data.pairs], largest=void_of(data.spec.num_classes))
    check_once(data, data.spec.num_classes, images="none", progress=progress, notify=notify)
    digest = hashlib.sha256()
    rows = []
    for labels, confusion in counted_labels(folder, maps, data, progress, notify):
        digest.update(labels.tobytes())
        rows.append(np.stack((confusion.diagonal(), confusion.sum(0), confusion.sum(1))))
    info = CheckpointInfo.of_maps(folder, digest.hexdigest(), "saved label maps", data.spec.num_classes)
    inference = InferenceInfo(protocol="unknown", window=None, batch_size=1, device="none")
    provenance = Provenance(info, data.info(), inference, {}, VERSION)
    return SavedPredictions(name or resolved(folder).name, provenance, data, maps, np.stack(rows))


def counted_labels(
    folder: Path, maps: LabelMapFiles, data: EvaluationData, progress: Progress = silent, notify: Notify = no_notes
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each label map with its valid pixels by target and predicted class; their numbering is checked at the end.

    Raises:
        DataError: as :func:`measure_predictions`.
    """
    space = LabelSpace(data.spec, folder)
    for index in tracked(range(len(maps)), progress):
        labels = maps.read(index)
        yield labels, space.add(labels, read_target(data, index), maps.files[index])
    space.check()
    for note in space.notes():
        notify(f"note: {note}")


def check_labels(maps: SavedMaps, data: EvaluationData, progress: Progress = silent, notify: Notify = no_notes) -> None:
    """Check that saved label maps number the classes as the masks do; scores need no check, nor lists without masks.

    Raises:
        DataError: as :func:`measure_predictions`.
    """
    if not maps.has_scores and all(pair.mask is not None for pair in data.pairs):
        deque(counted_labels(maps.folder, maps.labels, data, progress, notify), maxlen=0)


def read_target(data: EvaluationData, index: int) -> np.ndarray:
    """Target of an image, (H, W), as :func:`pixcon_train.data.reading.read_mask` gives it.

    Raises:
        DataError: the mask cannot be read.
    """
    return read_mask(data.source.root / str(data.pairs[index].mask), data.spec, data.encoding)
