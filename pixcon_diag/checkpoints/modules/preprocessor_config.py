"""What ``preprocessor_config.json`` says of a network's images."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from torch import Tensor

from pixcon_diag.checkpoints.preprocessing import prepared
from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.paths import is_file
from pixcon_train.core.records import validated
from pixcon_train.data.transforms import normalise

FILE = "preprocessor_config.json"
_FILES = (FILE, "processor_config.json")
_RESAMPLE: dict[int, Literal["nearest", "bilinear", "bicubic"]] = {0: "nearest", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers of the resamplings that are known here."""
_NOT_APPLIED = ("do_center_crop", "do_pad")
"""Steps that would change which part of the image is seen."""
_LEVELS = 2.0
"""By how much resized images may differ from a processor's, which rounds twice."""

_VERIFIED = ((37, 53), (16, 96), (96, 16))
"""Heights and widths of the images that are compared; long ones, as a processor may limit their longer edge."""

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Edge = Annotated[int, Field(gt=0, le=100_000)]


class _Edges(BaseModel):
    model_config = ConfigDict(frozen=True)

    height: _Edge | None = None
    width: _Edge | None = None
    shortest_edge: _Edge | None = None


class _Entries(BaseModel):
    """The entries that are read; others may be anything. A step that is absent is not done."""

    model_config = ConfigDict(frozen=True)

    do_resize: bool = False
    size: _Edges | _Edge | None = None
    resample: int = 2
    do_rescale: bool = False
    rescale_factor: _Positive = 1 / 255
    do_normalize: bool = False
    image_mean: tuple[float, float, float] | float = 0.0
    image_std: tuple[_Positive, _Positive, _Positive] | _Positive = 1.0
    do_flip_channel_order: bool = False
    do_reduce_labels: bool = False
    reduce_labels: bool = False


def read_preprocessing(folder: Path) -> tuple[Preprocessing, tuple[str, ...]]:
    """The preprocessing of transformers' image processor of a folder, and remarks; ImageNet's mean and deviation where
    the folder has none.

    Images of several shapes are prepared by the processor and here, and both must agree.

    Raises:
        CheckpointError: the processor cannot be built, or prepares images in a way that is not known here.
    """
    file = next((folder / name for name in _FILES if is_file(folder / name)), None)
    if file is None:
        return Preprocessing(), (f"without {FILE}: images are normalised as ImageNet's and not resized",)
    from transformers import AutoImageProcessor

    try:
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        entries = processor.to_dict()
    except Exception as error:  # as for the network: classes of several libraries
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise CheckpointError(f"{file} does not say how images are prepared: {reason}.") from error
    found, remarks = of_entries(entries, file)
    for size in _VERIFIED:
        _verify(found, processor, file, size)
    return found, remarks


def of_entries(content: Any, file: Path) -> tuple[Preprocessing, tuple[str, ...]]:
    """What the entries of a file say, and remarks.

    Raises:
        CheckpointError: an entry is of another type or has a value that is not known here.
    """
    if isinstance(content, dict):  # null is what is absent
        content = {key: value for key, value in content.items() if value is not None}
    try:
        found = validated(TypeAdapter(_Entries), content)
    except ValueError as error:
        raise CheckpointError(f"{file} does not say how images are prepared: {error}.") from None
    if found.do_resize and found.resample not in _RESAMPLE:
        raise CheckpointError(
            f"{file}: its `resample` is {found.resample}; expected 0 (nearest), 2 (bilinear) or 3 (bicubic)."
        )
    remarks = [f"{step} of its {FILE} is not applied" for step in _NOT_APPLIED if content.get(step)]
    if found.do_reduce_labels or found.reduce_labels:
        remarks.append("trained with do_reduce_labels: label 0 of its masks is no class")
    # Images are in [0, 1] here: a network of other levels has its mean and deviation divided by their range.
    factor = 255 * found.rescale_factor if found.do_rescale else 255.0
    scale = 1.0 if math.isclose(factor, 1) else factor
    mean, std = (found.image_mean, found.image_std) if found.do_normalize else (0.0, 1.0)
    return Preprocessing(
        mean=_scaled(mean, scale),
        std=_scaled(std, scale),
        size=_size(found, file) if found.do_resize else None,
        resample=_RESAMPLE[found.resample] if found.do_resize else "bilinear",
        bgr=found.do_flip_channel_order,
    ), tuple(remarks)


def _scaled(values: tuple[float, float, float] | float, scale: float) -> tuple[float, float, float]:
    first, second, third = values if isinstance(values, tuple) else (values,) * 3
    return first / scale, second / scale, third / scale


def _size(found: _Entries, file: Path) -> tuple[int, int] | int | None:
    size = found.size
    if size is None or isinstance(size, int):
        return None if size is None else (size, size)
    if size.height is not None and size.width is not None:
        return size.height, size.width
    if size.shortest_edge is not None:
        return size.shortest_edge
    raise CheckpointError(f"{file}: its `size` has no height and width, and no shortest_edge. Expected one of these.")


def _verify(found: Preprocessing, processor: Any, file: Path, size: tuple[int, int]) -> None:
    """Check that a processor prepares an image of ``size`` as ``found`` says.

    Levels are far from 0 and 255, where a processor cuts off what it resizes in one direction before the other.
    """
    levels = torch.randint(80, 177, (3, *size), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    skipped = {step: False for step in _NOT_APPLIED if getattr(processor, step, None)}
    try:
        expected = processor(levels.movedim(0, -1).numpy(), return_tensors="pt", **skipped)["pixel_values"]
    except Exception as error:  # whatever an entry causes
        reason = f"{type(error).__name__}: {error}".rstrip(".")
        raise CheckpointError(f"{file}: {type(processor).__name__} cannot prepare an image: {reason}.") from error
    own = prepared(normalise(levels[None]), found)
    if not isinstance(expected, Tensor) or expected.shape != own.shape:
        difference = f"a tensor {tuple(getattr(expected, 'shape', ()))} instead of {tuple(own.shape)}"
    elif (levels_off := float((_levels(expected, found) - _levels(own, found)).abs().max())) > _LEVELS:
        difference = f"levels that differ by {levels_off:.0f} of 255"
    else:
        return
    raise CheckpointError(
        f"{file}: {type(processor).__name__} prepares images in another way than its entries say here: of an image of "
        f"{levels.shape[1]}×{levels.shape[2]} px it makes {difference}. Measure the network's saved maps: "
        "--predictions NAME=FOLDER."
    )


def _levels(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Prepared images (1, 3, H, W) on a scale of 0 to 255, up to an offset of each channel."""
    return 255 * images.float() * torch.tensor(preprocessing.std)[:, None, None]
