"""Reading images as 8-bit RGB from samples of any supported kind."""

from pathlib import Path

import numpy as np
from PIL.ImageFile import ImageFile

from pixcon_train.core.errors import DataError
from pixcon_train.data.image_files import load, open_image
from pixcon_train.data.image_headers import SAVE_ANEW, Header, check_samples, header_of, unpacking, upright


def read_image(path: Path) -> np.ndarray:
    """An image as RGB, turned upright: uint8 (H, W, 3).

    The upper 8 bits of deeper samples are read, so that 257·v becomes v.

    Raises:
        DataError: missing, unreadable, cut short, or with samples of unknown range.
    """
    with open_image(path, "image") as image:
        header = header_of(image)
        check_samples(header, path)
        load(image, path, "image")
        pixels = _gray(image, header, path) if _wide(image) else _rgb(image, header, path)
        return upright(pixels, header)


def transparent_pixels(path: Path) -> int:
    """Number of pixels that are not fully opaque; :func:`read_image` ignores their transparency.

    Raises:
        DataError: as :func:`read_image`.
    """
    with open_image(path, "image") as image:
        if not image.has_transparency_data or _wide(image):
            return 0
        load(image, path, "image")
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return int((alpha < 255).sum())


def _wide(image: ImageFile) -> bool:
    """Whether Pillow keeps gray samples of more than 8 bits, which its conversion to RGB would clip at 255."""
    return image.mode.startswith("I")


def _gray(image: ImageFile, header: Header, path: Path) -> np.ndarray:
    """Upper 8 bits of gray samples, three times: (H, W, 3)."""
    samples = np.asarray(image)
    bits = 12 if header.bits == 12 and header.format == "TIFF" else 16  # PNM files are scaled to 16 by Pillow
    highest = int(samples.max())
    if header.inverted:
        samples = 2**bits - 1 - samples
    elif 0 < highest < 2 ** (bits - 4):
        raise _nearly_black(path, f"{highest:,} of {2**bits - 1:,}")
    upper = (samples >> (bits - 8)).astype(np.uint8)
    return np.repeat(upper[:, :, None], 3, axis=2)


def _rgb(image: ImageFile, header: Header, path: Path) -> np.ndarray:
    """RGB samples (H, W, 3); Pillow reads the upper 8 of 16 bits."""
    pixels = np.array(image if image.mode == "RGB" else image.convert("RGB"))
    if header.bits == 16 and pixels.max() < 16 and (pixels.any() or not _is_black(path)):
        raise _nearly_black(path, f"{256 * int(pixels.max()) + 255:,} of 65,535")
    return pixels


def _is_black(path: Path) -> bool:
    """Whether the lower 8 bits of 16-bit RGB samples are also 0; False if they cannot be read."""
    with open_image(path, "image") as image:
        other = {f"{image.mode};16{one}": f"{image.mode};16{two}" for one, two in ("BL", "LB")}
        raw, _ = unpacking(image)
        if image.mode not in ("RGB", "RGBA") or raw not in other:
            return False
        image.tile = [
            (decoder, box, offset, (other[raw], *rest[1:]) if isinstance(rest, tuple) else other[raw])  # type: ignore[misc]
            for decoder, box, offset, rest in image.tile
        ]
        load(image, path, "image")
        return not np.array(image.convert("RGB")).any()


def _nearly_black(path: Path, reach: str) -> DataError:
    return DataError(
        f"The image {path} would be nearly black: its samples reach {reach} at most, as those of a "
        f"scanner of 10 or 12 bits do. {SAVE_ANEW}"
    )
