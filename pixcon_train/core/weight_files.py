"""Reading weight files. Files are untrusted: no code in them is run, and damaged ones are refused."""

import hashlib
import json
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.files import open_regular
from pixcon_train.core.numpy_scalars import allowed_globals
from pixcon_train.core.versions import require
from pixcon_train.core.zip_files import AGAIN, check_records, checked_sha256, has_checksums, is_zip, zip_records

EXPECTED = "Expected a file written by torch.save (.pth, .pt, .ckpt) or a .safetensors file."

CONTENT_HASH = "content_sha256"
"""Entry in the metadata of this project's exports: :func:`content_hash` of what was exported."""

_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""First bytes of files of torch.save from before it wrote zip files."""
_SETTLED = 2 * 10**9
"""Nanoseconds after which another write of a file changes its time on every file system."""


@dataclass(frozen=True)
class WeightFile:
    """Content and hash of a weight file, both of the same bytes."""

    content: Any
    """The saved object, or tensors by key for safetensors; tensors are on the CPU and not memory-mapped."""
    metadata: dict[str, str]
    """Metadata of a safetensors file; empty otherwise."""
    sha256: str
    """Of the file."""
    verified: bool
    """Whether the content was compared with checksums in the file; False if it has none."""


def read_weights(path: Path) -> WeightFile:
    """Read a safetensors file, whatever its name, or one that ``torch.save`` wrote.

    The file is opened once: hash, check and content are of the same bytes even if the file is replaced meanwhile.

    Raises:
        CheckpointError: the file is missing, truncated, damaged, no such file, changes while it is read, or holds
            objects that could not be restored without running code.
        ConfigError: torch is too old.
    """
    with _opened(path) as handle:
        if path.suffix == ".safetensors" or _is_safetensors(handle):
            return _read_safetensors(handle.read(), path)
        before = os.fstat(handle.fileno())
        settled = time.time_ns() - before.st_mtime_ns > _SETTLED
        sha256, verified = _fingerprint(handle)
        try:
            content = _torch_content(handle, path)
        finally:  # a change of the file may be the reason for an error
            now = os.fstat(handle.fileno())
            if not (settled and _identity(before) == _identity(now)) and _file_sha256(handle) != sha256:
                raise CheckpointError(f"{path} has changed while it was read. Is it still being written? Start again.")
        return WeightFile(content, {}, sha256, verified)


def read_structure(path: Path) -> Any:
    """What ``torch.save`` wrote to ``path``, with tensors on the ``meta`` device: their values are not read.

    Raises:
        CheckpointError: as :func:`read_weights`, except for damage to the values of tensors.
    """
    with _opened(path) as handle:
        if is_zip(handle):
            records = zip_records(handle)
            if has_checksums(records):
                check_records(handle, [record for record in records if "/data/" not in record.name])
        return _torch_content(handle, path, device="meta")


def content_hash(state: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> str:
    """SHA-256 over ``metadata``, but for a hash in it, and the keys, dtypes, shapes and values of a state dict."""
    about = sorted((key, value) for key, value in (metadata or {}).items() if key != CONTENT_HASH)
    digest = hashlib.sha256(json.dumps(about).encode() if about else b"")
    for key in sorted(state):
        value = state[key].detach().cpu().contiguous()
        digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    require("torch")
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder. {EXPECTED}")
    if not path.exists():
        raise CheckpointError(f"No file at {path}. {EXPECTED}")
    try:
        with open_regular(path) as handle:
            if not os.fstat(handle.fileno()).st_size:
                raise CheckpointError(f"{path} is empty. {EXPECTED}")
            yield handle
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error


def _is_safetensors(handle: BufferedReader) -> bool:
    """Whether the open file begins with the length of a header in JSON that fits into it, and with that header."""
    handle.seek(0)
    start = handle.read(9)
    handle.seek(0)
    return start[8:] == b"{" and int.from_bytes(start[:8], "little") + 8 <= os.fstat(handle.fileno()).st_size


def _fingerprint(handle: BufferedReader) -> tuple[str, bool]:
    """SHA-256 of the open file, and whether it has checksums, which are compared meanwhile."""
    if not is_zip(handle):
        return _file_sha256(handle), False
    records = zip_records(handle)
    return checked_sha256(handle, records), has_checksums(records)


def _file_sha256(handle: BufferedReader) -> str:
    handle.seek(0)
    return hashlib.file_digest(handle, "sha256").hexdigest()


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """The parts of a file's status that a write changes."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _torch_content(handle: BufferedReader, path: Path, device: str = "cpu") -> Any:
    """What torch.save wrote into the open file; NumPy scalars in it become Python's numbers and texts."""
    handle.seek(0)
    try:
        with torch.serialization.safe_globals(allowed_globals()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols; what cannot be read raises
            return _plain(torch.load(handle, map_location=device, weights_only=True, mmap=False))
    # Damaged bytes make the unpickler fail in any way (KeyError, EOFError, UnicodeDecodeError, ...).
    except Exception as error:
        raise CheckpointError(_why_unreadable(handle, path, str(error) or type(error).__name__)) from error


def _plain(value: Any) -> Any:
    """Nested values as plain dicts and lists: a file may replace the methods of an OrderedDict by attributes."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in dict.items(value)}
    return [_plain(item) for item in value] if type(value) is list else value


def _read_safetensors(data: bytes, path: Path) -> WeightFile:
    from safetensors.torch import load

    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = {
            str(key): str(value) for key, value in json.loads(data[8 : 8 + length]).get("__metadata__", {}).items()
        }
    except Exception as error:  # SafetensorError, or another error where torch lacks the dtype
        reason = ascii(str(error).partition("\n")[0][:200])[1:-1]
        raise CheckpointError(f"{path} is no safetensors file, or it is cut short: {reason}. {AGAIN}") from error
    expected = metadata.get(CONTENT_HASH)
    if expected is not None and content_hash(tensors, metadata) != expected:
        raise CheckpointError(
            f"{path} is damaged: its weights or its description do not have the hash that was exported with them. "
            f"{AGAIN}"
        )
    return WeightFile(tensors, metadata, hashlib.sha256(data).hexdigest(), expected is not None)


def _why_unreadable(handle: BufferedReader, path: Path, reason: str) -> str:
    """The message for an error of torch.load."""
    named = re.search(r"GLOBAL:? ([\w.]+)|<class '([\w.]+)'>", reason)
    if named:
        return (
            f"{path} holds a Python object ({named[1] or named[2]}) that can only be restored by running code from the "
            "file. It was refused and nothing was run. Expected tensors, numbers and text; if you trust its author, "
            "save its state dict alone with torch.save and give that file."
        )
    size = os.fstat(handle.fileno()).st_size
    handle.seek(0)
    start = handle.read(len(_LEGACY))
    said = ascii(reason.rpartition("UnpicklingError")[2].partition("WeightsUnpickler error:")[2].strip() or reason)
    if is_zip(handle) and re.search("PytorchStreamReader|hasRecord|record size", reason):
        first = said[1:-1].partition(". ")[0][:200]
        return f"{path} lacks records of torch.save, or they do not fit one another ({first}). {AGAIN}"
    if is_zip(handle):  # a damaged one is refused before
        return (
            f"{path} is whole, but what it holds cannot be restored ({said[1:200]}). Expected tensors, numbers and "
            "text: save its state dict alone with torch.save and give that file."
        )
    if start == _LEGACY:
        return f"{path} is cut short or damaged ({size} bytes). {AGAIN}"
    return f"{path} is not a checkpoint. {EXPECTED}"
