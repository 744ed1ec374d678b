"""Notes on the preparation of images: turning and bit depth."""

from collections.abc import Iterator
from pathlib import Path

from pixcon_train.data.image_headers import Header


class ImageNotes:
    """Counts images that are turned upright, and images of more than 8 bits."""

    def __init__(self) -> None:
        self._turned: list[Path] = []
        self._same_size = 0
        self._deep: list[Path] = []

    def add(self, path: Path, header: Header) -> None:
        """Count an image."""
        if header.orientation != 1:
            self._turned.append(path)
            self._same_size += header.shape == header.stored
        if header.bits > 8:
            self._deep.append(path)

    def sentences(self) -> Iterator[str]:
        """A sentence per kind of preparation."""
        if self._turned:
            yield f"{_counted(self._turned)} turned upright, as EXIF says." + self._unverified()
        if self._deep:
            yield f"{_counted(self._deep)} of more than 8 bits a sample; the upper 8 are read."

    def _unverified(self) -> str:
        if not self._same_size:
            return ""
        return (
            f" Turning keeps the size of {self._same_size:,} of them, so that sizes do not show whether their masks "
            "belong to the upright image, as they must."
        )


def _counted(paths: list[Path]) -> str:
    return f"{paths[0]} is" if len(paths) == 1 else f"{len(paths):,} images ({paths[0]} for one) are"
