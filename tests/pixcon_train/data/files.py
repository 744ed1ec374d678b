"""Small data sets on disk, for tests that read them."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pixcon_train.data.lists import Pair, write_list
from pixcon_train.data.specs import DatasetSpec, voc_palette

THREE = DatasetSpec(name="three", classes=("ground", "cat", "dog"), palette=tuple(voc_palette(3)), background=0)
"""Three classes, void 255."""


def save_image(path: Path, pixels: np.ndarray) -> Path:
    """Write uint8 pixels (H, W) or (H, W, 3), making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)
    return path


def write_pairs(root: Path, masks: list[Any], *, name: str = "val.txt") -> list[Pair]:
    """Write the masks with PNG images of noise of the same size, and their list; the images are seeded."""
    rng = np.random.default_rng(0)
    pairs = [Pair(f"images/{i}.png", f"masks/{i}.png") for i in range(len(masks))]
    for pair, mask in zip(pairs, masks, strict=True):
        save_image(root / str(pair.mask), mask)
        save_image(root / pair.image, rng.integers(256, size=(*np.shape(mask), 3)))
    write_list(root / name, pairs)
    return pairs


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(samples: np.ndarray, *, bits: int = 8, before: bytes = b"", after: bytes = b"") -> bytes:
    """A PNG file of gray (H, W) or RGB (H, W, 3) samples as they are, with chunks before and after its pixels."""
    height, width = samples.shape[:2]
    color = 2 if samples.ndim == 3 else 0
    flat = samples.reshape(height, -1).astype(np.uint16)
    spread = (flat[:, :, None] >> np.arange(bits)[::-1]) & 1  # most significant bit first
    rows = np.packbits(spread.astype(np.uint8).reshape(height, -1), axis=1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">II5B", width, height, bits, color, 0, 0, 0))
        + before
        + png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows)))
        + after
        + png_chunk(b"IEND", b"")
    )
