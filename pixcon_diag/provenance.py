"""Provenance of a measurement: weights, epoch, images, inference and options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


def shown_weights(weights: str) -> str:
    """Which network of its file it is, for tables: where the file holds one and does not name it, the only one."""
    return "only one" if weights == "unnamed" else weights


@dataclass(frozen=True)
class Scores:
    """mIoUs stated in a file, as fractions; None if it states none."""

    epoch: int | None = None
    """Epoch of the weights as counted in the file (UniMatch V2: from 0; this project: epochs finished)."""
    student: float | None = None
    """The student's mIoU at that epoch."""
    ema: float | None = None
    """The EMA teacher's mIoU at that epoch."""
    best_student: float | None = None
    best_student_epoch: int | None = None
    best_ema: float | None = None
    best_ema_epoch: int | None = None


@dataclass(frozen=True)
class Preprocessing:
    """What a network of other code expects of its images, whose levels are in [0, 1] before."""

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Subtracted from each channel, in the network's order of channels; ImageNet's by default."""
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """Divides each channel."""
    size: tuple[int, int] | int | None = None
    """Height and width that images are resized to, or the length of their shorter edge, each rounded up to the multiple
    that the network needs; None: not resized. Logits are brought back to the image's own size."""
    resample: Literal["nearest", "bilinear", "bicubic"] = "bilinear"
    """How images are resized, antialiased unless nearest."""
    bgr: bool = False
    """Whether channels are in the order blue, green, red."""


@dataclass(frozen=True)
class CheckpointInfo:
    """The network measured."""

    source: str
    """As named by the user: a path, ``hf://owner/repo/file``, or the name of a wrapped module."""
    sha256: str
    """Hash of the file; for a wrapped module, of the state dict's entries."""
    layout: str
    architecture: str
    size: str
    num_classes: int
    projection: bool
    """Whether there is a projection head."""
    weights: str
    """``ema``, ``student``, ``unnamed`` if the file does not say, or ``unknown`` of saved maps."""
    scores: Scores
    """Epoch and mIoUs stated in the file."""
    recipe: str | None = None
    """Release whose strides, dilations and pooling the network has; None where the weights show everything."""
    feature: str = "fused feature"
    """What the network returns beside its logits, as geometry, t-SNE and banks without a projection head use it."""

    preprocessing: Preprocessing | None = None
    """Of a network that a SPEC names; None for networks of this project, whose protocol says everything."""
    class_order: tuple[int, ...] | None = None
    """For each class of the data set its place in the network's output, where these differ."""

    @classmethod
    def of_maps(cls, folder: Path, sha256: str, layout: str, num_classes: int) -> "CheckpointInfo":
        """Of the unknown network whose predictions lie in ``folder``, in files with the hash ``sha256``."""
        return cls(
            source=str(folder),
            sha256=sha256,
            layout=layout,
            architecture="unknown",
            size="unknown",
            num_classes=num_classes,
            projection=False,
            weights="unknown",
            scores=Scores(),
        )

    @property
    def shown_weights(self) -> str:
        """Which weights these are, for tables."""
        return shown_weights(self.weights)

    @property
    def space(self) -> str:
        """The space of its embeddings: the projection head's output or, without a head, the feature."""
        return "projection" if self.projection else self.feature


@dataclass(frozen=True)
class DataInfo:
    """The images measured."""

    dataset: str
    classes: tuple[str, ...]
    root: str
    list_name: str
    """Path of the list."""
    list_sha256: str
    """Hash of the measured pairs, one ``IMAGE MASK`` line each, independent of the list's path."""
    images: int
    labels: str
    """How masks hold labels: ``index``, or ADE20K's ``shifted`` and ``raw``."""

    @property
    def same_images(self) -> tuple[str, str, str]:
        """A key that is equal for equal images."""
        return self.dataset, self.list_sha256, self.root


@dataclass(frozen=True)
class InferenceInfo:
    """How predictions were computed, including what may change the last digits."""

    protocol: str
    window: tuple[int, int] | None
    """Crop and stride of sliding windows, in pixels; None for whole images."""
    batch_size: int
    device: str


@dataclass(frozen=True)
class RecipeCheck:
    """What the network predicts with each recipe of :data:`pixcon_train.models.recipes.RECIPES` on the same images."""

    images: int
    accuracies: dict[str, float]
    """Mean over images of the fraction of correctly predicted pixels, by recipe."""
    used: str
    best: str
    """The recipe with the highest accuracy."""
    difference: float
    """Accuracy of the best one − that of the used one."""
    standard_error: float
    """Of the difference, paired over images; NaN for one image."""
    told_apart: bool
    """Whether the difference exceeds twice its standard error."""
    verdict: str = ""
    """In words."""


@dataclass(frozen=True)
class LoadCheck:
    """The mIoU of a pass against the one stated in the file for the same weights."""

    stated: float
    measured: float
    """Over the classes present; the closer of both conventions if the file does not say how it counts absent ones."""
    difference: float
    """measured − stated."""
    same_list: bool
    """Whether the stated mIoU is of the same list; otherwise the file names no list."""
    warning: str | None = None
    """Possible causes, if the two differ by more than 0.3 points."""
    recipes: RecipeCheck | None = None
    """Other recipes, tried if they differ and the network has one."""


@dataclass(frozen=True)
class AuditInfo:
    """Images of a pass that were predicted and counted again, with equal counts."""

    images: int
    pixels: int
    undecided: int
    """Pixels whose class or bin of confidence rounding in float32 may decide."""
    seed: int
    """Seed of the choice of images."""


@dataclass(frozen=True)
class Provenance:
    """Everything a number depends on."""

    checkpoint: CheckpointInfo
    data: DataInfo
    inference: InferenceInfo
    options: dict[str, Any]
    """Options of the measurement."""
    version: str
    """Version of this package."""
    load_check: LoadCheck | None = None
    """None if the file states no mIoU of these weights on these images."""
    audit: AuditInfo | None = None
    """None if no image was counted again."""
