"""Small data sets on disk, for tests that read them."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pixcon_train.data.lists import Pair, write_list
from pixcon_train.data.specs import DatasetSpec, voc_palette
from pixcon_train.data.transforms import MEAN, STD

THREE = DatasetSpec(name="three", classes=("ground", "cat", "dog"), palette=tuple(voc_palette(3)), background=0)
"""Three classes, void 255."""


def numbered(count: int, **fields: Any) -> DatasetSpec:
    """A data set of ``count`` classes."""
    names = tuple(f"class {label}" for label in range(count))
    return DatasetSpec(**{"name": "numbered", "classes": names, "palette": tuple(voc_palette(count)), **fields})


def denormalise(image: Tensor) -> Tensor:
    """The uint8 image of a normalised one."""
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return ((image * std + mean).clamp(0, 1) * 255).round().to(torch.uint8)


def save_image(path: Path, pixels: np.ndarray) -> Path:
    """Write pixels (H, W) or (H, W, 3), in 16 bits where one exceeds 255, making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, dtype=np.uint16 if np.max(pixels) > 255 else np.uint8)).save(path)
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


def tiff(samples: np.ndarray, *, order: str = "<", bits: int | None = None, **tags: int | tuple[int, ...]) -> bytes:
    """An uncompressed TIFF file of samples (H, W) or (H, W, 3), packed where ``bits`` are fewer than 8.

    Args:
        order: ``<`` for little-endian (II), ``>`` for big-endian (MM).
        tags: further ones or other values, named ``t274`` for tag 274; shorts.
    """
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    content = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    if bits is None:
        bits = 8 * samples.dtype.itemsize
    elif bits < 8:
        spread = (samples[:, :, None] >> np.arange(bits)[::-1]) & 1
        content = np.packbits(spread.astype(np.uint8).reshape(height, -1), axis=1).tobytes()
    kind = {"u": 1, "i": 2, "f": 3, "b": 1}[samples.dtype.kind]
    entries: dict[int, int | tuple[int, ...]] = {
        256: width, 257: height, 258: (bits,) * channels, 259: 1, 262: 1 if channels == 1 else 2, 273: 8,
        277: channels, 278: height, 279: len(content), 339: (kind,) * channels,
    }  # fmt: skip
    entries |= {int(name[1:]): value for name, value in tags.items()}
    return _tiff_file(content, entries, order)


def _tiff_file(content: bytes, entries: dict[int, int | tuple[int, ...]], order: str) -> bytes:
    """The file of a strip of pixels and a directory; values that need more than four bytes lie behind it."""
    begin = 8 + len(content)
    behind = begin + 2 + 12 * len(entries) + 4
    directory, values = struct.pack(f"{order}H", len(entries)), b""
    for tag, value in sorted(entries.items()):
        many = value if isinstance(value, tuple) else (value,)
        form, letter = (4, "I") if tag in (256, 257, 273, 278, 279) else (3, "H")
        packed = b"".join(struct.pack(order + letter, one) for one in many)
        if len(packed) > 4:
            packed, values = struct.pack(f"{order}I", behind + len(values)), values + packed
        directory += struct.pack(f"{order}HHI", tag, form, len(many)) + packed.ljust(4, b"\0")
    mark = b"MM" if order == ">" else b"II"
    head = mark + struct.pack(f"{order}HI", 42, begin)
    return head + content + directory + struct.pack(f"{order}I", 0) + values


def exif(orientation: int) -> bytes:
    """EXIF data that say how a picture is turned."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
