"""Safetensors files: a header in JSON, and the bytes of each tensor one after another."""

import hashlib
import json
import os
from io import BufferedReader
from math import prod
from typing import Any

import torch
from torch import Tensor

from pixcon_train.core.buffers import fill
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.pickle_values import LONGEST_EMPTY, MOST_DIMENSIONS, checked_text, shown
from pixcon_train.core.zip_files import AGAIN

_LARGEST_HEADER = 2**24
_MOST_TENSORS = 50_000
_ABOUT = "__metadata__"
_DTYPES = {
    **{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16},
    **{"I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8},
    "BOOL": torch.bool,
}


def is_safetensors(handle: BufferedReader) -> bool:
    """Whether the open file begins with the length of a header in JSON that fits into it, and with that header."""
    handle.seek(0)
    start = handle.read(9)
    return start[8:] == b"{" and int.from_bytes(start[:8], "little") + 8 <= os.fstat(handle.fileno()).st_size


def read_safetensors(handle: BufferedReader) -> tuple[dict[str, Tensor], dict[str, str], str]:
    """Tensors by key, metadata, and the SHA-256 of the open file.

    Raises:
        CheckpointError: its header is not as the format demands, or holds other dtypes; the message names the file.
    """
    handle.seek(0)
    start = handle.read(8)
    length, size = int.from_bytes(start, "little"), os.fstat(handle.fileno()).st_size
    try:
        if not 2 <= length <= min(_LARGEST_HEADER, size - 8):
            raise ValueError(f"a header of {length} bytes")
        text = handle.read(length)
        header = json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_refused)
        metadata = _metadata(header.pop(_ABOUT, {}))
        places = _places(header, size - 8 - length)
    except MemoryError:  # the file may be whole
        raise
    except Exception as error:  # json fails in many ways (RecursionError, UnicodeDecodeError, ...)
        reason = shown(str(error).partition("\n")[0]) or type(error).__name__
        raise CheckpointError(f"{handle.name} is no safetensors file, or it is cut short: {reason}. {AGAIN}") from error
    digest = hashlib.sha256(start + text)
    tensors = {}
    for key, (dtype, shape, held) in places.items():
        tensors[key] = fill(handle, held, digest.update).view(dtype).reshape(shape)
        if dtype == torch.bool and tensors[key].view(torch.uint8).numpy().max(initial=0) > 1:
            raise CheckpointError(
                f"{handle.name} is damaged: {shown(key)} has other values than true and false. {AGAIN}"
            )
    return {key: tensors[key] for key in header}, metadata, digest.hexdigest()


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {checked_text(key): value for key, value in pairs}
    if len(found) < len(pairs):
        raise ValueError("a name twice in its header")
    return found


def _refused(name: str) -> None:
    raise ValueError(f"{name} in its header")


def _metadata(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("metadata that are not texts by name")
    return {key: checked_text(value) for key, value in found.items()}


def _places(header: dict[str, Any], size: int) -> dict[str, tuple[torch.dtype, list[int], int]]:
    """Dtype, shape and bytes of each tensor in the order of the file, in which they lie without gaps or overlaps."""
    if len(header) > _MOST_TENSORS:
        raise ValueError(f"{len(header)} tensors; expected {_MOST_TENSORS} at most")
    found = {key: _entry(key, entry) for key, entry in header.items()}
    end, places = 0, {}
    for key, (dtype, shape, begin, after) in sorted(found.items(), key=lambda item: item[1][2:]):
        if begin != end:
            raise ValueError(f"a gap or an overlap before {shown(key)}")
        places[key], end = (dtype, shape, after - begin), after
    if end != size:
        raise ValueError(f"{size} bytes of tensors, not {end}")
    return places


def _entry(key: str, entry: Any) -> tuple[torch.dtype, list[int], int, int]:
    """Dtype, shape, and first and last place of one tensor."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{shown(key)} without dtype, shape and data_offsets alone")
    name, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(name, str) or name not in _DTYPES:
        raise ValueError(f"{shown(key)} of dtype {shown(str(name))}; expected one of {', '.join(_DTYPES)}")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(shape) > MOST_DIMENSIONS or len(offsets) != 2:
        raise ValueError(f"{shown(key)} with another shape or place than whole numbers")
    if prod(shape) * _DTYPES[name].itemsize != offsets[1] - offsets[0] or (0 in shape and max(shape) > LONGEST_EMPTY):
        raise ValueError(f"{shown(key)} with a shape that does not fit its bytes")
    return _DTYPES[name], shape, offsets[0], offsets[1]


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**62 for value in values)
