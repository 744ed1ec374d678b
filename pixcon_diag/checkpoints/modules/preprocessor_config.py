"""What ``preprocessor_config.json`` says of a network's images."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from pixcon_diag.provenance import Preprocessing
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.files import read_json
from pixcon_train.core.paths import is_file
from pixcon_train.core.records import validated

FILE = "preprocessor_config.json"
_IMAGENET = Preprocessing()
_BICUBIC = 3
"""Pillow's number of bicubic resampling."""
_NOT_APPLIED = ("do_center_crop", "do_pad", "keep_aspect_ratio")
"""Steps that would change which part of the image is seen."""


class _Edges(BaseModel):
    model_config = ConfigDict(frozen=True)

    height: int | None = None
    width: int | None = None
    shortest_edge: int | None = None


class _Config(BaseModel):
    """The entries that are read; others may be anything."""

    model_config = ConfigDict(frozen=True)

    do_resize: bool = True
    size: _Edges | int | None = None
    resample: int = 2
    do_normalize: bool = True
    image_mean: tuple[float, float, float] = _IMAGENET.mean
    image_std: tuple[float, float, float] = _IMAGENET.std
    do_flip_channel_order: bool = False
    do_reduce_labels: bool = False
    reduce_labels: bool = False


def read_preprocessing(folder: Path) -> tuple[Preprocessing, tuple[str, ...]]:
    """The preprocessing that a folder's file states, and remarks; ImageNet's mean and deviation where there is no file.

    Raises:
        CheckpointError: the file is damaged, or an entry is of another type.
    """
    file = folder / FILE
    if not is_file(file):
        return _IMAGENET, (f"without {FILE}: images are normalised as ImageNet's and not resized",)
    try:
        content: Any = read_json(file)
        if isinstance(content, dict):  # fast processors write null for what they leave at its default
            content = {key: value for key, value in content.items() if value is not None}
        found = validated(TypeAdapter(_Config), content)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file} does not say how images are prepared: {error}.") from None
    remarks = [f"{step} of its {FILE} is not applied" for step in _NOT_APPLIED if content.get(step)]
    if found.do_reduce_labels or found.reduce_labels:
        remarks.append("trained with do_reduce_labels: label 0 of its masks is no class")
    normalised = {"mean": found.image_mean, "std": found.image_std}
    return Preprocessing(
        **normalised if found.do_normalize else {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)},
        size=_size(found, file) if found.do_resize else None,
        resample="bicubic" if found.resample == _BICUBIC else "bilinear",
        bgr=found.do_flip_channel_order,
    ), tuple(remarks)


def _size(found: _Config, file: Path) -> tuple[int, int] | int | None:
    size = found.size
    if size is None or isinstance(size, int):
        return None if size is None else (size, size)
    if size.height is not None and size.width is not None:
        return size.height, size.width
    if size.shortest_edge is not None:
        return size.shortest_edge
    raise CheckpointError(f"{file}: its `size` has no height and width, and no shortest_edge. Expected one of these.")
