"""Images of every kind of samples become 8-bit RGB that stands upright, or are refused by name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_train.core.errors import DataError
from pixcon_train.data.images import read_image
from tests.pixcon_train.data.files import png, save_image, tiff

GRAY = np.random.default_rng(0).integers(256, size=(5, 7), dtype=np.uint8)
RGB = np.random.default_rng(1).integers(256, size=(5, 7, 3), dtype=np.uint8)


def read(path: Path, content: bytes) -> np.ndarray:
    path.write_bytes(content)
    return read_image(path)


def test_an_image_is_rgb(tmp_path: Path) -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    image = read_image(save_image(tmp_path / "a.png", pixels))
    assert image.dtype == np.uint8 and np.array_equal(image, pixels)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
def test_images_of_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.new("RGB", (4, 3), (102, 102, 102)).convert(mode).save(path)
    image = read_image(path)
    assert image.shape == (3, 4, 3)
    assert np.abs(image.astype(int) - 102).max() <= 1


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("png", png(GRAY.astype(np.uint16) * 257, bits=16)),
        ("tif", tiff(GRAY.astype(np.uint16) * 257)),
        ("tif", tiff(GRAY.astype(np.uint16) * 257, order=">")),
        ("tif", tiff(65535 - GRAY.astype(np.uint16) * 257, t262=0)),
        ("pgm", b"P5 7 5 65535\n" + (GRAY.astype(">u2") * 257).tobytes()),
        ("pgm", b"P5 7 5 255\n" + GRAY.tobytes()),
        ("tif", tiff(255 - GRAY, t262=0)),
    ],
)
def test_gray_samples_of_sixteen_bits_are_those_of_eight(tmp_path: Path, suffix: str, content: bytes) -> None:
    pixels = read(tmp_path / f"a.{suffix}", content)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, np.repeat(GRAY[:, :, None], 3, axis=2))


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("png", png(RGB.astype(np.uint16) * 257, bits=16)),
        ("tif", tiff(RGB.astype(np.uint16) * 257)),
        ("tif", tiff(RGB.astype(np.uint16) * 257, order=">")),
        ("ppm", b"P6 7 5 65535\n" + (RGB.astype(">u2") * 257).tobytes()),
    ],
)
def test_colours_of_sixteen_bits_are_those_of_eight(tmp_path: Path, suffix: str, content: bytes) -> None:
    assert np.array_equal(read(tmp_path / f"a.{suffix}", content), RGB)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("png", png(np.array([[0, 5, 15]]), bits=4)),
        ("pgm", b"P5 3 1 15\n" + bytes([0, 5, 15])),
        ("pgm", b"P2 3 1 15\n0 5 15\n"),
        ("tif", tiff(np.array([[0, 5, 15]], np.uint8), bits=4)),
        ("pgm", b"P5 3 1 4095\n" + np.array([0, 1365, 4095], ">u2").tobytes()),
    ],
)
def test_the_largest_value_that_a_file_can_hold_is_white(tmp_path: Path, suffix: str, content: bytes) -> None:
    assert read(tmp_path / f"a.{suffix}", content)[0, :, 0].tolist() == [0, 85, 255]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (tiff(GRAY.astype(np.float32) / 255), "floating-point samples"),
        (tiff(GRAY.astype(np.int16)), "signed 16-bit samples"),
        (tiff(GRAY.astype(np.int8)), "signed 8-bit samples"),
        (tiff(GRAY.astype(np.int32)), "signed 32-bit samples"),
        (tiff(GRAY.astype(np.uint32)), "32-bit samples"),
        (b"Pf 1 1 -1.0\n" + np.float32(0.5).tobytes(), "floating-point samples"),
    ],
)
def test_samples_without_a_known_white_are_refused(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(DataError, match=rf"a\.tif holds {kind}.*not known\. Expected samples of 8 or 16 bits\. Save"):
        read(tmp_path / "a.tif", content)


@pytest.mark.parametrize(
    ("content", "reach"),
    [
        (png(np.array([[0, 4095]]), bits=16), "4,095 of 65,535"),
        (png(np.array([[0, 255]]), bits=16), "255 of 65,535"),
        (tiff(np.array([[0, 1023]], np.uint16)), "1,023 of 65,535"),
        (png(np.full((1, 2, 3), 4095), bits=16), "4,095 of 65,535"),
        (png(np.full((1, 2, 3), 200), bits=16), "255 of 65,535"),
        (tiff(np.full((1, 2, 3), 200, np.uint16)), "255 of 65,535"),
        (tiff(np.full((1, 2, 3), 200, np.uint16), order=">"), "255 of 65,535"),
    ],
)
def test_an_image_is_not_read_as_nearly_black(tmp_path: Path, content: bytes, reach: str) -> None:
    with pytest.raises(DataError, match=rf"a\.png would be nearly black: its samples reach {reach} at most.*8-bit PNG"):
        read(tmp_path / "a.png", content)


BLACK = np.zeros((2, 3, 3), np.uint16)


@pytest.mark.parametrize(
    "content", [png(BLACK[:, :, 0], bits=16), png(BLACK, bits=16), tiff(BLACK), tiff(BLACK, order=">")]
)
def test_an_image_that_is_black_is_black(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path / "a.png", content).tolist() == BLACK.tolist()


def test_planes_of_sixteen_bits_are_refused(tmp_path: Path) -> None:
    """Pillow reads them as if they had eight."""
    planes = np.stack([GRAY.astype(np.uint16) * 257] * 3, axis=2)
    with pytest.raises(DataError, match="channels of 16 bits lie in planes of their own"):
        read(tmp_path / "a.tif", tiff(planes, t284=2))


def test_a_jpeg_cut_short(tmp_path: Path) -> None:
    path = save_image(tmp_path / "a.jpg", np.random.default_rng(0).integers(256, size=(64, 64, 3)))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"The image .*a\.jpg cannot be read: .*truncated"):
        read_image(path)


@pytest.mark.reference
def test_a_real_jpeg_decodes_as_pillow_decodes_it(reference: Path) -> None:
    path = sorted((reference / "data/voc_animals/JPEGImages").glob("*.jpg"))[0]
    with Image.open(path) as image:
        assert np.array_equal(read_image(path), np.asarray(image))
