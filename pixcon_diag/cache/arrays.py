"""NumPy archives in the cache, and the keys they are found by."""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

from pixcon_diag.passes.forms import Header, header_of
from pixcon_train.core.files import open_regular, replacing, to_json
from pixcon_train.core.limited_file import LimitedFile
from pixcon_train.core.npy_files import read_npy_header

Arrays = dict[str, np.ndarray]

MOST = 1000
"""Most arrays of an archive that is read; a pass has fewer than fifty."""


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
        Exception: of many classes, for a file that is missing, cut, changed (each array has a checksum) or compressed,
            or with an array of something else than numbers, or of another size than its header says.
    """
    with _opened(file) as archive:
        return {name: _read(archive, entry) for name, entry in _entries(archive).items()}


def read_array(file: Path, name: str) -> np.ndarray:
    """One of the arrays of an archive; as :func:`read_arrays`."""
    with _opened(file) as archive:
        return _read(archive, _entries(archive)[name])


def read_headers(file: Path) -> dict[str, Header]:
    """Kinds and shapes of the arrays of an archive, whose numbers are not read; as :func:`read_arrays`."""
    with _opened(file) as archive:
        headers = {}
        for name, entry in _entries(archive).items():
            with archive.open(entry) as handle:
                headers[name] = _header(handle, entry)
        return headers


@contextmanager
def _opened(file: Path) -> Iterator[ZipFile]:
    with open_regular(file) as handle, ZipFile(LimitedFile(handle)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST:
            raise ValueError(f"it has {len(entries):,} arrays")
        if any(entry.compress_type != ZIP_STORED for entry in entries):
            raise ValueError("its arrays are compressed")  # a small file could fill the memory
        if sum(entry.file_size for entry in entries) > os.fstat(handle.fileno()).st_size:
            raise ValueError("its arrays claim to be larger than it")
        yield archive


def _entries(archive: ZipFile) -> dict[str, ZipInfo]:
    """The records of an archive by the names of their arrays."""
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
    if len(entries) < len(archive.infolist()):
        raise ValueError("two of its arrays have one name")
    return entries


def _read(archive: ZipFile, entry: ZipInfo) -> np.ndarray:
    """An array, which is allocated after its header is checked."""
    with archive.open(entry) as handle:
        _header(handle, entry)
        handle.seek(0)
        array: np.ndarray = npy.read_array(handle, allow_pickle=False)
        if handle.read(1):  # to the end, where the checksum is compared
            raise ValueError(f"{entry.filename} is longer than its header says")
        return array


def _header(handle: IO[bytes], entry: ZipInfo) -> Header:
    """Kind and shape at the start of a record, of which they must be the size.

    Raises:
        ValueError: it holds something else than numbers of this machine, or is cut short.
    """
    shape, kind = read_npy_header(handle)
    if kind.kind not in "biuf" or kind.itemsize > 8 or not kind.isnative:
        raise ValueError(f"{entry.filename} holds {kind}, expected numbers")
    if handle.tell() + math.prod(shape) * kind.itemsize > entry.file_size:
        raise ValueError(f"{entry.filename} is cut short")
    return header_of(kind, shape)


def write_arrays(file: Path, arrays: Arrays) -> None:
    """Write an archive, whole or not at all.

    Raises:
        PixConError: the folder cannot be written.
    """
    with replacing(file) as temporary, temporary.open("wb") as handle:
        content: dict[str, Any] = arrays  # savez types its keyword arguments as one of its own
        np.savez(handle, **content)
