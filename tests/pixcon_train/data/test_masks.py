"""Masks are read by value, whatever their files look like to a viewer."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pixcon_train.core.errors import DataError
from pixcon_train.data.images import read_image
from pixcon_train.data.masks import read_indices
from tests.pixcon_train.data.files import png, save_image, tiff

SMALL = np.random.default_rng(0).integers(4, size=(5, 7), dtype=np.uint8)
"""Labels that fit into two bits."""
BYTES = np.random.default_rng(1).integers(256, size=(5, 7), dtype=np.uint8)


def read(path: Path, content: bytes) -> np.ndarray:
    path.write_bytes(content)
    values = read_indices(path)
    assert values.dtype == np.uint8 and values.flags.writeable
    return values


@pytest.mark.parametrize(
    ("values", "content"),
    [
        (SMALL, png(SMALL, bits=2)),
        (SMALL, png(SMALL, bits=4)),
        (BYTES, png(BYTES, bits=8)),
        (BYTES, png(BYTES.astype(np.uint16), bits=16)),
        (SMALL % 2, png(SMALL % 2, bits=1)),
        (SMALL, b"P5 7 5 3\n" + SMALL.tobytes()),
        (SMALL, b"P5 7 5 20\n" + SMALL.tobytes()),
        (BYTES, b"P5 7 5 255\n" + BYTES.tobytes()),
        (BYTES, b"P5 7 5 20\n" + BYTES.tobytes()),  # values beyond the stated largest one: void, say
        (BYTES, b"P5 7 5 1000\n" + BYTES.astype(">u2").tobytes()),
        (BYTES, b"P5 7 5 65535\n" + BYTES.astype(">u2").tobytes()),
        (SMALL, b"P2 7 5 3\n" + " ".join(map(str, SMALL.ravel())).encode()),
        (BYTES, b"P2 7 5 1000\n" + " ".join(map(str, BYTES.ravel())).encode()),
        (1 - SMALL % 2, b"P1 7 5\n" + " ".join(map(str, (SMALL % 2).ravel())).encode()),  # 1 is black
        (1 - SMALL % 2, b"P4 7 5\n" + np.packbits(SMALL % 2, axis=1).tobytes()),
        (SMALL, tiff(SMALL, bits=2)),
        (SMALL, tiff(SMALL, bits=4)),
        (SMALL % 2, tiff(SMALL % 2, bits=1)),
        (SMALL % 2, tiff(SMALL % 2, bits=1, t262=0)),
        (SMALL, tiff(SMALL, bits=2, t262=0)),
        (SMALL, tiff(SMALL, bits=4, t262=0)),
        (BYTES, tiff(BYTES)),
        (BYTES, tiff(BYTES, t262=0)),
        (BYTES, tiff(BYTES.astype(np.uint16))),
        (BYTES, tiff(BYTES.astype(np.uint16), order=">")),
        (BYTES, tiff(BYTES.astype(np.int16), order=">")),
        (BYTES, tiff(BYTES.astype(np.int32))),
        (BYTES, tiff(BYTES.astype(np.float32))),
        (BYTES, tiff(BYTES.astype(np.float32), order=">")),
        (SMALL, tiff(SMALL.astype(np.int8))),
    ],
)
def test_a_mask_is_the_values_of_its_file(tmp_path: Path, values: np.ndarray, content: bytes) -> None:
    assert np.array_equal(read(tmp_path / "a", content), values)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("suffix", ["png", "gif", "bmp", "tif"])
def test_a_palette_s_colours_are_no_labels(tmp_path: Path, bits: int, suffix: str) -> None:
    labels = BYTES & (2**bits - 1)
    image = Image.fromarray(labels, mode="P")
    image.putpalette([part for k in range(2**bits) for part in (9 * k % 256, 255 - k, 77)])
    options = {"png": {"bits": bits}, "gif": {"optimize": False}}.get(suffix, {})
    image.save(tmp_path / f"a.{suffix}", **options)
    assert np.array_equal(read_indices(tmp_path / f"a.{suffix}"), labels)


def test_masks_of_one_bit_and_of_sixteen(tmp_path: Path) -> None:
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "one.png")
    assert read_indices(tmp_path / "one.png").tolist() == [[1, 0]]
    Image.fromarray(np.array([[2, 255]], dtype=np.uint16)).save(tmp_path / "sixteen.png")
    assert read_indices(tmp_path / "sixteen.png").tolist() == [[2, 255]]
    Image.fromarray(np.array([[0, 26005]], dtype=np.uint16)).save(tmp_path / "instances.png")
    with pytest.raises(DataError, match=r"instances\.png holds the value 26005\. Expected labels of one byte"):
        read_indices(tmp_path / "instances.png")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK"])
def test_a_coloured_mask(tmp_path: Path, mode: str) -> None:
    Image.new("L", (3, 2)).convert(mode).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=rf"a\.tif is a colour image \(mode {mode}\).*one label per pixel"):
        read_indices(tmp_path / "a.tif")


def test_a_mask_with_an_alpha_channel(tmp_path: Path) -> None:
    Image.new("LA", (3, 2)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png has an alpha channel \(mode LA\)"):
        read_indices(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.array([[-1, 2]], np.int32), r"holds the value -1\. Expected labels of one byte, 0\.\.255\. .*void"),
        (np.array([[-1, 2]], np.int16), r"holds the value -1\..*void"),
        (np.array([[-1, 2]], np.int8), r"holds the value -1\..*void"),
        (np.array([[-1, 2]], np.float32), r"holds the value -1\..*void"),
        (np.array([[-9999, 300]], np.float32), r"holds the values -9999, 300\..*void"),
        (np.array([[256, 70000]], np.int32), r"holds the values 256, 70000\. Expected labels of one byte, 0\.\.255\.$"),
        (np.array([[0.5, 2]], np.float32), r"holds the value 0\.5\. Expected labels, which are whole numbers\.$"),
        (np.array([[0x7FA00000, 0]], np.uint32).view(np.float32), r"holds the value nan\."),  # a signalling NaN
        (np.array([[np.nan, 2]], np.float32), r"holds the value nan\. Expected labels, which are whole numbers\.$"),
    ],
)
def test_values_that_are_no_byte_are_named(tmp_path: Path, samples: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=r"a\.tif " + words):
        read(tmp_path / "a.tif", tiff(samples))


def test_files_compressed_with_loss_are_refused_whatever_their_name(tmp_path: Path) -> None:
    labels = np.zeros((16, 16), np.uint8)
    save_image(tmp_path / "a.jpg", labels).rename(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png is a JPEG file: .* no longer the labels.* Save the mask as a PNG"):
        read_indices(tmp_path / "a.png")
    with pytest.raises(DataError, match="Save the label map as a PNG file"):
        read_indices(tmp_path / "a.png", "label map")
    Image.fromarray(labels).save(tmp_path / "a.tif", compression="jpeg")
    with pytest.raises(DataError, match=r"a\.tif is compressed as a JPEG file is"):
        read_indices(tmp_path / "a.tif")
    save_image(tmp_path / "a.webp", labels)
    with pytest.raises(DataError, match=r"a\.webp is a WebP file, which holds colours"):
        read_indices(tmp_path / "a.webp")


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits"])
def test_files_compressed_without_loss_are_read(tmp_path: Path, compression: str) -> None:
    Image.fromarray(BYTES).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(read_indices(tmp_path / "a.tif"), BYTES)


def bitmap(bits: int, rows: bytes, grays: list[int]) -> bytes:
    """A BMP file of 8×2 indices with a palette of grays."""
    head = struct.pack("<IiiHHIIiiII", 40, 8, 2, 1, bits, 0, len(rows), 0, 0, len(grays), 0)
    palette = b"".join(bytes([gray, gray, gray, 0]) for gray in grays)
    begin = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", begin + len(rows), 0, 0, begin) + head + palette + rows


def test_bitmaps_with_a_gray_palette(tmp_path: Path) -> None:
    """Of eight bits with two grays Pillow reads eight pixels from each byte."""
    indices = bytes([0, 1, 1, 0, 1, 0, 0, 1])
    with pytest.raises(DataError, match="indices of 8 bits with a gray palette"):
        read(tmp_path / "a.bmp", bitmap(8, indices * 2, [0, 255]))
    with pytest.raises(DataError, match="indices of 4 bits with a gray palette"):
        read(tmp_path / "a.bmp", bitmap(4, b"\x01\x23\x45\x67" * 2, list(range(16))))
    assert read(tmp_path / "a.bmp", bitmap(8, indices * 2, [0, 1]))[0].tolist() == list(indices)
    assert read(tmp_path / "a.bmp", bitmap(1, b"\x69\0\0\0" * 2, [0, 255]))[0].tolist() == list(indices)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(["png", "jpg"]),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    keep=st.floats(0, 1),
)
def test_a_damaged_file_is_read_or_refused_but_nothing_else(
    tmp_path: Path, suffix: str, edits: list[tuple[float, int]], keep: float
) -> None:
    pixels = np.random.default_rng(0).integers(3, size=(24, 20))
    path = save_image(tmp_path / f"a.{suffix}", pixels)
    content = bytearray(path.read_bytes())
    for place, value in edits:
        content[int(place * len(content))] = value
    path.write_bytes(content[: int(keep * len(content))] if keep < 0.9 else content)
    for read in (read_image, read_indices):
        try:
            read(path)
        except DataError as error:
            assert str(path) in str(error)


def test_a_kind_of_samples_that_pillow_does_not_know_is_to_be_saved_anew(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(BYTES.astype(np.float64)))
    with pytest.raises(DataError, match=r"unknown pixel mode\. Save it as an 8-bit PNG file\.$"):
        read_indices(tmp_path / "a.tif")
