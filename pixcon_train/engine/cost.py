"""GPU-hours of a run by arithmetic, before it starts: an estimate for one NVIDIA H100.

A step takes the measured seconds of a labeled image (docs/gpu.md) times the images of the batch, in proportion to the
pixels of the crop; a validation that of an image in inference, for student and teacher. Loading of images, start, saves
and several processes are left out, and so is the attention's growth with the square of the tokens.
"""

from dataclasses import dataclass
from math import ceil
from pathlib import PurePath

from pixcon_train.config.schema import DataConfig, TrainConfig
from pixcon_train.core.errors import PixConError
from pixcon_train.data.lists import read_list
from pixcon_train.data.sources import DataSource, open_dataset
from pixcon_train.data.specs import get_spec
from pixcon_train.evaluation.protocols import SlidingWindow
from pixcon_train.models.sizes import SIZES

LISTS = ("labeled", "unlabeled", "val")
"""The lists of a run."""

CROP = 518
"""Edge of the measured crops."""

STEP_SECONDS = {
    "small": {"fp32": {2: 0.113, 4: 0.206}, "half": {2: 0.082, 4: 0.095}},
    "base": {"fp32": {2: 0.216, 4: 0.403}, "half": {2: 0.123, 4: 0.122}},
    "large": {"fp32": {2: 0.604, 4: 1.117}, "half": {2: 0.194, 4: 0.218}},
}
"""Seconds of a step of one forward pass, by encoder size, precision and labeled images; PixCon's decoder, 21 classes
(docs/gpu.md). `half` is bf16, and stands for fp16, which was not measured."""

RECOMPUTED = {"small": 0.174 / 0.095, "base": 0.180 / 0.122, "large": 0.315 / 0.218}
"""Factor of activation checkpointing, measured in bf16 with 4 images."""

IMAGE_SECONDS, IMAGE_PIXELS = 0.48 / 48, 504 * 504
"""Inference of an image in fp32, for the small encoder (docs/gpu.md); others in proportion to their steps in fp32."""


@dataclass(frozen=True)
class Images:
    """A data set's images."""

    train: int
    val: int
    size: tuple[int, int]
    """Height and width of a typical validation image."""


IMAGES = {
    "pascal": Images(10_582, 1_449, (375, 500)),
    "cityscapes": Images(2_975, 500, (1024, 2048)),
    "ade20k": Images(20_210, 2_000, (512, 683)),
}
"""Paper, Sec. 4.1."""

LABELED = {
    "pascal": {"92": 92, "183": 183, "366": 366, "732": 732, "1464": 1464},
    "cityscapes": {"1_16": 186, "1_8": 372, "1_4": 744, "1_2": 1488},
    "ade20k": {"1_64": 316, "1_32": 631, "1_16": 1263, "1_8": 2526, "1_4": 5052},
}
"""Labeled images of UniMatch V2's lists, by the name of their folder; the other training images are unlabeled."""


@dataclass(frozen=True)
class RunCost:
    """What a whole run takes."""

    steps: int
    """Of an epoch."""
    epochs: int
    step_seconds: float
    validations: int
    validation_seconds: float

    @property
    def hours(self) -> float:
        """GPU-hours."""
        seconds = self.epochs * self.steps * self.step_seconds + self.validations * self.validation_seconds
        return seconds / 3600


def run_cost(config: TrainConfig) -> RunCost | None:
    """The cost of the run of ``config``; None where no step of its encoder was measured, or its lists are unknown.

    A fork counts with the epochs before its checkpoint, and a run with patience as a whole run.
    """
    counts = image_counts(config.data) if config.model.size in STEP_SECONDS else None
    if counts is None:
        return None
    unlabeled, validated = counts
    schedule = config.schedule
    return RunCost(
        steps=unlabeled // schedule.batch,
        epochs=schedule.epochs,
        step_seconds=step_seconds(config),
        validations=ceil(schedule.epochs / schedule.validate_every),
        validation_seconds=2 * validated * _image_seconds(config),
    )


def step_seconds(config: TrainConfig) -> float:
    """Seconds of an optimizer step of ``config``, whose encoder is one of :data:`STEP_SECONDS`.

    A forward pass of other sizes than those measured takes as long per image as the next smaller one.
    """
    schedule, runtime, size = config.schedule, config.runtime, config.model.size
    times = STEP_SECONDS[size]["fp32" if runtime.precision == "fp32" else "half"]
    micro = schedule.micro_batch or schedule.batch
    measured = max((images for images in times if images <= micro), default=min(times))
    seconds = schedule.batch * times[measured] / min(micro, measured) * (config.data.crop / CROP) ** 2
    return seconds * (RECOMPUTED[size] if runtime.activation_checkpointing else 1.0)


def image_counts(data: DataConfig) -> tuple[int, int] | None:
    """Unlabeled and validation images of the lists; where they are not here, of UniMatch V2's lists of these names."""
    try:
        counts = listed_images(data)
        unlabeled, val = counts["unlabeled"], counts["val"]
    except PixConError:
        labeled = LABELED.get(data.dataset, {}).get(PurePath(data.unlabeled or "").parent.name)
        if labeled is None:
            return None
        unlabeled, val = IMAGES[data.dataset].train - labeled, IMAGES[data.dataset].val
    return unlabeled, min(val, data.val_limit or val)


def listed_images(data: DataConfig) -> dict[str, int]:
    """Images in the labeled, unlabeled and validation lists.

    Raises:
        ConfigError: no root, or no list, is named.
        DataError: the root or a list is missing, or is not as declared.
    """
    source = open_dataset(data.dataset, data.root)
    return {name: images_in(name, data, source) for name in LISTS}


def images_in(name: str, data: DataConfig, source: DataSource) -> int:
    """Images in one of the :data:`LISTS`.

    Raises:
        ConfigError: no list is named.
        DataError: the list is missing, or is not as declared.
    """
    path = source.list_path(getattr(data, name), getattr(source.spec, f"{name}_list"), name)
    return len(read_list(path, masks_required=name != "unlabeled"))


def _image_seconds(config: TrainConfig) -> float:
    """Seconds of the inference of one validation image; without a typical size it has that of the crop."""
    crop, spec = config.data.crop, get_spec(config.data.dataset)
    height, width = IMAGES[spec.name].size if spec.name in IMAGES else (crop, crop)
    pixels = height * width
    window = SlidingWindow(crop, SIZES[config.model.full_size].patch_size)
    if spec.evaluation == "sliding" and window.fits((height, width)):
        pixels = len(window.starts(height)) * len(window.starts(width)) * crop**2
    relative = STEP_SECONDS[config.model.size]["fp32"][4] / STEP_SECONDS["small"]["fp32"][4]
    return IMAGE_SECONDS * relative * pixels / IMAGE_PIXELS
