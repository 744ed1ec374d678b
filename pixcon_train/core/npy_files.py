"""The header of an array that NumPy saved, read before its numbers, whatever it claims."""

from typing import IO

import numpy as np
from numpy.lib import format as npy


def read_npy_header(handle: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of the array that begins here; the handle then stands at its first number.

    Raises:
        ValueError: it is no array of version 1 or 2, or a size is negative.
        Exception: of other classes, for a damaged header.
    """
    version = npy.read_magic(handle)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"it is of version {version[0]}.{version[1]} of NumPy's format")
    shape, _, dtype = readers[version](handle)
    if any(size < 0 for size in shape):
        raise ValueError(f"its header says the shape {shape}")
    return shape, dtype
