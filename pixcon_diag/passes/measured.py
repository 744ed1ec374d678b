"""What a pass found, ready to be asked: of a checkpoint, or of label maps that any framework saved."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from pixcon_diag.data.checking import check_once
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.data.label_maps import LabelMapFiles, find_label_maps
from pixcon_diag.data.label_space import LabelSpace
from pixcon_diag.measures.contamination_result import ContaminationResult
from pixcon_diag.measures.geometry import MIN_PIXELS
from pixcon_diag.measures.geometry_result import GeometryResult
from pixcon_diag.measures.image_centroids import CentroidRows
from pixcon_diag.measures.image_counts import ImageCountsResult
from pixcon_diag.measures.pixel_sample import PixelSample
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.provenance import CheckpointInfo, InferenceInfo, Provenance, Scores
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.progress import Notify, Progress, no_notes, silent
from pixcon_train.core.void import VOID
from pixcon_train.data.reading import read_mask
from pixcon_train.evaluation.iou import IoUResult, image_statistics


@dataclass(frozen=True)
class Predictions:
    """Predicted label maps of one list of images."""

    name: str
    provenance: Provenance
    data: EvaluationData
    maps: LabelMapFiles | None
    """None where a pass was not kept."""

    @property
    def statistics(self) -> np.ndarray:
        """(I, 3, K) int64: true positives, predicted and true pixels per class of each image."""
        raise NotImplementedError

    @property
    def iou(self) -> IoUResult:
        """IoU per class."""
        return IoUResult(*self.statistics.sum(0).tolist())

    @property
    def label_maps(self) -> LabelMapFiles:
        """The maps.

        Raises:
            ConfigError: they were not kept.
        """
        if self.maps is None:
            raise ConfigError(f"{self.name}'s label maps were not kept. Give measure() a folder to keep its pass in.")
        return self.maps


@dataclass(frozen=True)
class MeasuredPass(Predictions):
    """One checkpoint on one list of images."""

    options: MeasureOptions
    collector: Collector

    @cached_property
    def counts(self) -> ImageCountsResult:
        """Counts of each image."""
        return self.collector.counts()

    @property
    def statistics(self) -> np.ndarray:
        """As :attr:`Predictions.statistics`."""
        return self.counts.statistics

    def contamination(self, taus: Sequence[float] | None = None) -> ContaminationResult:
        """Retention and ρ_F at some thresholds of the pass; at those it was asked for where None."""
        return self.collector.contamination.at_thresholds(tuple(self.options.taus) if taus is None else taus)

    @cached_property
    def centroid_rows(self) -> CentroidRows:
        """Class sums of the feature, image by image."""
        return self.collector.centroid_rows()

    def geometry(self, min_pixels: int = MIN_PIXELS) -> GeometryResult:
        """Centroid geometry over the data set's foreground classes."""
        return self.centroid_rows.geometry(self.data.spec.foreground, min_pixels)

    def sample(self) -> PixelSample:
        """The sampled pixels."""
        return self.collector.sample()


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
        notify: told what may be meant, and should be known.

    Raises:
        DataError: a check of the masks found something; a map is missing, damaged, of another size than its mask, or
            holds a class that there is not; or the maps' labels are shifted by one.
    """
    maps = find_label_maps(folder, [pair.image for pair in data.pairs])
    check_once(data, data.spec.num_classes, images="none", progress=progress, notify=notify)
    digest = hashlib.sha256()
    space = LabelSpace(data.spec, folder)
    rows = []
    progress(0, len(maps))
    for index in range(len(maps)):
        labels, mask = maps.read(index), read_truth(data, index)
        if space.add(labels.numpy(), mask.byte().numpy(), maps.files[index]):
            digest.update(labels.numpy().tobytes())
            counted = (mask != VOID)[None]
            rows.append(image_statistics(labels[None].long(), mask[None], counted, data.spec.num_classes)[0])
        progress(index + 1, len(maps))
    space.check()
    for note in space.notes():
        notify(f"note: {note}")
    info = CheckpointInfo(
        source=str(folder),
        sha256=digest.hexdigest(),
        layout="saved label maps",
        architecture="unknown",
        size="unknown",
        num_classes=data.spec.num_classes,
        projection=False,
        weights="unnamed",
        scores=Scores(),
    )
    inference = InferenceInfo(protocol="unknown", window=None, batch_size=1, device="none")
    provenance = Provenance(info, data.info(), inference, {}, version("pixcon-diag"))
    return SavedPredictions(name or folder.resolve().name, provenance, data, maps, torch.stack(rows).numpy())


def read_truth(data: EvaluationData, index: int) -> torch.Tensor:
    """Ground truth of an image, (H, W) int64 with 255 for void.

    Raises:
        DataError: the mask cannot be read.
    """
    mask = read_mask(data.source.root / str(data.pairs[index].mask), data.spec, data.encoding)
    return torch.from_numpy(mask).long()
