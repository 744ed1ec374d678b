"""Reading the stored values of masks and predicted label maps exactly."""

from pathlib import Path

import numpy as np
from PIL.ImageFile import ImageFile

from pixcon_train.core.errors import DataError
from pixcon_train.core.void import VOID, WIDE_VOID
from pixcon_train.data.image_files import load, open_image
from pixcon_train.data.image_headers import Header, header_of, unpacking, upright


def read_indices(path: Path, what: str = "mask", *, largest: int = VOID) -> np.ndarray:
    """The stored values of a mask, turned upright: (H, W), uint8, or int32 where ``largest`` is more than 255.

    Args:
        what: kind of file for messages.
        largest: largest value. More than 255 is only read from files of 16 bits or more: in one of 8 bits, larger
            labels would have lost their upper bits, and 255 might be void.

    Raises:
        DataError: missing, unreadable, compressed lossily, coloured instead of indexed, of too few bits, or with
            values that are no integers of 0..``largest``.
    """
    with open_image(path, what) as image:
        header = header_of(image)
        _check_exact(header, path, what)
        _check_single_channel(image, path, what)
        _keep_values(image)
        load(image, path, what)
        values = upright(_stored_values(image, header), header)
    if largest > VOID:
        _check_wide(values, path, what)
    return values if values.dtype == np.uint8 else _whole(values, path, largest)


def _check_exact(header: Header, path: Path, what: str) -> None:
    """Refuse formats that do not preserve the saved values."""
    if header.format == "JPEG" or "jpeg" in header.compression or header.compression == "webp":
        raise DataError(
            f"{path} is {'a JPEG file' if header.format == 'JPEG' else 'compressed as a JPEG file is'}: its values are "
            f"no longer the labels that were saved. Save the {what} as a PNG file, from the original labels."
        )
    if header.format == "WEBP":
        raise DataError(
            f"{path} is a WebP file, which holds colours, and inexact ones unless it is lossless. Save the {what} as a "
            "PNG file of labels."
        )


def _check_single_channel(image: ImageFile, path: Path, what: str) -> None:
    if image.mode not in ("1", "L", "P", "I", "F") and not image.mode.startswith("I;16"):
        kind = "has an alpha channel" if image.mode in ("LA", "La", "PA") else "is a colour image"
        raise DataError(
            f"{path} {kind} (mode {image.mode}). Expected a {what} with one label per pixel (an indexed or gray PNG); "
            "convert the colours to labels first."
        )


def _keep_values(image: ImageFile) -> None:
    """Keep Pillow from scaling a PNM file's samples by the maximum value in its header."""
    _, largest = unpacking(image)
    if largest is None:
        return
    decoder, box, offset, _ = image.tile[0]
    wide = largest > 255
    binary, plain = ("raw", "I;16B" if wide else "L"), ("ppm_plain", ("L", 65535 if wide else 255))
    name, packed = binary if decoder == "ppm" else plain
    image.tile = [(name, box, offset, packed)]  # type: ignore[list-item]


def _stored_values(image: ImageFile, header: Header) -> np.ndarray:
    """Decoded samples without Pillow's conversions of gray ones with less than 8 bits, inverted or signed."""
    values = np.array(image)
    if image.mode == "1":
        return (values ^ header.inverted).astype(np.uint8)
    if image.mode != "L":
        return values
    if header.inverted:
        values = 255 - values
    if header.bits in (2, 4) and header.format != "PPM":
        values = values // (255 // (2**header.bits - 1))
    return values.view(np.int8) if header.signed else values


def _check_wide(values: np.ndarray, path: Path, what: str) -> None:
    if values.dtype.itemsize == 1:
        raise DataError(
            f"{path} is of 8 bits or less, in which more than {VOID} classes do not fit: larger labels may have lost "
            f"their upper bits. Save the {what} as a PNG file of 16 bits, where void is {WIDE_VOID} unless the data "
            "set's description says otherwise."
        )


def _whole(values: np.ndarray, path: Path, largest: int) -> np.ndarray:
    """Values as uint8, or as int32 where ``largest`` is more than 255.

    Raises:
        DataError: a value is not an integer or does not fit.
    """
    with np.errstate(invalid="ignore"):  # a signalling NaN
        whole = values == np.round(values)
    if not whole.all():
        raise DataError(f"{path} holds {listed(values[~whole])}. Expected labels, which are whole numbers.")
    outside = (values < 0) | (values > largest)
    if outside.any():
        void, size = values[outside].min() < 0, "one byte" if largest == VOID else "two bytes"
        raise DataError(
            f"{path} holds {listed(values[outside])}. Expected labels of {size}, 0..{largest}."
            + f" Where a negative value means void, save the void value of the data set ({largest} unless its "
            "description says otherwise) in its place." * bool(void)
        )
    return values.astype(np.uint8 if largest <= VOID else np.int32)


def listed(values: np.ndarray) -> str:
    """The distinct values of ``values`` in words, at most eight of them."""
    different = np.unique(values)
    shown = ", ".join(f"{value:.9g}" for value in different[:8].tolist()) + (", …" if len(different) > 8 else "")
    return f"the value {shown}" if len(different) == 1 else f"the values {shown}"
