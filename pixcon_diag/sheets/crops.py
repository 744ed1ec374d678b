"""Crops of photographs with a region outlined."""

import io

import numpy as np
import scipy  # not `from scipy import ndimage`: SciPy imports it on first use
from PIL import Image

from pixcon_diag.sheets.question import Crop

EDGE = 480
"""Longest edge of a crop as shown."""
CONTEXT = 48
"""Least number of pixels shown around a region, as its surroundings tell what it is."""


def crop_around(photograph: np.ndarray, region: np.ndarray, pixel: tuple[int, int]) -> Crop:
    """The part of an image around ``region``, enlarged or reduced to ``EDGE``.

    Args:
        photograph: (H, W, 3) uint8.
        region: (H, W) bool, not empty.
        pixel: row and column of the marked pixel.

    Raises:
        ValueError: the image and the region differ in size.
    """
    if photograph.shape[:2] != region.shape:
        raise ValueError(f"Expected a region of the image's size {photograph.shape[:2]}, got {region.shape}.")
    rows, columns = _box(region)
    part = region[rows, columns]
    scale = EDGE / max(part.shape)
    width, height = (max(1, round(scale * edge)) for edge in (part.shape[1], part.shape[0]))
    shown = Image.fromarray(photograph[rows, columns]).resize((width, height), Image.Resampling.BICUBIC)
    large = np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.NEAREST))
    mark = (pixel[1] + 0.5 - columns.start) / part.shape[1], (pixel[0] + 0.5 - rows.start) / part.shape[0]
    return Crop(_saved(shown, "JPEG", quality=85), _saved(_outline(large), "PNG"), mark)


def _box(region: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the region with its surroundings: as much again on each side, within the image."""
    box = scipy.ndimage.find_objects(region.astype(np.int8))[0]
    rows, columns = (
        slice(max(0, edge.start - margin), min(size, edge.stop + margin))
        for edge, size in zip(box, region.shape, strict=True)
        for margin in [max(CONTEXT, (edge.stop - edge.start) // 2)]
    )
    return rows, columns


def _outline(region: np.ndarray) -> Image.Image:
    """A white and a black line around the region, visible on any photograph; transparent elsewhere."""
    pixels = np.zeros((*region.shape, 4), dtype=np.uint8)
    near, far = (scipy.ndimage.binary_dilation(region, iterations=width) for width in (2, 4))
    pixels[far & ~near] = (0, 0, 0, 255)
    pixels[near & ~region] = (255, 255, 255, 255)
    return Image.fromarray(pixels)


def _saved(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()
