"""Headers of image files: size, orientation and sample format, read before decoding."""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from pixcon_train.core.errors import DataError
from pixcon_train.data.image_files import DAMAGE, open_image

ORIENTATION = 0x0112
"""EXIF's and TIFF's orientation tag, from 1 (upright) to 8."""

SAVE_ANEW = "Save the image as an 8-bit PNG, scaled as the images are that the network was trained on."

_BITS, _PHOTOMETRIC, _PLANAR, _SAMPLE_FORMAT = 258, 262, 284, 339
"""TIFF tags."""


@dataclass(frozen=True)
class Header:
    """The header of an image file."""

    format: str
    """Pillow's name: PNG, JPEG, …"""
    stored: tuple[int, int]
    """Height and width of the stored pixels."""
    orientation: int
    """Orientation, 1 (upright) to 8."""
    bits: int
    """Bits per sample."""
    signed: bool = False
    """Whether samples are signed integers."""
    floating: bool = False
    """Whether samples are floating-point numbers."""
    inverted: bool = False
    """Whether 0 is white (TIFF's WhiteIsZero)."""
    compression: str = ""
    """Pillow's name of a TIFF file's compression, otherwise empty."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the upright image."""
        height, width = self.stored
        return (width, height) if self.orientation > 4 else (height, width)


def read_header(path: Path, what: str = "image") -> Header:
    """The header of an image file.

    Raises:
        DataError: missing, unreadable or of another format.
    """
    with open_image(path, what) as image:
        return header_of(image)


def read_image_header(path: Path) -> Header:
    """The header of an image with supported samples.

    Raises:
        DataError: missing, unreadable, of another format, or with samples of unknown range.
    """
    header = read_header(path)
    check_samples(header, path)
    return header


def header_of(image: ImageFile) -> Header:
    """The header of an opened image that is not decoded yet.

    Raises:
        ValueError: Pillow would read the samples wrongly.
    """
    if isinstance(image, TiffImageFile):
        return _tiff_header(image)
    if isinstance(image, BmpImageFile):
        _check_bitmap(image)
    return Header(
        format=str(image.format),
        stored=(image.height, image.width),
        orientation=_exif_orientation(image),
        bits=_bits(image),
        floating=image.mode == "F",
    )


def upright(pixels: np.ndarray, header: Header) -> np.ndarray:
    """Decoded pixels (H, W, …) turned upright; Pillow has already turned those of TIFF files."""
    if header.format == "TIFF" or header.orientation == 1:
        return pixels
    if header.orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    if header.orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if header.orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def check_sizes(image_path: Path, mask_path: Path) -> Header:
    """Header of an image, after a check that its upright mask has the same size.

    Raises:
        DataError: the sizes differ, one of the files is missing or unreadable, or the range of the image's samples is
            unknown.
    """
    image, mask = read_header(image_path, "image"), read_header(mask_path, "mask")
    if image.shape != mask.shape:
        raise DataError(
            f"{image_path} is {_pixels(image.shape)} pixels but its mask {mask_path} is {_pixels(mask.shape)}. "
            + _remedy(image, mask)
        )
    check_samples(image, image_path)
    return image


def check_samples(header: Header, path: Path) -> None:
    """Raise if the range of an image's samples, black to white, is unknown.

    Raises:
        DataError: they are signed, floating-point, or have more than 16 bits.
    """
    if header.floating or header.signed or header.bits > 16:
        kind = "floating-point" if header.floating else f"{'signed ' * header.signed}{header.bits}-bit"
        raise DataError(
            f"The image {path} holds {kind} samples, and which of them are black and white is not known. "
            f"Expected samples of 8 or 16 bits. {SAVE_ANEW}"
        )


def _remedy(image: Header, mask: Header) -> str:
    if image.stored == mask.shape:
        return (
            f"The image's EXIF orientation ({image.orientation}) turns it upright from {_pixels(image.stored)}, and "
            "the mask is not turned. Turn the mask too, or remove the orientation from the image "
            "(exiftool -Orientation= FILE)."
        )
    if mask.stored == image.shape:
        return (
            f"The mask's EXIF orientation ({mask.orientation}) turns it from {_pixels(mask.stored)}, and the image is "
            "not turned. Remove the orientation from the mask (exiftool -Orientation= FILE)."
        )
    return "Expected one size; is the list pairing the right files?"


def _pixels(shape: tuple[int, int]) -> str:
    return f"{shape[1]}×{shape[0]}"


def _tiff_header(image: TiffImageFile) -> Header:
    tags = image.tag_v2
    bits, form = tags.get(_BITS, (1,))[0], tags.get(_SAMPLE_FORMAT, (1,))[0]
    if tags.get(_PLANAR) == 2 and bits != 8 and len(tags.get(_BITS, (1,))) > 1:
        raise ValueError(f"channels of {bits} bits lie in planes of their own, which is read of 8 bits only")
    image.info.pop("xmp", None)  # Pillow would read another orientation from it
    return Header(
        format="TIFF",
        stored=(tags[257], tags[256]),
        orientation=_valid(tags.get(ORIENTATION, 1)),
        bits=bits,
        signed=form == 2,
        floating=form == 3,
        inverted=tags.get(_PHOTOMETRIC, 0) == 0,
        compression=str(image.info["compression"]),
    )


def _check_bitmap(image: BmpImageFile) -> None:
    """Raise for a gray palette with indices that Pillow would unpack with another number of bits."""
    assert image.fp is not None
    image.fp.seek(14)
    (size,) = struct.unpack("<I", image.fp.read(4))
    image.fp.seek(24 if size == 12 else 28)
    (bits,) = struct.unpack("<H", image.fp.read(2))
    if bits != {"1": 1, "L": 8}.get(image.mode, bits):
        raise ValueError(f"indices of {bits} bits with a gray palette")


def _exif_orientation(image: ImageFile) -> int:
    """Orientation in EXIF data; 1 if there are none or they are damaged."""
    if "exif" not in image.info:
        return 1
    exif = Image.Exif()
    try:
        exif.load(image.info["exif"])
        return _valid(exif.get(ORIENTATION))
    except DAMAGE:
        return 1


def _valid(orientation: object) -> int:
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _bits(image: ImageFile) -> int:
    """Bits per sample by the decoder's packed format (``L;4``), or by the maximum value of a PNM file."""
    raw, largest = unpacking(image)
    if largest is not None:
        return largest.bit_length()
    named = re.search(r";(\d+)", raw)
    return int(named[1]) if named else 1 if image.mode == "1" else 8


def unpacking(image: ImageFile) -> tuple[str, int | None]:
    """The packed format of an image's samples, and the maximum value in a PNM file's header."""
    arguments = image.tile[0][3] if image.tile else ""
    raw, *rest = arguments if isinstance(arguments, tuple) else (arguments,)
    return str(raw), rest[0] if rest and image.format == "PPM" and image.tile[0][0] != "raw" else None
