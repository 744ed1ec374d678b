"""The statistics of a cached pass, of which those of each image are read when they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pixcon_diag.cache.arrays import Arrays, array_names, read_array
from pixcon_train.core.errors import PixConError


class SavedState(Mapping[str, np.ndarray]):
    """Statistics by name; each access to rows of images reads them from their files: unused ones take no memory.

    Args:
        files: archives with the rows of consecutive images, in their order.
        rest: the rows of the images after them, and the other statistics.

    Raises:
        Exception: as :func:`pixcon_diag.cache.arrays.read_arrays`, for a damaged file.
    """

    def __init__(self, files: Sequence[Path], rest: Arrays) -> None:
        self._rest = rest
        self._files: dict[str, list[Path]] = {}
        for file in files:
            for name in array_names(file):
                self._files.setdefault(name, []).append(file)
        self._names = dict.fromkeys((*rest, *self._files))

    def __getitem__(self, name: str) -> np.ndarray:
        """The statistic ``name``; the integers of rows are of the smallest sufficient type.

        Raises:
            KeyError: there is no such statistic.
            PixConError: a file was changed since the pass was verified.
            MemoryError: the rows do not fit into memory.
        """
        parts = [_read(file, name) for file in self._files.get(name, ())]
        if name in self._rest or not parts:
            parts.append(self._rest[name])
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def narrowed(rows: np.ndarray) -> np.ndarray:
    """Integers in the smallest sufficient signed type, whose sums NumPy widens; other numbers as they are."""
    if rows.dtype.kind != "i" or not rows.size:
        return rows
    low, high = int(rows.min()), int(rows.max())
    kinds = (np.int8, np.int16, np.int32, np.int64)
    return rows.astype(next(kind for kind in kinds if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max))


def _read(file: Path, name: str) -> np.ndarray:
    try:
        return read_array(file, name)
    except MemoryError:  # the file may be whole
        raise
    except Exception as error:  # whatever happened to the file after it was verified
        raise PixConError(
            f"{file} cannot be read ({error or type(error).__name__}), which was whole before. Was the pass made again "
            "meanwhile? Run the command again; if that does not help, remove its folder."
        ) from error
