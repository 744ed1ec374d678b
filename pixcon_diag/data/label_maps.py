"""Predicted label maps and confidence maps as PNGs, written by a pass; label maps also saved by any framework."""

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from pixcon_train.core.errors import DataError, PixConError
from pixcon_train.core.files import file_stem
from pixcon_train.core.paths import is_file, is_folder
from pixcon_train.core.void import VOID
from pixcon_train.data.masks import read_indices

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _INDEXED = 0, 3
"""Colour types of PNG (ISO/IEC 15948, section 11.2.2)."""


@dataclass(frozen=True)
class LabelMapFiles:
    """Predicted label maps of a list of images, in its order."""

    files: tuple[Path, ...]
    largest: int = VOID
    """Largest value: that of void, which follows from the number of classes (:func:`pixcon_train.core.void.void_of`).
    Maps of more than 255 classes are of 16 bits."""

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> np.ndarray:
        """Predicted classes of an image, (H, W) uint8, or int32 beyond 255 classes.

        Raises:
            DataError: the file is missing, damaged, compressed with loss, of too few bits, or holds colours instead of
                class indices.
        """
        return read_indices(self.files[index], "label map", largest=self.largest)


@dataclass(frozen=True)
class ConfidenceMapFiles:
    """Confidence maps of a list of images, in its order: each pixel's bin of confidence."""

    files: tuple[Path, ...]
    edges: tuple[float, ...]
    """Left edges of the bins, ascending from 0 to 1 (:func:`pixcon_diag.measures.confidence.confidence_edges`)."""

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> np.ndarray:
        """Bin of each pixel's confidence, (H, W) uint8: the pixel is retained at τ = ``edges[i]`` where its bin is at
        least i, exactly as the pass counts it.

        Raises:
            DataError: the file is missing or damaged.
        """
        return read_indices(self.files[index], "confidence map")


class MapWriter:
    """Maps of a pass while it runs: written one by one into ``folder``, each with its hash.

    Args:
        folder: folder of the files.
        palette: colours of the values; None for a gray map.
        hashes: hashes of the maps written before.
        first: place in the list of the first map.
    """

    def __init__(
        self,
        folder: Path,
        palette: Sequence[Sequence[int]] | None,
        hashes: Mapping[str, str] | None = None,
        *,
        first: int = 0,
    ) -> None:
        self.folder, self.first = folder, first
        self.palette = None if palette is None else [part for color in palette for part in color]
        self.hashes = dict(hashes or {})

    def write(self, names: Sequence[str], maps: np.ndarray) -> None:
        """Write the next maps; file names consist of the index in the list and the image's name.

        Args:
            names: of the images.
            maps: (B, H, W), as :func:`encode_map` takes them.

        Raises:
            PixConError: the folder cannot be written.
        """
        for name, values in zip(names, maps, strict=True):
            file = f"{self.first + len(self.hashes):06d}_{file_stem(name)}.png"
            content = encode_map(values, self.palette)
            try:
                (self.folder / file).write_bytes(content)
            except OSError as error:
                raise PixConError(f"Could not write {self.folder / file}: {error.strerror or error}.") from error
            self.hashes[file] = hashlib.sha256(content).hexdigest()

    @property
    def files(self) -> tuple[Path, ...]:
        """Files of the maps written so far."""
        return tuple(self.folder / file for file in self.hashes)


def encode_map(
    values: np.ndarray, palette: Sequence[int] | None, *, effort: int = 1, text: tuple[str, str] | None = None
) -> bytes:
    """A PNG of (H, W) values, written here: Pillow's writer takes three times as long for small maps.

    Args:
        values: (H, W), uint8, or integers of 0..65535 of another type, which become a gray map of 16 bits.
        palette: red, green, blue of each value of 8 bits, black beyond it; None for a gray map.
        effort: level of compression from 1 to 9; label maps compress so well that more than 1 saves almost nothing.
        text: keyword and text that the file holds beside the pixels, in Latin-1.
    """
    height, width = values.shape
    if wide := values.dtype != np.uint8:
        palette = None  # PNG has none of more than 256 colours
        values = values.astype(">u2").view(np.uint8).reshape(height, 2 * width)
    color_type = _GRAY if palette is None else _INDEXED
    header = struct.pack(">IIBBBBB", width, height, 16 if wide else 8, color_type, 0, 0, 0)
    rows = np.zeros((height, values.shape[1] + 1), dtype=np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = values
    packer = zlib.compressobj(effort)
    chunks = [(b"IHDR", header), (b"IDAT", packer.compress(rows.tobytes()) + packer.flush()), (b"IEND", b"")]
    if palette is not None:
        # Black for every value beyond the palette: some programs refuse values that it lacks, such as void.
        chunks.insert(1, (b"PLTE", bytes([*palette, *(0,) * (3 * 256 - len(palette))])))
    if text is not None:
        chunks.insert(1, (b"tEXt", "\0".join(text).encode("latin-1")))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def find_label_maps(folder: Path, images: Sequence[str], *, largest: int = VOID) -> LabelMapFiles:
    """The maps of ``images`` in a folder, named by the image's relative path or its file name, with suffix .png.

    Args:
        largest: as of :class:`LabelMapFiles`.

    Raises:
        DataError: there is no such folder, an image has no map, or two images share one.
    """
    return LabelMapFiles(find_maps(folder, images, ".png"), largest)


def find_maps(folder: Path, images: Sequence[str], suffix: str) -> tuple[Path, ...]:
    """The files of ``images`` in a folder, named by the image's relative path or its file name, with ``suffix``.

    Raises:
        DataError: as :func:`find_label_maps`.
    """
    require_maps_folder(folder)
    files = [_find(folder, image, suffix) for image in images]
    require_own_files(files, images)
    return tuple(files)


def require_maps_folder(folder: Path) -> None:
    """Raise unless there is a folder.

    Raises:
        DataError: there is none.
    """
    if not is_folder(folder):
        raise DataError(
            f"No folder of predictions at {folder}. Expected a folder with a file for each image: a PNG of class "
            "indices, or an array of probabilities or logits (docs/saved-maps.md)."
        )


def require_own_files(files: Sequence[Path], images: Sequence[str]) -> None:
    """Raise where two images share a file.

    Raises:
        DataError: they do.
    """
    images_of: dict[Path, str] = {}
    for file, image in zip(files, images, strict=True):
        if images_of.setdefault(file, image) != image:
            raise DataError(
                f"{file} would be the prediction of both {images_of[file]} and {image}. Save predictions under the "
                "images' relative paths."
            )


def map_places(folder: Path, image: str, suffix: str) -> tuple[Path, Path]:
    """Where the file of an image is looked for: under its relative path, else under its name."""
    path = PurePosixPath(image).with_suffix(suffix)
    relative = path.relative_to(path.anchor)  # an absolute path would leave the folder
    return folder / relative, folder / relative.name


def _find(folder: Path, image: str, suffix: str) -> Path:
    places = map_places(folder, image, suffix)
    for candidate in places:
        if is_file(candidate):
            return candidate
    expected = " or ".join(map(str, dict.fromkeys(places)))
    raise DataError(
        f"{folder} has no prediction of {image}: expected {expected}. With --limit or --list only the images that have "
        "one can be measured."
    )
