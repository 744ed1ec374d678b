"""The files of ``torch.save``: a pickle, and the bytes of each storage that it refers to."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from typing import Any

import torch
from torch import Tensor

from pixcon_train.core.buffers import fill, skip
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.pickle_reader import MOST_BYTES, Pickle
from pixcon_train.core.pickle_values import PickleError, Storage, View, shown
from pixcon_train.core.zip_files import AGAIN, Record, has_checksums, read_record, read_records, zip_records

_PROGRAM = "data.pkl"
_SMALL = {_PROGRAM: MOST_BYTES, "version": 64, "byteorder": 16}
"""Most bytes of the records that are no storage."""
_SAVE_AGAIN = "save its state dict alone with torch.save and give that file."


@dataclass(frozen=True)
class TorchFile:
    """Content and hash of a file."""

    content: Any
    inert: tuple[str, ...]
    """Names of the objects in it that were not restored."""
    sha256: str
    verified: bool
    """Whether the content was compared with checksums in the file."""


def read_zip(handle: BufferedReader) -> TorchFile:
    """The content of an open zip file, with the bytes of tensors read once, hashed and compared with their checksums.

    Raises:
        CheckpointError: it is damaged, or holds what is not read; the message names the file.
    """
    records = zip_records(handle)
    root, sizes = _checked_sizes(handle, records)
    content, sha256 = read_records(handle, records)
    small = {name: content[root + name].numpy().tobytes() for name in _SMALL if name in sizes}
    pickle = _pickle(handle, small)
    _check_storages(handle, pickle, sizes)

    def tensor(view: View) -> Tensor:
        return _strided(content[root + _record_of(view.storage)], view)

    value = _restored(handle, pickle, tensor)
    return TorchFile(value, tuple(sorted(pickle.inert)), sha256, has_checksums(records))


def read_zip_structure(handle: BufferedReader) -> Any:
    """The content of an open zip file with tensors on the ``meta`` device: the bytes of tensors are not read.

    Raises:
        CheckpointError: as :func:`read_zip`, except for damage to the bytes of tensors.
    """
    records = zip_records(handle)
    (root, sizes), checked = _checked_sizes(handle, records), has_checksums(records)
    named = {record.name.removeprefix(root): record for record in records}
    small = {
        name: read_record(handle, named[name], checked=checked).numpy().tobytes() for name in _SMALL if name in sizes
    }
    pickle = _pickle(handle, small)
    _check_storages(handle, pickle, sizes)
    return _restored(handle, pickle, _without_values)


def read_legacy(handle: BufferedReader) -> TorchFile:
    """The content of an open file in the format from before zip files: pickles, then each storage after its length.

    Raises:
        CheckpointError: it is damaged, or holds what is not read; the message names the file.
    """
    handle.seek(0)
    head = BytesIO(handle.read(MOST_BYTES))
    try:
        _, version, system, pickle, keys = (Pickle(head) for _ in range(5))
        about, order = (part.restored(_without_values) for part in (system, keys))
        little = isinstance(about, dict) and about.get("little_endian") is True
        if not little or version.restored(_without_values) != 1001 or not isinstance(order, list):
            raise PickleError("it is of another version of the format, or was written on a big-endian machine")
        digest = hashlib.sha256(head.getbuffer()[: head.tell()])
        storages = _stored(handle, head.tell(), _ordered(pickle, order), digest.update)
        value = pickle.restored(lambda view: _strided(storages[view.storage.key], view))
    except (CheckpointError, MemoryError):  # the file may be whole
        raise
    except PickleError as error:
        raise _not_restored(handle, error) from error
    except Exception as error:  # damaged bytes make the parser fail in many ways
        size = os.fstat(handle.fileno()).st_size
        raise CheckpointError(f"{handle.name} is cut short or damaged ({size} bytes). {AGAIN}") from error
    return TorchFile(value, tuple(sorted(pickle.inert)), digest.hexdigest(), verified=False)


def _ordered(pickle: Pickle, keys: Sequence[Any]) -> list[Storage]:
    """The storages in the order of their keys in the file."""
    if len(keys) != len(set(keys)) or set(keys) != pickle.storages.keys():
        raise ValueError("the list of storages is not that of the tensors")
    return [pickle.storages[key] for key in keys]


def _stored(
    handle: BufferedReader, start: int, storages: Sequence[Storage], update: Callable[[Any], None]
) -> dict[str, Tensor]:
    """The bytes of each storage by its key, with the rest of the file passed to ``update``."""
    handle.seek(start)
    found = {}
    for storage in storages:
        length = handle.read(8)
        update(length)
        left = os.fstat(handle.fileno()).st_size - handle.tell()
        if len(length) < 8 or int.from_bytes(length, "little") != storage.count or storage.bytes > left:
            raise ValueError(f"the length of storage {storage.key} is not that of its tensors")
        found[storage.key] = fill(handle, storage.bytes, update)
    skip(handle, os.fstat(handle.fileno()).st_size - handle.tell(), update)
    return found


def _checked_sizes(handle: BufferedReader, records: Sequence[Record]) -> tuple[str, dict[str, int]]:
    """The folder in the zip that holds everything, as a prefix of names, and the sizes of the records by the names
    behind it; the records that are no storage have to be small."""
    roots = [record.name.removesuffix(_PROGRAM) for record in records if record.name.endswith(f"/{_PROGRAM}")]
    if len(roots) != 1:
        raise _lacks(handle, f"{len(roots)} records {_PROGRAM}")
    if beside := [record.name for record in records if not record.name.startswith(roots[0])]:
        raise _lacks(handle, f"record {shown(beside[0])} lies beside the folder of {_PROGRAM}")
    sizes = {record.name.removeprefix(roots[0]): record.size for record in records}
    if "version" not in sizes:
        raise _lacks(handle, "no record version")
    for name, most in _SMALL.items():
        if sizes.get(name, 0) > most:
            raise CheckpointError(
                f"{handle.name} is no file of torch.save: its record {name} has {sizes[name]} bytes, "
                f"more than {most}. {AGAIN}"
            )
    return roots[0], sizes


def _pickle(handle: BufferedReader, small: Mapping[str, bytes]) -> Pickle:
    """The pickle of a zip file."""
    if small.get("byteorder", b"little") != b"little":
        raise CheckpointError(
            f"{handle.name} was not written on a little-endian machine (byteorder {shown(str(small['byteorder']))}). "
            "Load it there, and save it with torch.save on one such as this."
        )
    data = BytesIO(small[_PROGRAM])
    try:
        pickle = Pickle(data)
        if data.read(1):
            raise PickleError("bytes follow its end")
    except PickleError as error:
        raise _not_restored(handle, error) from error
    except MemoryError:  # the file may be whole
        raise
    except Exception as error:  # damaged bytes make the parser fail in many ways
        raise _not_restored(handle, PickleError(f"it is no pickle: {type(error).__name__}")) from error
    return pickle


def _record_of(storage: Storage) -> str:
    """Name of the record with the bytes of a storage."""
    return f"data/{storage.key}"


def _check_storages(handle: BufferedReader, pickle: Pickle, sizes: Mapping[str, int]) -> None:
    """Compare each storage with its record."""
    for storage in pickle.storages.values():
        name = _record_of(storage)
        if name not in sizes:
            raise _lacks(handle, f"no record {shown(name)}")
        if sizes[name] != storage.bytes:
            raise _lacks(handle, f"record {shown(name)} has {sizes[name]} bytes, not {storage.bytes}")


def _restored(handle: BufferedReader, pickle: Pickle, tensor: Callable[[View], Tensor]) -> Any:
    try:
        return pickle.restored(tensor)
    except PickleError as error:
        raise _not_restored(handle, error) from error


def _strided(content: Tensor, view: View) -> Tensor:
    """A view of the bytes of a storage."""
    if view.storage.dtype == "bool" and content.numpy().max(initial=0) > 1:
        raise PickleError("it holds a tensor of booleans with other bytes than 0 and 1")
    return content.view(getattr(torch, view.storage.dtype)).as_strided(view.shape, view.stride, view.offset)


def _without_values(view: View) -> Tensor:
    return torch.empty_strided(view.shape, view.stride, dtype=getattr(torch, view.storage.dtype), device="meta")


def _lacks(handle: BufferedReader, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{handle.name} lacks records of torch.save, or they do not fit one another ({reason}). {AGAIN}"
    )


def _not_restored(handle: BufferedReader, error: PickleError) -> CheckpointError:
    return CheckpointError(
        f"{handle.name} is not read: {error}. Nothing in it was run. Expected dense tensors, numbers and text: "
        f"{_SAVE_AGAIN}"
    )
