"""Probabilities and logits from files: what NumPy and PyTorch wrote, told apart, and everything else refused."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.lib import format as npy

from pixcon_diag.data.score_files import read_scores
from pixcon_train.core.errors import CheckpointError, DataError, PixConError

SHAPE = (3, 4, 5)
LOGITS = np.random.default_rng(0).normal(0, 4, SHAPE).astype(np.float32)
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(0)


def write(path: Path, values: np.ndarray, **named: np.ndarray) -> Path:
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez_compressed(path, **(named or {"any": values}))
    else:
        torch.save(torch.from_numpy(values), path)
    return path


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".pt", ".pth"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("form", ["probabilities", "logits"])
def test_what_was_saved_is_read_and_told_apart(tmp_path: Path, suffix: str, dtype: str, form: str) -> None:
    values = (PROBABILITIES if form == "probabilities" else LOGITS).astype(dtype)
    found = read_scores(write(tmp_path / f"a{suffix}", values), SHAPE)
    assert (found.dtype, found.form) == (dtype, form)
    assert found.values.dtype == dtype and (found.values == values).all()


@pytest.mark.parametrize("form", ["probabilities", "logits"])
def test_bfloat16_is_read_from_pytorch_s_files(tmp_path: Path, form: str) -> None:
    values = torch.from_numpy(PROBABILITIES if form == "probabilities" else LOGITS).bfloat16()
    torch.save(values, tmp_path / "a.pt")
    found = read_scores(tmp_path / "a.pt", SHAPE)
    assert (found.dtype, found.form) == ("bfloat16", form)
    assert (found.values == values.float().numpy()).all()


def test_rounded_probabilities_of_many_classes_are_probabilities(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for classes in (1, 2, 150, 1000):
        logits = random.normal(0, 3, (classes, 8, 8))
        values = np.exp(logits) / np.exp(logits).sum(0)
        for dtype in ("float16", "float32", "float64"):
            found = read_scores(write(tmp_path / "a.npy", values.astype(dtype)), (classes, 8, 8))
            assert found.form == "probabilities", (classes, dtype)


def bicubic(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    resized: np.ndarray = torch.nn.functional.interpolate(torch.from_numpy(values)[None], size, mode="bicubic")[0]
    return np.asarray(resized)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_interpolated_probabilities_are_probabilities(tmp_path: Path, dtype: str) -> None:
    """A cubic kernel overshoots at edges but keeps the sum over the classes."""
    labels = np.random.default_rng(0).integers(3, size=(6, 7))
    values = bicubic(np.eye(3)[labels].transpose(2, 0, 1).astype(np.float32), (24, 30)).astype(dtype)
    assert -0.5 < values.min() < -0.1 and 1.1 < values.max() < 1.5
    found = read_scores(write(tmp_path / "a.npy", values), values.shape)
    assert (found.form, found.interpolated) == ("probabilities", True)
    assert not read_scores(write(tmp_path / "b.npy", PROBABILITIES), SHAPE).interpolated
    assert not read_scores(write(tmp_path / "c.npy", LOGITS), SHAPE).interpolated


def test_interpolated_sigmoids_are_neither(tmp_path: Path) -> None:
    values = bicubic(1 / (1 + np.exp(-3 * np.random.default_rng(0).normal(0, 1, (3, 6, 7)))), (24, 30))
    assert values.min() < 0
    with pytest.raises(DataError, match="neither probabilities, which sum to one at each, nor logits"):
        read_scores(write(tmp_path / "a.npy", values), values.shape)


@pytest.mark.parametrize("scale", [0.5, 1.0, 20.0])
def test_small_and_large_logits_are_logits(tmp_path: Path, scale: float) -> None:
    values = np.random.default_rng(0).normal(0, scale, (21, 6, 7))
    assert read_scores(write(tmp_path / "a.npy", values), values.shape).form == "logits"


def test_logits_beyond_float32_are_logits(tmp_path: Path) -> None:
    values = np.where(LOGITS > 0, LOGITS.astype(float) * 1e300, np.finfo(float).min)
    assert read_scores(write(tmp_path / "a.npy", values), SHAPE).form == "logits"


def test_forms_of_arrays_that_numpy_may_have_saved(tmp_path: Path) -> None:
    for values in (
        np.asfortranarray(LOGITS),
        LOGITS.astype(">f4"),
        LOGITS.transpose(2, 0, 1).copy().transpose(1, 2, 0),
    ):
        found = read_scores(write(tmp_path / "a.npy", values), SHAPE)
        assert (found.values == LOGITS).all() and found.values.dtype.isnative


def test_a_view_of_a_small_batch_is_read(tmp_path: Path) -> None:
    batch = torch.from_numpy(np.stack([LOGITS, LOGITS + 1]))
    torch.save(batch[1], tmp_path / "a.pt")
    assert (read_scores(tmp_path / "a.pt", SHAPE).values == LOGITS + 1).all()
    torch.save(torch.zeros(100_000, *SHAPE)[7], tmp_path / "b.pt")
    with pytest.raises(DataError, match=r"bytes for a tensor of 240: it is a part of a larger one.*clone"):
        read_scores(tmp_path / "b.pt", SHAPE)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((1, 3, 4, 5), "without the batch dimension"),
        ((4, 5, 3), r"transpose\(2, 0, 1\)"),
        ((3, 2, 2), "Resize logits to the mask's size"),
        ((7, 4, 5), "another data set"),
        ((4, 5), "one array of each image"),
        ((), "one array of each image"),
    ],
)
@pytest.mark.parametrize("suffix", [".npz", ".npy", ".pt"])
def test_another_shape_is_named_with_its_remedy(tmp_path: Path, shape: tuple[int, ...], said: str, suffix: str) -> None:
    file = write(tmp_path / f"a{suffix}", np.zeros(shape, np.float32))
    with pytest.raises(DataError, match=rf"has the shape .* Expected \(3, 4, 5\): the classes .*{said}"):
        read_scores(file, SHAPE)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
@pytest.mark.parametrize("suffix", [".npz", ".pt"])
def test_labels_are_no_scores(tmp_path: Path, dtype: str, suffix: str) -> None:
    file = write(tmp_path / f"a{suffix}", np.zeros(SHAPE, dtype))
    with pytest.raises(DataError, match=f"holds {dtype}. Expected probabilities or logits as floating-point"):
        read_scores(file, SHAPE)


def spoilt(change: Callable[[np.ndarray], Any], values: np.ndarray = LOGITS) -> np.ndarray:
    copy = values.copy()
    change(copy)
    return copy


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (spoilt(lambda v: v.__setitem__((0, 1, 1), np.nan)), "holds NaN"),
        (spoilt(lambda v: v.__setitem__((0, 1, 1), np.inf)), "holds infinite values"),
        (spoilt(lambda v: v.__setitem__((0, 1, 1), 0.9), PROBABILITIES), "one at 95% of the pixels: neither"),
        (spoilt(lambda v: v.__setitem__((0, 1, 1), -9), PROBABILITIES), "one at 95% of the pixels: neither"),
        (spoilt(lambda v: v.__setitem__(0, v[0] + 1 - v.sum(0))), "one at 100% of the pixels: neither"),
        (1 / (1 + np.exp(-LOGITS)), "neither probabilities, which sum to one"),
        (100 * PROBABILITIES, "about 100 at every pixel, as of scaled probabilities"),
        (np.round(255 * PROBABILITIES), "about 255 at every pixel, as of scaled probabilities"),
        (np.zeros(SHAPE, np.float32), "sum over the classes is 0 to 0"),
    ],
)
def test_scores_that_are_neither_are_refused(tmp_path: Path, values: np.ndarray, said: str) -> None:
    with pytest.raises(DataError, match=rf"a.npy holds .*{said}|a.npy {said}"):
        read_scores(write(tmp_path / "a.npy", values), SHAPE)


def test_log_probabilities_are_logits(tmp_path: Path) -> None:
    values = spoilt(lambda v: v.__setitem__((0, 1, 1), -np.inf), np.log(PROBABILITIES))
    assert read_scores(write(tmp_path / "a.npy", values), SHAPE).form == "logits"


def test_an_archive_holds_one_array(tmp_path: Path) -> None:
    file = write(tmp_path / "a.npz", LOGITS, logits=LOGITS, labels=LOGITS)
    with pytest.raises(DataError, match=r"holds 2 arrays \('logits, labels'\). Expected one"):
        read_scores(file, SHAPE)
    with zipfile.ZipFile(file, "w"):
        pass
    with pytest.raises(DataError, match="holds 0 arrays"):
        read_scores(file, SHAPE)


@pytest.mark.parametrize("content", [{"logits": torch.zeros(SHAPE)}, [torch.zeros(SHAPE)], 5, "text"])
def test_a_file_of_pytorch_holds_a_tensor_alone(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(DataError, match=r"holds a \w+. Expected the logits or probabilities .* as a tensor alone"):
        read_scores(tmp_path / "a.pt", SHAPE)


def header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    npy.write_array_header_1_0(handle := io.BytesIO(), {"descr": dtype, "fortran_order": False, "shape": shape})
    return handle.getvalue()


def zipped(content: bytes, packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(handle := io.BytesIO(), "w", packed) as archive:
        archive.writestr("a.npy", content)
    return handle.getvalue()


WHOLE = header(SHAPE) + LOGITS.tobytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.npy", header((2**40, 4, 5)), "has the shape"),
        ("a.npy", header((-3, 4, 5)), "cannot be read"),
        ("a.npy", header(SHAPE), "cannot be read: .*bytes, other than its header says"),
        ("a.npy", WHOLE[:-1], "cannot be read"),
        ("a.npy", WHOLE + b"x", "cannot be read"),
        ("a.npy", header(SHAPE, "|O") + b"\x80\x04cos\nsystem\n.", r"holds object"),
        ("a.npy", b"\x93NUMPY\x03\0" + WHOLE[8:], "version 3.0"),
        ("a.npy", b"\x93NUMPY\1\0\xff\xff{'descr':" + b"(" * 5000, "cannot be read"),
        ("a.npy", b"", "cannot be read"),
        ("a.npy", b"\x80\x04cos\nsystem\n.", "cannot be read"),
        ("a.npz", zipped(header((2**40, 4, 5))), "has the shape"),
        ("a.npz", zipped(WHOLE + bytes(2**26)), "bytes, other than its header says"),
        ("a.npz", zipped(WHOLE[:-1]), "bytes, other than its header says"),
        ("a.npz", zipped(WHOLE, zipfile.ZIP_LZMA), "compressed in another way"),
        ("a.npz", zipped(WHOLE)[:-9], "cannot be read"),
        ("a.npz", b"PK\3\4" + bytes(90), "cannot be read"),
        ("a.npz", WHOLE, "cannot be read"),
        ("a.pt", b"", "is empty"),
        ("a.pt", zipped(WHOLE), "torch"),
        ("a.pt", b"\x80\x02cos\nsystem\n.", "not a checkpoint|no zip file"),
    ],
)
def test_anything_else_is_one_message_before_memory_is_taken(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises((DataError, CheckpointError), match=said):
            read_scores(tmp_path / name, SHAPE)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".pt"])
def test_a_missing_file_and_a_folder_are_one_message(tmp_path: Path, suffix: str) -> None:
    for name in (f"none{suffix}", f"folder{suffix}"):
        (tmp_path / f"folder{suffix}").mkdir(exist_ok=True)
        with pytest.raises(PixConError, match=name):
            read_scores(tmp_path / name, SHAPE)


def test_a_changed_byte_of_an_archive_is_found_by_its_checksum(tmp_path: Path) -> None:
    content = bytearray(zipped(WHOLE, zipfile.ZIP_STORED))
    content[250] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read: .*CRC"):
        read_scores(tmp_path / "a.npz", SHAPE)
