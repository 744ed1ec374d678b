"""Reading weight files. Files are untrusted: nothing in them is run, and damaged ones are refused."""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.exhausted_memory import explain_out_of_memory
from pixcon_train.core.files import open_regular
from pixcon_train.core.foreign_files import START, foreign_kind
from pixcon_train.core.paths import exists, is_folder
from pixcon_train.core.pickle_values import LEGACY
from pixcon_train.core.safetensors_files import is_safetensors, read_safetensors
from pixcon_train.core.torch_files import TorchFile, read_legacy, read_zip, read_zip_structure
from pixcon_train.core.versions import require
from pixcon_train.core.zip_files import AGAIN, is_zip

EXPECTED = "Expected a file written by torch.save (.pth, .pt, .ckpt) or a .safetensors file."

CONTENT_HASH = "content_sha256"
"""Entry in the metadata of this project's exports: :func:`content_hash` of what was exported."""

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
    inert: tuple[str, ...]
    """Names of Python objects in the file that were not restored, as they are neither tensors nor plain values."""


def read_weights(path: Path, *, allow_legacy: bool = False) -> WeightFile:
    """Read a safetensors file, whatever its name, or one that ``torch.save`` wrote.

    The file is opened once, and each byte is read once: hash, check and content are of the same bytes.

    Args:
        allow_legacy: read files in the format from before torch wrote zip files, which have no checksums.

    Raises:
        CheckpointError: the file is missing, truncated, damaged, no such file, changes while it is read, or holds
            tensors of a kind that is not read.
        ConfigError: torch is too old, or memory does not suffice.
    """
    with _opened(path) as handle:
        before = os.fstat(handle.fileno())
        settled = time.time_ns() - before.st_mtime_ns > _SETTLED
        try:
            read = _read(handle, path, allow_legacy=allow_legacy)
        except CheckpointError:
            if _identity(before) == _identity(os.fstat(handle.fileno())):
                raise
            raise _changed(path) from None
        same = settled and _identity(before) == _identity(os.fstat(handle.fileno()))
        if not same and _file_sha256(handle) != read.sha256:
            raise _changed(path)
        return read


def read_structure(path: Path) -> Any:
    """What ``torch.save`` wrote to the zip file ``path``, with tensors on the ``meta`` device: values are not read.

    Raises:
        CheckpointError: as :func:`read_weights`, except for damage to the values of tensors.
    """
    with _opened(path) as handle:
        if not is_zip(handle):
            raise CheckpointError(f"{path} is no zip file of torch.save, as pixcon-train writes them. {EXPECTED}")
        return read_zip_structure(handle)


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
    if is_folder(path):
        raise CheckpointError(f"{path} is a folder. {EXPECTED}")
    if not exists(path):
        raise CheckpointError(f"No file at {path}. {EXPECTED}")
    try:
        with explain_out_of_memory(lambda: _free_memory(path)), open_regular(path) as handle:
            if not os.fstat(handle.fileno()).st_size:
                raise CheckpointError(f"{path} is empty. {EXPECTED}")
            yield handle
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error


def _free_memory(path: Path) -> str:
    """What to do where memory is out, in words."""
    return f"It was reading {path}, which may be whole. End other programs, or use a machine with more memory."


def _file_sha256(handle: BufferedReader) -> str:
    handle.seek(0)
    return hashlib.file_digest(handle, "sha256").hexdigest()


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """The parts of a file's status that a write changes."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _changed(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} has changed while it was read. Is it still being written? Start again.")


def _read(handle: BufferedReader, path: Path, *, allow_legacy: bool) -> WeightFile:
    kind = foreign_kind(handle.read(START))
    if kind is not None:
        raise CheckpointError(f"{path} {kind} {EXPECTED}")
    handle.seek(0)
    if path.suffix == ".safetensors" or is_safetensors(handle):
        return _safetensors_file(handle, path)
    found = _torch_file(handle, path, allow_legacy=allow_legacy)
    return WeightFile(found.content, {}, found.sha256, found.verified, found.inert)


def _torch_file(handle: BufferedReader, path: Path, *, allow_legacy: bool) -> TorchFile:
    if is_zip(handle):
        return read_zip(handle)
    handle.seek(0)
    if handle.read(len(LEGACY)) != LEGACY:
        raise CheckpointError(f"{path} is not a checkpoint. {EXPECTED}")
    if not allow_legacy:
        raise CheckpointError(
            f"{path} is in torch's format from before version 1.6, which has no checksums: damage to it cannot be "
            "noticed. Save it again, torch.save(torch.load(FILE, weights_only=True), NEW), or read it as it is with "
            "--allow-legacy (allow_legacy=True)."
        )
    return read_legacy(handle)


def _safetensors_file(handle: BufferedReader, path: Path) -> WeightFile:
    tensors, metadata, sha256 = read_safetensors(handle)
    expected = metadata.get(CONTENT_HASH)
    if expected is not None and content_hash(tensors, metadata) != expected:
        raise CheckpointError(
            f"{path} is damaged: its weights or its description do not have the hash that was exported with them. "
            f"{AGAIN}"
        )
    return WeightFile(tensors, metadata, sha256, expected is not None, ())
