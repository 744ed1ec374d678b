"""Opening image files: only regular files of a few formats; damage of any kind is one error."""

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import open_regular
from pixcon_train.core.versions import require
from pixcon_train.data.image_parts import essential

FORMATS: dict[type[ImageFile], tuple[bytes, ...]] = {
    PngImageFile: (b"\x89PNG\r\n\x1a\n",),
    JpegImageFile: (b"\xff\xd8\xff",),
    TiffImageFile: (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    BmpImageFile: (b"BM",),
    GifImageFile: (b"GIF87a", b"GIF89a"),
    WebPImageFile: (b"RIFF",),
    PpmImageFile: (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"Pf"),
}
"""Supported formats by the first bytes of their files. Pillow reads others, some by starting programs."""

MAX_PIXELS = 175_000_000
"""Largest image: a whole image, its network input and its logits have to fit into memory."""

MAX_BYTES = 2**31
"""Largest file: an image of :data:`MAX_PIXELS` needs less."""

_PLAUSIBLE = 2**24
"""Number of pixels that is decoded for any size of the file."""

_PIXELS_A_BYTE = 10_000
"""Most pixels per byte, the limit of deflate at one bit per pixel, which only blank images exceed."""

_SLOW = 2**18
"""Most pixels that Pillow decodes in Python."""

DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    MemoryError,
    RecursionError,
    NotImplementedError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""Errors of Pillow for damaged files, depending on the damage."""


@contextmanager
def open_image(path: Path, what: str) -> Iterator[ImageFile]:
    """An image file with its header read; decode it by :func:`load` within the block.

    Any error of Pillow within the block becomes a :class:`DataError`, and Pillow's warnings are silenced.

    Args:
        what: kind of file for messages: ``image``, ``mask``.

    Raises:
        DataError: missing, no regular file, of another format, or damaged.
        ConfigError: Pillow is too old.
    """
    require("pillow")
    try:
        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _check_size(os.fstat(file.fileno()).st_size, path, what)
            with closing(_identified(file, path, what)) as image:
                yield image
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"No {what} at {path}. Check the list and the data root it is relative to.") from None
    except DAMAGE as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        remedy = "Save it as an 8-bit PNG file" if "pixel mode" in reason else "Restore or remove it"
        if isinstance(error, MemoryError):
            reason, remedy = "memory does not suffice", "End other programs, use fewer --workers, or cut it into tiles"
        raise DataError(f"The {what} {path} cannot be read: {reason}. {remedy}.") from None


def load(image: ImageFile, path: Path, what: str) -> None:
    """Decode an opened image of a plausible size.

    Raises:
        DataError: the image is too large, or its file too small for its pixels.
    """
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise DataError(
            f"The {what} {path} is too large ({pixels:,} pixels): cut it into tiles. "
            f"Expected at most {MAX_PIXELS:,} pixels."
        )
    size = path.stat().st_size
    if pixels > max(_PLAUSIBLE, _PIXELS_A_BYTE * size):
        raise DataError(
            f"The {what} {path} cannot be read: its header says {image.width}×{image.height} pixels, too many for a "
            f"file of {size:,} bytes. Restore or remove it."
        )
    if image.tile and image.tile[0][0] == "ppm" and pixels > _SLOW:
        raise DataError(
            f"The {what} {path} is a PNM file with a maximum value of neither 255 nor 65535, which is read slowly: at "
            f"most {_SLOW:,} pixels. Save it as a PNG file."
        )
    image.load()


def _check_size(size: int, path: Path, what: str) -> None:
    if size > MAX_BYTES:
        raise DataError(f"The {what} {path} is too large ({size:,} bytes): cut it into tiles.")


def _identified(file: BinaryIO, path: Path, what: str) -> ImageFile:
    """The image with its header read; its first bytes decide the format, not its name."""
    start = file.read(8)
    file.seek(0)
    for reader, signatures in FORMATS.items():
        if start.startswith(signatures):
            return reader(essential(file, start))
    raise DataError(
        f"The {what} {path} cannot be read: it is empty, damaged or of another format. "
        "Expected a PNG, JPEG, TIFF, BMP, GIF, WebP or PNM file."
    )
