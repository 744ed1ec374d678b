"""A measurement with where it comes from: which weights, which epoch, which images, how they were predicted."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scores:
    """mIoUs that a file states, as fractions; None where it does not."""

    epoch: int | None = None
    """Epoch of the weights, as the file counts (UniMatch V2 from 0, this project epochs finished)."""
    student: float | None = None
    """The student's mIoU at that epoch."""
    ema: float | None = None
    """The EMA teacher's mIoU at that epoch."""
    best_student: float | None = None
    best_student_epoch: int | None = None
    best_ema: float | None = None
    best_ema_epoch: int | None = None


@dataclass(frozen=True)
class CheckpointInfo:
    """Which network was measured."""

    source: str
    """As it was given: a path, ``hf://owner/repo/file``, or the name of a wrapped module."""
    sha256: str
    """Of the file; of the state dict's entries for a wrapped module."""
    layout: str
    architecture: str
    size: str
    num_classes: int
    projection: bool
    """Whether there is a projection head."""
    weights: str
    """``ema``, ``student``, or ``unnamed`` where the file does not say which it holds."""
    scores: Scores
    """What the file states of its epoch and mIoUs."""


@dataclass(frozen=True)
class DataInfo:
    """Which images were measured."""

    dataset: str
    classes: tuple[str, ...]
    root: str
    list_name: str
    """Path of the list."""
    list_sha256: str
    """Of the pairs measured, one ``IMAGE MASK`` line each: the same pairs have the same hash wherever the list lies."""
    images: int
    labels: str
    """How masks hold labels: ``index``, or ADE20K's ``shifted`` and ``raw``."""

    @property
    def same_images(self) -> tuple[str, str, str]:
        """Equal where the images are."""
        return self.dataset, self.list_sha256, self.root


@dataclass(frozen=True)
class InferenceInfo:
    """How probabilities were made; what may change a number in the last digits is here too."""

    protocol: str
    window: tuple[int, int] | None
    """Crop and stride of sliding windows, in pixels; None for whole images."""
    batch_size: int
    device: str


@dataclass(frozen=True)
class LoadCheck:
    """The mIoU of a pass beside the one that the file states of the same weights."""

    stated: float
    measured: float
    """Over the classes present; for a file that does not say how it counts absent classes, the closer way."""
    difference: float
    """measured − stated."""
    same_list: bool
    """Whether the file states it of the very images measured; otherwise it names no list."""
    warning: str | None = None
    """What could be wrong, where the two differ by more than 0.3 points."""


@dataclass(frozen=True)
class Provenance:
    """Everything a number depends on."""

    checkpoint: CheckpointInfo
    data: DataInfo
    inference: InferenceInfo
    options: dict[str, Any]
    """The measurement's own options."""
    version: str
    """Version of this package."""
    load_check: LoadCheck | None = None
    """None where the file states no mIoU of these weights on these images."""
