"""Reading files of weights. A file is untrusted: nothing in it is ever run."""

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixcon_train.errors import CheckpointError

EXPECTED = "Expected a file written by torch.save (.pth, .pt, .ckpt) or a .safetensors file."


def read_weights(path: Path) -> tuple[Any, dict[str, str]]:
    """Content and metadata of a ``.safetensors`` file, or of one that ``torch.save`` wrote (no metadata).

    Tensors are on the CPU.

    Raises:
        CheckpointError: the file is missing, truncated, no such file, or holds objects that could not be restored
            without running code.
    """
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder. {EXPECTED}")
    if not path.is_file():
        raise CheckpointError(f"No file at {path}. {EXPECTED}")
    try:
        path.open("rb").close()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    return read_torch_file(path), {}


def read_torch_file(path: Path) -> Any:
    """Content of the existing file ``path`` that ``torch.save`` wrote; NumPy scalars in it become Python numbers.

    Raises:
        CheckpointError: as :func:`read_weights`.
    """
    try:
        with torch.serialization.safe_globals(_numpy_globals()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols; what cannot be read raises
            # A mapped file costs no memory for what is not used (an optimizer is twice the model).
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    # Damaged bytes make the unpickler fail in any way (KeyError, EOFError, UnicodeDecodeError, ...).
    except Exception as error:
        raise CheckpointError(_why_unreadable(path, str(error))) from error


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device="cpu") as handle:
            return {key: handle.get_tensor(key) for key in handle.keys()}, dict(handle.metadata() or {})  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointError(f"{path} is no safetensors file, or it is cut short: {error}. Copy it again.") from error


def _why_unreadable(path: Path, reason: str) -> str:
    """One message for what torch.load said about a file."""
    forbidden = re.search(r"GLOBAL:? ([\w.]+)", reason)
    if forbidden:
        return (
            f"{path} holds a Python object ({forbidden[1]}) that can only be restored by running code from the file. "
            "It was refused and nothing was run. Expected tensors, numbers and text; if you trust its author, save "
            "its state dict alone with torch.save and give that file."
        )
    if not (size := path.stat().st_size):
        return f"{path} is empty. {EXPECTED}"
    with path.open("rb") as handle:
        start = handle.read(2)
    if start == b"PK" or "unexpected EOF" in reason:
        return f"{path} is cut short or damaged ({size} bytes). Copy or download it again."
    return f"{path} is not a checkpoint. {EXPECTED}"


def _numpy_globals() -> list[Any]:
    """What UniMatch V2's files hold beside tensors: NumPy scalars, under the names of NumPy 1 and of NumPy 2."""
    return [
        (_numpy_scalar, "numpy.core.multiarray.scalar"),
        (_numpy_scalar, "numpy._core.multiarray.scalar"),
        np.dtype,
        np.dtypes.Float64DType,
        np.dtypes.Float32DType,
        np.dtypes.Int64DType,
    ]


def _numpy_scalar(dtype: np.dtype, data: bytes) -> float:
    """The number in a pickled NumPy scalar; stands in for NumPy's own function, which accepts any dtype.

    Raises:
        ValueError: the dtype is neither a float nor an integer.
    """
    if dtype.kind not in "fi":
        raise ValueError(f"expected a NumPy float or integer, got {dtype}")
    return np.frombuffer(data, dtype)[0].item()
