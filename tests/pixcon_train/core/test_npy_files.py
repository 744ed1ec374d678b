"""The header of NumPy's arrays: what NumPy writes, and what it never writes."""

import io

import numpy as np
import pytest
from numpy.lib import format as npy

from pixcon_train.core.npy_files import read_npy_header


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize(
    "values", [np.zeros((2, 3), np.float16), np.asfortranarray(np.ones((4, 5), ">i4")), np.array(1.0)]
)
def test_shape_and_type_are_those_of_the_array(values: np.ndarray, version: tuple[int, int]) -> None:
    npy.write_array(handle := io.BytesIO(), values, version=version)
    handle.seek(0)
    assert read_npy_header(handle) == (values.shape, values.dtype)
    assert len(handle.read()) == values.nbytes  # it stands at the first number


def header(shape: tuple[int, ...]) -> bytes:
    npy.write_array_header_1_0(handle := io.BytesIO(), {"descr": "<f4", "fortran_order": False, "shape": shape})
    return handle.getvalue()


def test_what_is_no_array_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the shape \(-2, 3\)"):
        read_npy_header(io.BytesIO(header((-2, 3))))
    with pytest.raises(ValueError, match=r"version 3\.0"):
        read_npy_header(io.BytesIO(b"\x93NUMPY\3\0" + header((2,))[8:]))
    for content in (b"", b"\x93NUM", b"\x93NUMPY\1\0", header((2,))[:40]):
        with pytest.raises(ValueError, match=r"magic|EOF"):
            read_npy_header(io.BytesIO(content))
