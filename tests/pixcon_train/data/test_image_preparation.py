"""What is said of images that are turned, and of those of 16 bits: in a look over a list and when training begins."""

from pathlib import Path

import numpy as np

from pixcon_train.data.dataset_check import check_data
from pixcon_train.data.lists import Pair
from tests.pixcon_train.data.files import THREE, exif, png, png_chunk, save_image, tiff


def write(root: Path, name: str, content: bytes) -> Pair:
    (root / name).write_bytes(content)
    return Pair(name, "mask.png")


def notes(root: Path, *pairs: Pair) -> tuple[str, ...]:
    report = check_data(THREE, root, pairs, encoding="index")
    assert report.findings == ()
    return report.notes


def turned(shape: tuple[int, int], orientation: int) -> bytes:
    return png(np.zeros(shape), before=png_chunk(b"eXIf", exif(orientation)))


def test_turned_images_are_counted(tmp_path: Path) -> None:
    save_image(tmp_path / "mask.png", np.zeros((2, 3)))
    plain = write(tmp_path, "plain.png", png(np.zeros((2, 3))))
    assert notes(tmp_path, plain) == ()
    quarter = write(tmp_path, "quarter.png", turned((3, 2), 6))
    assert notes(tmp_path, plain, quarter) == (f"{tmp_path / 'quarter.png'} is turned upright, as EXIF says.",)
    half = write(tmp_path, "half.png", turned((2, 3), 3))
    (note,) = notes(tmp_path, plain, quarter, half)
    assert note.startswith(
        f"2 images ({tmp_path / 'quarter.png'} for one) are turned upright, as EXIF says. Turning keeps"
    )
    assert "the size of 1 of them" in note


def test_images_of_sixteen_bits_are_counted_of_every_kind(tmp_path: Path) -> None:
    save_image(tmp_path / "mask.png", np.zeros((2, 3)))
    contents = {
        "gray.png": png(np.zeros((2, 3)), bits=16),
        "rgb.png": png(np.full((2, 3, 3), 60_000), bits=16),
        "gray.tif": tiff(np.zeros((2, 3), np.uint16), order=">"),
        "rgb.tif": tiff(np.zeros((2, 3, 3), np.uint16)),
        "gray.pgm": b"P5 3 2 65535\n" + bytes(12),
    }
    (note,) = notes(tmp_path, *(write(tmp_path, name, content) for name, content in contents.items()))
    assert note == f"5 images ({tmp_path / 'gray.png'} for one) are of more than 8 bits a sample; the upper 8 are read."


def test_images_of_eight_bits_and_less_need_no_word(tmp_path: Path) -> None:
    save_image(tmp_path / "mask.png", np.zeros((2, 3)))
    contents = {
        "a.png": png(np.zeros((2, 3)), bits=2),
        "b.tif": tiff(np.zeros((2, 3, 3), np.uint8)),
        "c.ppm": b"P6 3 2 255\n" + bytes(18),
    }
    assert notes(tmp_path, *(write(tmp_path, name, content) for name, content in contents.items())) == ()
