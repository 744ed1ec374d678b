"""Headers: sizes and orientations, and which pairs of an image and a mask belong together."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_train.core.errors import DataError
from pixcon_train.data.image_headers import check_sizes, read_header
from pixcon_train.data.images import read_image
from pixcon_train.data.masks import read_indices
from pixcon_train.data.reading import read_pair
from tests.pixcon_train.data.files import THREE, exif, png, png_chunk, tiff

UPRIGHT = np.arange(6, dtype=np.uint8).reshape(2, 3)
"""A picture as it is seen."""

STORED: dict[int, list[list[int]]] = {
    1: [[0, 1, 2], [3, 4, 5]],
    2: [[2, 1, 0], [5, 4, 3]],
    3: [[5, 4, 3], [2, 1, 0]],
    4: [[3, 4, 5], [0, 1, 2]],
    5: [[0, 3], [1, 4], [2, 5]],
    6: [[2, 5], [1, 4], [0, 3]],
    7: [[5, 2], [4, 1], [3, 0]],
    8: [[3, 0], [4, 1], [5, 2]],
}
"""The same picture as a file of each orientation stores it: first row and first column lie (EXIF 2.3, 4.6.4 A) 1 top,
left; 2 top, right; 3 bottom, right; 4 bottom, left; 5 left, top; 6 right, top; 7 right, bottom; 8 left, bottom."""


def turned(samples: object, orientation: int, *, last: bool = False) -> bytes:
    """A PNG file with an EXIF orientation, in front of the pixels or behind them."""
    chunk = png_chunk(b"eXIf", exif(orientation))
    return png(np.array(samples, np.uint8), **({"after": chunk} if last else {"before": chunk}))


@pytest.mark.parametrize("orientation", STORED)
def test_pictures_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    stored = np.array(STORED[orientation], np.uint8)
    contents = [turned(stored, orientation), turned(stored, orientation, last=True), tiff(stored, t274=orientation)]
    for content in contents:
        (tmp_path / "a").write_bytes(content)
        assert np.array_equal(read_image(tmp_path / "a")[..., 0], UPRIGHT)
        assert np.array_equal(read_indices(tmp_path / "a"), UPRIGHT)
        header = read_header(tmp_path / "a")
        assert (header.orientation, header.stored, header.shape) == (orientation, stored.shape, (2, 3))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_compressed_tiff_files_are_turned_too(tmp_path: Path, orientation: int, compression: str) -> None:
    picture = Image.fromarray(np.array(STORED[orientation], np.uint8))
    picture.save(tmp_path / "a.tif", compression=compression, tiffinfo={0x0112: orientation})
    assert np.array_equal(read_indices(tmp_path / "a.tif"), UPRIGHT)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_photographs_are_turned_upright(tmp_path: Path, suffix: str) -> None:
    upright = np.repeat(np.repeat(np.array([[0, 80, 160], [255, 40, 120]], np.uint8), 16, 0), 16, 1)
    stored = Image.fromarray(upright).convert("RGB").transpose(Image.Transpose.ROTATE_90)
    tag = Image.Exif()
    tag[0x0112] = 6
    stored.save(tmp_path / f"a.{suffix}", quality=95, exif=tag)
    read = read_image(tmp_path / f"a.{suffix}")
    assert read.shape == (32, 48, 3)
    assert np.abs(read[8::16, 8::16, 0].astype(int) - upright[8::16, 8::16]).max() <= 8


@pytest.mark.parametrize("content", [exif(0), exif(9), b"", b"MM", b"II*\0\xff\xff\xff\xff", bytes(40)])
def test_an_orientation_that_says_nothing_turns_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(png(UPRIGHT, before=png_chunk(b"eXIf", content)))
    assert read_header(tmp_path / "a.png").orientation == 1
    assert np.array_equal(read_indices(tmp_path / "a.png"), UPRIGHT)


def pair(tmp_path: Path, image: bytes, mask: bytes) -> tuple[Path, Path]:
    (tmp_path / "a.jpg").write_bytes(image)
    (tmp_path / "a.png").write_bytes(mask)
    return tmp_path / "a.jpg", tmp_path / "a.png"


@pytest.mark.parametrize("orientation", STORED)
def test_a_mask_drawn_on_the_upright_picture_fits(tmp_path: Path, orientation: int) -> None:
    labels = UPRIGHT % 3
    image, mask = read_pair(*pair(tmp_path, turned(STORED[orientation], orientation), png(labels)), THREE, "index")
    assert np.array_equal(image[..., 0], UPRIGHT) and np.array_equal(mask, labels)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_mask_drawn_on_the_stored_pixels_is_refused(tmp_path: Path, orientation: int) -> None:
    files = pair(tmp_path, turned(STORED[orientation], orientation), png(np.zeros((3, 2))))
    with pytest.raises(DataError) as caught:
        read_pair(*files, THREE, "index")
    for words in ("a.jpg is 3×2 pixels but its mask", "a.png is 2×3", f"EXIF orientation ({orientation})", "exiftool"):
        assert words in str(caught.value)


def test_a_mask_turned_beside_an_image_that_is_not(tmp_path: Path) -> None:
    files = pair(tmp_path, png(UPRIGHT), turned(np.zeros((2, 3)), 6))
    with pytest.raises(DataError, match=r"The mask's EXIF orientation \(6\) turns it from 3×2, and the image is not"):
        check_sizes(*files)
    both = pair(tmp_path, turned(STORED[6], 6), turned(np.zeros((3, 2)), 6))
    assert check_sizes(*both).shape == (2, 3)


def test_sizes_are_compared_before_anything_is_decoded(tmp_path: Path) -> None:
    undecodable = png(np.zeros((4, 4)))[:33] + png_chunk(b"IDAT", b"no deflate") + png_chunk(b"IEND", b"")
    image, mask = pair(tmp_path, turned(STORED[6], 6), undecodable)
    with pytest.raises(DataError, match=r"a\.jpg is 3×2 pixels but its mask .* is 4×4.*pairing the right files"):
        read_pair(image, mask, THREE, "index")


def test_samples_without_a_known_white_are_found_in_the_header(tmp_path: Path) -> None:
    files = pair(tmp_path, tiff(UPRIGHT.astype(np.float32)), png(UPRIGHT))
    with pytest.raises(DataError, match="holds floating-point samples"):
        check_sizes(*files)
