"""NumPy scalars in checkpoints: UniMatch V2's files hold them beside the tensors."""

from typing import Any

import numpy as np

_KINDS = "biufcUS"
"""Booleans, numbers and texts, as NumPy's dtypes call them."""


def allowed_globals() -> list[Any]:
    """What ``torch.load(weights_only=True)`` has to allow for them, under the names of NumPy 1 and of NumPy 2."""
    return [
        (numpy_scalar, "numpy.core.multiarray.scalar"),
        (numpy_scalar, "numpy._core.multiarray.scalar"),
        np.dtype,
        *{type(np.dtype(code)) for code in np.typecodes["All"] if np.dtype(code).kind in _KINDS},
    ]


def numpy_scalar(dtype: np.dtype, data: bytes) -> bool | int | float | complex | str | bytes:
    """The value of a pickled NumPy scalar; stands in for NumPy's own function, which accepts any dtype.

    Raises:
        ValueError: the dtype is neither a number's nor a text's, or the data are not of its size.
    """
    if not isinstance(dtype, np.dtype) or dtype.kind not in _KINDS or len(data) != dtype.itemsize:
        raise ValueError(f"expected a NumPy number or text, got {dtype}")
    value: bool | int | float | complex | str | bytes | np.generic = np.ndarray((), dtype, data).item()
    if isinstance(value, np.generic):  # a long double, which Python has not
        return complex(value) if dtype.kind == "c" else float(value)
    return value
