"""Reading masks as labels, and images together with their masks."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np

from pixcon_train.core.errors import DataError
from pixcon_train.core.void import VOID, label_type, void_of
from pixcon_train.data.image_headers import check_sizes
from pixcon_train.data.images import read_image
from pixcon_train.data.masks import listed, read_indices
from pixcon_train.data.specs import ONE_CLASS, DatasetSpec, builtin_names

Encoding = Literal["index", "shifted", "raw"]
"""How masks encode labels: `raw` is 1..K with 0 = void (ADE20K's official masks); the others store the label itself."""


def read_mask(path: Path, spec: DatasetSpec, encoding: Encoding) -> np.ndarray:
    """A mask as labels: (H, W) of :func:`pixcon_train.core.void.label_type`, 0..K−1 and void.

    Void is that of :func:`pixcon_train.core.void.void_of`, independent of the value in the file.

    Raises:
        DataError: missing, unreadable, coloured instead of indexed, or with values outside the labels.
    """
    return labels_of(read_stored(path, spec), path, spec, encoding)


def read_stored(path: Path, spec: DatasetSpec) -> np.ndarray:
    """The stored values of a mask of a data set: as of :func:`read_indices`, of as many bits as the classes need.

    Raises:
        DataError: as :func:`read_indices`.
    """
    return read_indices(path, largest=void_of(spec.num_classes))


def labels_of(stored: np.ndarray, path: Path, spec: DatasetSpec, encoding: Encoding) -> np.ndarray:
    """Labels of a mask's stored values, as of :func:`read_mask`.

    Raises:
        DataError: a value is no label; the message names ``path``.
    """
    labels: np.ndarray = lookup(spec, encoding)[stored]
    bad = labels == INVALID
    if bad.any():
        values = sorted(set(stored[bad].tolist()))
        expected = expected_labels(spec, encoding)
        raise DataError(
            f"{path} holds {listed(stored[bad])}, which no class of {spec.name} has: expected {expected}. "
            + remedy(values, spec)
        )
    return labels.astype(label_type(spec.num_classes))


def read_pair(
    image_path: Path, mask_path: Path, spec: DatasetSpec, encoding: Encoding
) -> tuple[np.ndarray, np.ndarray]:
    """An image and its mask, as by :func:`read_image` and :func:`read_mask`.

    Raises:
        DataError: as those, or the two differ in size.
    """
    check_sizes(image_path, mask_path)
    return read_image(image_path), read_mask(mask_path, spec, encoding)


def detect_encoding(spec: DatasetSpec, masks: Iterable[Path]) -> Encoding:
    """The encoding of a data set's masks, detected from some of them.

    Only ADE20K has two encodings. The official masks never contain 255; the shifted ones nearly always do and never
    contain K; the first mask with either decides. Without one, masks count as official.

    Raises:
        DataError: a mask that was looked at is missing, unreadable or coloured.
    """
    if spec.void == 0:
        return "raw"
    if spec.labels == "index":
        return "index"
    for path in masks:
        stored = read_stored(path, spec)
        if (stored == spec.void).any():
            return "shifted"
        if (stored == spec.num_classes).any():
            return "raw"
    return "raw"


INVALID = 65534
"""Meaning of a value outside the labels."""


def lookup(spec: DatasetSpec, encoding: Encoding) -> np.ndarray:
    """The meaning of each stored value: (256,) or (65536,) uint16, a label, void, or :data:`INVALID`."""
    void = void_of(spec.num_classes)
    table = np.full(void + 1, INVALID, dtype=np.uint16)
    if encoding == "raw":
        table[1 : spec.num_classes + 1] = np.arange(spec.num_classes)
        table[0] = void
        return table
    table[: spec.num_classes] = np.arange(spec.num_classes)
    table[spec.void] = void
    return table


def expected_labels(spec: DatasetSpec, encoding: Encoding) -> str:
    """The valid values of masks, in words."""
    if encoding == "raw":
        return f"1..{spec.num_classes}, or 0 for {'void' if spec.void == 0 else 'other'}"
    return f"0..{spec.num_classes - 1}, or {spec.void} for void"


def conversion(changes: str, spec: DatasetSpec, source: Path | str = "IN") -> str:
    """The command that changes labels of masks or label maps, for messages."""
    return f"`pixcon-diag convert-masks {source} OUT {changes}{' --wide' * (void_of(spec.num_classes) > VOID)}`"


def remedy(values: list[int], spec: DatasetSpec) -> str:
    """The remedy for masks with ``values`` outside the labels."""
    if spec.name == "cityscapes" and max(values) <= 33:
        return "These look like labelIds: list the files ending in _labelTrainIds.png instead of _labelIds.png."
    if spec.labels == "ade20k" and values == [spec.num_classes]:
        return "These look like the official masks (0 = other): say --labels raw."
    if spec.labels == "ade20k" and values == [void_of(spec.num_classes)]:
        return f"These look like masks whose labels were shifted already (void {values[0]}): say --labels shifted."
    if spec.num_classes == 1:
        return ONE_CLASS
    if len(values) > 1 or spec.name in builtin_names():
        return "Is this the right --dataset?"
    value, count = values[0], spec.num_classes
    void = f"If {value} is void: set `void: {value}` in the data set's YAML."
    if value != count + spec.first_label:
        return void
    from_one = f"If 0 is no data and the classes are 1..{count}: set `void: 0`. " if spec.first_label == 0 else ""
    return f"{from_one}{void} Or is a class missing?"
