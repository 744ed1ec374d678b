"""The statistics of a cached pass, of which those of each image are read when they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pixcon_diag.cache.arrays import Arrays, read_array, read_headers
from pixcon_diag.passes.forms import Header, header_of
from pixcon_train.core.errors import PixConError


class SavedState(Mapping[str, np.ndarray]):
    """Statistics by name; each access to rows of images reads them from their files: unused ones take no memory.

    Args:
        files: archives with the rows of consecutive images, in their order.
        rest: the rows of the images after them, and the other statistics.

    Raises:
        Exception: as :func:`pixcon_diag.cache.arrays.read_arrays`, for a damaged file, or one whose rows do not fit
            those of another.
    """

    def __init__(self, files: Sequence[Path], rest: Arrays) -> None:
        self._rest = rest
        self._files: dict[str, list[Path]] = {}
        self.headers = {name: header_of(array.dtype, array.shape) for name, array in rest.items()}
        """Kind and shape of every statistic."""
        for file in files:
            for name, header in read_headers(file).items():
                self._files.setdefault(name, []).append(file)
                self.headers[name] = _joined(name, header, self.headers.get(name))
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


def _joined(name: str, header: Header, other: Header | None) -> Header:
    """The header of the rows of two files, the second of which may have none."""
    if other is None:
        return header
    if header.kind != other.kind or not header.shape or header.shape[1:] != other.shape[1:]:
        raise ValueError(f"the rows of {name} are {header} in one file and {other} in another")
    return Header(header.kind, (header.shape[0] + other.shape[0], *header.shape[1:]))


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
