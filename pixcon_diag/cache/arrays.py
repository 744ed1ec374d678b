"""NumPy archives in the cache, and the keys they are found by."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

from pixcon_train.core.files import open_regular, replacing, to_json

Arrays = dict[str, np.ndarray]


def as_json(key: Mapping[str, Any]) -> dict[str, Any]:
    """A key as JSON returns it: tuples become lists, NaN becomes None."""
    content: dict[str, Any] = json.loads(to_json(dict(key)))
    return content


def key_digest(key: Mapping[str, Any]) -> str:
    """The first 16 hexadecimal digits of a key's SHA-256; the order of its entries does not matter."""
    return hashlib.sha256(json.dumps(as_json(key), sort_keys=True).encode()).hexdigest()[:16]


def read_arrays(file: Path) -> Arrays:
    """The arrays of an archive, read without pickle: a file cannot run code.

    Raises:
        MemoryError: the arrays do not fit into memory.
        Exception: of many classes, for a file that is missing, cut, changed (each array has a checksum), pickled or
            compressed, or whose arrays claim to be larger than it.
    """
    with _opened(file) as archive:
        return {name: _array(archive, name) for name in archive.files}


def read_array(file: Path, name: str) -> np.ndarray:
    """One of the arrays of an archive; as :func:`read_arrays`."""
    with _opened(file) as archive:
        return _array(archive, name)


def array_names(file: Path) -> list[str]:
    """Names of the arrays of an archive, which are not read; as :func:`read_arrays`."""
    with _opened(file) as archive:
        return list(archive.files)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    # np.load, given a path, leaves a damaged archive open.
    with open_regular(file) as handle, np.load(handle, allow_pickle=False) as archive:
        if any(entry.compress_type != ZIP_STORED for entry in archive.zip.infolist()):
            raise ValueError("its arrays are compressed")  # a small file could fill the memory
        yield archive


def _array(archive: Any, name: str) -> np.ndarray:
    """An array of an open archive, after its header is compared with its size."""
    entry: ZipInfo = archive.zip.getinfo(f"{name}.npy")
    if _claimed(archive.zip, entry) > entry.file_size:
        raise ValueError(f"{entry.filename} is cut short")
    array: np.ndarray = archive[name]
    return array


def _claimed(archive: ZipFile, entry: ZipInfo) -> int:
    """The bytes of an array by its header."""
    with archive.open(entry) as handle:
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(handle)]
        shape, _, kind = read(handle)
    return math.prod(shape) * int(kind.itemsize)


def write_arrays(file: Path, arrays: Arrays) -> None:
    """Write an archive, whole or not at all.

    Raises:
        PixConError: the folder cannot be written.
    """
    with replacing(file) as temporary, temporary.open("wb") as handle:
        content: dict[str, Any] = arrays  # savez types its keyword arguments as one of its own
        np.savez(handle, **content)
