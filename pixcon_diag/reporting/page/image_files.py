"""The files of the page's images: photographs, which may shrink, and maps, which are exact; within a size."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pixcon_diag.data.label_maps import encode_map
from pixcon_train.core.progress import Progress

EDGES = (320, 240, 160)
"""Longest edge of a photograph in pixels; the smaller ones where otherwise too few images fit."""
MOST = 90
"""Most images by default."""
LEAST = 60
"""Images to which photographs and methods give way."""
FEWEST_METHODS = 2
QUALITY = 70
EFFORT = 8
"""Level of zlib for the maps: 9 takes twice the time for 3 % of the bytes, 7 adds 6 %."""
BATCH = 8


@dataclass(frozen=True)
class SourceImage:
    """What is shown of an image."""

    photo: np.ndarray
    """(H, W, 3) uint8."""
    truth: np.ndarray
    """(H, W) labels, as read."""
    labels: tuple[np.ndarray, ...]
    """(H, W) labels of each method, of the type of ``truth``."""
    confidence: tuple[np.ndarray | None, ...]
    """(H, W) uint8 of each method: index of the slider's stop that a pixel reaches; None without confidence."""


@dataclass(frozen=True)
class PackedImage:
    """The files of an image."""

    photos: Mapping[int, bytes]
    """JPEG by longest edge."""
    truth: bytes
    methods: tuple[Mapping[str, bytes], ...]
    """``labels``, and ``confidence`` where there is one, of each method."""

    def files(self, edge: int, methods: int) -> dict[str, bytes]:
        """The files by their part of the page, for the first ``methods`` methods."""
        maps = {f"{part}-{i}": file for i, one in enumerate(self.methods[:methods]) for part, file in one.items()}
        return {"photo": self.photos[edge], "truth": self.truth} | maps

    def size(self, edge: int, methods: int) -> int:
        """Characters that the files take in the page, as base64."""
        return sum(len(part) + 2 + 4 * -(-len(file) // 3) for part, file in self.files(edge, methods).items())


@dataclass(frozen=True)
class Packing:
    """The images that fit."""

    images: tuple[Mapping[str, bytes], ...]
    """Files of each image by part: ``photo``, ``truth``, ``labels-0``, ``confidence-0``, …"""
    edge: int
    """Longest edge of the photographs."""
    methods: int
    """Methods shown."""
    size: int
    """Characters in the page."""


def pack_within(
    read: Callable[[int], SourceImage], order: Sequence[int], budget: int | None, methods: int, progress: Progress
) -> Packing:
    """Pack images in order, as many as fit.

    Where fewer than :data:`LEAST` fit, photographs shrink, then methods beyond the second are left out, the last one
    first; maps never shrink, so that counts on them are exact.

    Args:
        read: reads an image by its index.
        order: indices, of which a prefix is packed.
        budget: characters that the files may take in the page; None: all images are packed.
        methods: number of methods.
        progress: receives the number of images packed.
    """
    packed = _packed(read, order, budget, progress)
    wanted = min(LEAST, len(order))
    choices = [(edge, methods) for edge in EDGES]
    choices += [(EDGES[-1], fewer) for fewer in range(methods - 1, FEWEST_METHODS - 1, -1)]
    for edge, shown in choices:
        fitting = _fitting((image.size(edge, shown) for image in packed), budget)
        if fitting >= wanted:
            break
    files = tuple(image.files(edge, shown) for image in packed[:fitting])
    return Packing(files, edge, shown, sum(image.size(edge, shown) for image in packed[:fitting]))


def _packed(
    read: Callable[[int], SourceImage], order: Sequence[int], budget: int | None, progress: Progress
) -> list[PackedImage]:
    """The images in order, until not even the smallest form of one more fits."""
    packed: list[PackedImage] = []
    with ThreadPoolExecutor() as pool:  # compression releases the interpreter
        for start in range(0, len(order), BATCH):
            progress(start, len(order))
            packed += pool.map(lambda index: pack(read(index)), order[start : start + BATCH])
            if _fitting((image.size(EDGES[-1], FEWEST_METHODS) for image in packed), budget) < len(packed):
                break
    progress(len(order), len(order))
    return packed


def _fitting(sizes: Iterable[int], budget: int | None) -> int:
    """Number of the first images that fit; at least one."""
    totals = np.cumsum([*sizes])
    return len(totals) if budget is None else max(int((totals <= budget).sum()), min(1, len(totals)))


def pack(image: SourceImage) -> PackedImage:
    """Compress an image's photograph, with loss, and its maps, without."""
    methods = tuple(
        {"labels": _map(labels)} | ({} if confidence is None else {"confidence": _map(confidence)})
        for labels, confidence in zip(image.labels, image.confidence, strict=True)
    )
    return PackedImage({edge: _photo(image.photo, edge) for edge in EDGES}, _map(image.truth), methods)


def _map(values: np.ndarray) -> bytes:
    return encode_map(values, None, effort=EFFORT)


def _photo(pixels: np.ndarray, edge: int) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=3)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=QUALITY, optimize=True, progressive=True)
    return buffer.getvalue()
