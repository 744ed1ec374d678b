"""Archives of arrays: what is no array of numbers, or claims more than there is, is refused before memory is taken."""

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixcon_diag.cache.arrays import read_array, read_arrays, read_headers, write_arrays
from pixcon_diag.passes.forms import Header

GOOD = {"a.x": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.array(0.5), "c": np.asfortranarray(np.eye(3)[:2])}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_arrays(file := tmp_path / "x.npz", GOOD)
    found = read_arrays(file)
    assert list(found) == list(GOOD)
    for name, array in GOOD.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype and (read_array(file, name) == array).all()
    assert read_headers(file) == {"a.x": Header("int", (2, 3)), "b": Header("real", ()), "c": Header("real", (2, 3))}


def record(shape: Any, dtype: Any = "<f8", content: bytes = bytes(32)) -> bytes:
    """An array of any header."""
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\2\0" + len(text).to_bytes(4, "little") + text + content


def zipped(*records: tuple[str, bytes], packed: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        for name, content in records:
            archive.writestr(name, content, packed)
    return buffer.getvalue()


def lying(content: bytes) -> bytes:
    """An archive with records of 2 GB by its list and their headers."""
    size = len(record((4,))).to_bytes(4, "little")
    assert content.count(size) >= 2
    return content.replace(size, (2**31).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(("x.npy", record((2**56,)))), "cut short"),
        (zipped(("x.npy", record((2**40, 2**40)))), "cut short"),
        (zipped(("x.npy", record((5,)))), "cut short"),
        (zipped(("x.npy", record((3,)))), "longer"),
        (zipped(("x.npy", record((-4,)))), "the shape"),
        (zipped(("x.npy", record((4,), "|O"))), "holds object"),
        (zipped(("x.npy", record((0,), "<U500000000"))), "holds <U500000000"),
        (zipped(("x.npy", record((4,), ">f8"))), "holds >f8"),
        (zipped(("x.npy", record((2,), "<c16"))), "holds complex128"),
        (zipped(("x.npy", record((1,), [("a", "<f8"), ("b", "|O")]))), "holds "),
        (zipped(("x.npy", b"\x80\x04cos\nsystem\n.")), "magic"),
        (zipped(("x.npy", record((4,))), packed=zipfile.ZIP_DEFLATED), "compressed"),
        (lying(zipped(("x.npy", record((4,))))), "larger"),
        (zipped(("x.npy", record((4,))), ("x", record((4,)))), "one name"),
        (zipped(*((f"{number}.npy", b"") for number in range(1001))), "1,001 arrays"),
        (b"PK\5\6" + bytes(18), None),
        (record((4,)), "zip"),
        (b"", "zip"),
    ],
)
def test_anything_else_is_refused_before_memory_is_taken(tmp_path: Path, content: bytes, said: str | None) -> None:
    (file := tmp_path / "x.npz").write_bytes(content)
    if said is None:
        assert read_arrays(file) == {}
        return
    tracemalloc.start()
    try:
        with pytest.raises(Exception, match=said):
            read_arrays(file)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_a_changed_number_is_found_by_the_checksum(tmp_path: Path) -> None:
    write_arrays(file := tmp_path / "x.npz", {"x": np.arange(10**6)})
    content = bytearray(file.read_bytes())
    content[-3000] ^= 1
    file.write_bytes(content)
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        read_array(file, "x")
