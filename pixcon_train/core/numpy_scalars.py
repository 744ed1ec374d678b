"""NumPy scalars in checkpoints, which UniMatch V2's files hold in addition to tensors."""

from typing import Any

import numpy as np

_KINDS = "biufcUS"
"""Kinds of dtypes that are read: booleans, numbers, text."""


def allowed_globals() -> list[Any]:
    """The globals that ``torch.load(weights_only=True)`` must allow, under the names of NumPy 1 and NumPy 2."""
    return [
        (numpy_scalar, "numpy.core.multiarray.scalar"),
        (numpy_scalar, "numpy._core.multiarray.scalar"),
        np.dtype,
        *{type(np.dtype(code)) for code in np.typecodes["All"] if np.dtype(code).kind in _KINDS},
    ]


def numpy_scalar(dtype: np.dtype, data: bytes) -> bool | int | float | complex | str | bytes:
    """The value of a pickled NumPy scalar; replaces NumPy's function, which accepts any dtype.

    Raises:
        ValueError: the dtype is neither a number's nor a text's, or the data are not of its size.
    """
    if not isinstance(dtype, np.dtype) or dtype.kind not in _KINDS or len(data) != dtype.itemsize:
        raise ValueError(f"expected a NumPy number or text, got {dtype}")
    value: bool | int | float | complex | str | bytes | np.generic = np.ndarray((), dtype, data).item()
    if isinstance(value, np.generic):  # a long double has no Python type
        return complex(value) if dtype.kind == "c" else float(value)
    return value
