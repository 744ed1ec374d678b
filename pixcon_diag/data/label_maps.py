"""Predicted label maps as palette PNGs, written by a pass or saved by any framework."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from pixcon_train.core.errors import DataError, PixConError
from pixcon_train.core.files import file_stem, is_file
from pixcon_train.data.masks import read_indices


@dataclass(frozen=True)
class LabelMapFiles:
    """Predicted label maps of a list of images, in its order."""

    files: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int) -> np.ndarray:
        """Predicted classes of an image, (H, W) uint8.

        Raises:
            DataError: the file is missing, damaged, compressed with loss, or holds colours instead of class indices.
        """
        return read_indices(self.files[index], "label map")


class LabelMapWriter:
    """Label maps of a pass while it runs: written one by one into ``folder``, each with its hash.

    The first one is of image ``first`` of the list; ``hashes`` are those of the maps written before.
    """

    def __init__(
        self,
        folder: Path,
        palette: Sequence[Sequence[int]],
        hashes: Mapping[str, str] | None = None,
        *,
        first: int = 0,
    ) -> None:
        self.folder, self.first = folder, first
        self.palette = [part for color in palette for part in color]
        self.hashes = dict(hashes or {})

    def write(self, names: Sequence[str], predictions: np.ndarray) -> None:
        """Write the next maps; file names consist of the index in the list and the image's name.

        Args:
            names: of the images.
            predictions: ŷ, (B, H, W) uint8, below 255.

        Raises:
            PixConError: the folder cannot be written.
        """
        for name, labels in zip(names, predictions, strict=True):
            file = f"{self.first + len(self.hashes):06d}_{file_stem(name)}.png"
            content = encode_label_map(labels, self.palette)
            try:
                (self.folder / file).write_bytes(content)
            except OSError as error:
                raise PixConError(f"Could not write {self.folder / file}: {error.strerror or error}.") from error
            self.hashes[file] = hashlib.sha256(content).hexdigest()

    def maps(self) -> LabelMapFiles:
        """The maps written so far."""
        return LabelMapFiles(tuple(self.folder / file for file in self.hashes))


def encode_label_map(labels: np.ndarray, palette: Sequence[int]) -> bytes:
    """A palette PNG of (H, W) uint8 labels; ``palette`` is red, green, blue of each; labels beyond it are black."""
    image = Image.fromarray(labels)
    # With a shorter palette Pillow writes fewer bits, which truncates larger labels such as void.
    image.putpalette([*palette, *(0,) * (3 * 256 - len(palette))])
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)  # label maps compress well: more effort saves almost nothing
    return buffer.getvalue()


def find_label_maps(folder: Path, images: Sequence[str]) -> LabelMapFiles:
    """The maps of ``images`` in a folder, named by the image's relative path or its file name, with suffix .png.

    Raises:
        DataError: there is no such folder, an image has no map, or two images share one.
    """
    if not folder.is_dir():
        raise DataError(f"No folder of predictions at {folder}. Expected one PNG of class indices per image.")
    files = [_find(folder, image) for image in images]
    images_of: dict[Path, str] = {}
    for file, image in zip(files, images, strict=True):
        if images_of.setdefault(file, image) != image:
            raise DataError(
                f"{file} would be the prediction of both {images_of[file]} and {image}. Save predictions under the "
                "images' relative paths."
            )
    return LabelMapFiles(tuple(files))


def _find(folder: Path, image: str) -> Path:
    path = PurePosixPath(image).with_suffix(".png")
    relative = path.relative_to(path.anchor)  # an absolute path would leave the folder
    for candidate in (folder / relative, folder / relative.name):
        if is_file(candidate):
            return candidate
    raise DataError(
        f"{folder} has no prediction of {image}: expected {folder / relative} or {folder / relative.name}, a PNG of "
        "class indices. With --limit or --list only the images that have one can be measured."
    )
