"""Opening image files: which are opened at all, and that whatever is wrong with one is one message."""

import os
import socket
import struct
import tracemalloc
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixcon_diag.data.label_maps import LabelMapFiles
from pixcon_train.core.errors import DataError
from pixcon_train.data.image_files import MAX_BYTES, MAX_PIXELS
from pixcon_train.data.image_headers import read_header
from pixcon_train.data.images import read_image
from pixcon_train.data.masks import read_indices
from tests.pixcon_train.data.files import exif, png, png_chunk, save_image

PACKAGES = ("pixcon_train", "pixcon_diag", "figures", "cli")


def read_map(path: Path) -> object:
    return LabelMapFiles((path,)).read(0)


READERS = (read_image, read_indices, read_header, read_map)


def refused(path: Path) -> str:
    """The message that every reader has for a file; they differ in what they call it."""
    messages = set()
    for read in READERS:
        with pytest.raises(DataError) as caught:
            read(path)
        messages.add(str(caught.value).replace("label map", "image").replace("mask", "image"))
    assert len(messages) == 1
    return messages.pop()


def test_images_are_opened_in_one_place_only() -> None:
    root = Path(__file__).parents[3]
    users = [
        path.relative_to(root).as_posix()
        for package in PACKAGES
        for path in (root / package).rglob("*.py")
        if any(call in path.read_text(encoding="utf-8") for call in ("Image.open(", "imread(", "decode_image("))
    ]
    assert users == []


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "gif", "webp", "ppm"])
def test_formats_are_told_by_their_content(tmp_path: Path, suffix: str) -> None:
    pixels = np.full((3, 4, 3), 100)
    save_image(tmp_path / f"a.{suffix}", pixels).rename(tmp_path / "a.dat")
    image = read_image(tmp_path / "a.dat")
    assert image.shape == (3, 4, 3) and np.abs(image.astype(int) - 100).max() <= 2
    assert read_header(tmp_path / "a.dat").shape == (3, 4)


def test_no_other_format_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an EPS file Pillow would start Ghostscript."""

    def start(*_: object, **__: object) -> None:
        raise AssertionError("a program is started")

    monkeypatch.setattr("subprocess.Popen", start)
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 3\n%%EndComments\nshowpage\n")
    assert "a.png cannot be read: it is empty, damaged or of another format. Expected a PNG, JPEG," in refused(
        tmp_path / "a.png"
    )
    Image.new("RGB", (4, 3)).save(tmp_path / "a.tga")
    assert "of another format" in refused(tmp_path / "a.tga")
    (tmp_path / "empty.png").write_bytes(b"")
    assert "it is empty" in refused(tmp_path / "empty.png")


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "No image at" in refused(tmp_path / "none.png")
    save_image(tmp_path / "a.png", np.zeros((2, 2)))
    assert "No image at" in refused(tmp_path / "a.png/b.png")
    assert "cannot be read" in refused(tmp_path)
    assert "cannot be read" in refused(tmp_path / "nul\0.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert "cannot be read" in refused(tmp_path / "loop.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_devices_and_sockets_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "pipe.png cannot be read: not a regular file." in refused(tmp_path / "pipe.png")
    assert "cannot be read: not a regular file" in refused(Path(os.devnull))
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        assert "socket.png cannot be read" in refused(Path("socket.png"))


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"iCCP", b"scanner\0\0" + zlib.compress(bytes(2_000_000))),
        png_chunk(b"iCCP", b"no deflate\0\0" + bytes(9)),
        png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2_000_000))),
        png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(2_000_000))),
        png_chunk(b"tEXt", b"\xff\0\xff"),
        png_chunk(b"gAMA", b""),
        png_chunk(b"eXIf", b"no EXIF"),
        png_chunk(b"acTL", bytes(8)),
        png_chunk(b"prVt", bytes(100)),
    ],
)
@pytest.mark.parametrize("last", [False, True])
def test_a_png_is_read_whatever_else_it_carries(tmp_path: Path, chunk: bytes, last: bool) -> None:
    samples = np.arange(12, dtype=np.uint8).reshape(3, 4)
    (tmp_path / "a.png").write_bytes(png(samples, **({"after": chunk} if last else {"before": chunk})))
    assert np.array_equal(read_indices(tmp_path / "a.png"), samples)
    assert read_image(tmp_path / "a.png").shape == (3, 4, 3)


def header_only(height: int, width: int) -> bytes:
    """A PNG of few bytes whose header says a size."""
    whole = png(np.zeros((1, 1), np.uint8))
    return whole[:8] + png_chunk(b"IHDR", struct.pack(">II5B", width, height, 8, 0, 0, 0, 0)) + whole[33:]


def test_too_large_an_image_is_refused_from_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(header_only(13_400, 13_400))
    for read in (read_image, read_indices, read_map):
        with pytest.raises(DataError, match=r"a\.png is too large \(179,560,000 pixels\): cut it into tiles"):
            read(path)
    assert read_header(path).shape == (13_400, 13_400)


def test_a_header_that_promises_too_much_costs_no_memory(tmp_path: Path) -> None:
    side = int(MAX_PIXELS**0.5)
    (tmp_path / "a.png").write_bytes(header_only(side, side))
    tracemalloc.start()
    try:
        for read in (read_image, read_indices, read_map):
            with pytest.raises(DataError, match=r"its header says .* pixels, too many for a file of \d+ bytes"):
                read(tmp_path / "a.png")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_file_that_no_image_needs_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.write(header_only(2, 2))
        file.truncate(MAX_BYTES + 1)
    assert "a.png is too large (2,147,483,649 bytes): cut it into tiles" in refused(tmp_path / "a.png")


def test_pillow_s_warnings_stay_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    save_image(tmp_path / "a.tif", np.zeros((3, 6)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(tmp_path / "a.tif").shape == (3, 6, 3)


@pytest.mark.parametrize("error", [RecursionError("deep"), Image.DecompressionBombError("bomb")])
def test_every_failure_of_the_decoder_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(_: object) -> None:
        raise error

    path = save_image(tmp_path / "a.bmp", np.zeros((2, 2)))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(DataError, match=r"The image .*a\.bmp cannot be read: (deep|bomb)\. Restore or"):
        read_image(path)


def test_an_image_that_memory_does_not_suffice_for_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise MemoryError

    path = save_image(tmp_path / "a.bmp", np.zeros((2, 2)))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(DataError, match=r"a\.bmp cannot be read: memory does not suffice\. End other programs"):
        read_image(path)


def test_a_damaged_byte_of_a_png_never_gives_other_values(tmp_path: Path) -> None:
    """Pillow does not compare the checksums of pixels, and stops before that of the whole."""
    samples = np.arange(600, dtype=np.uint8).reshape(20, 30) % 5
    whole, path = png(samples), tmp_path / "a.png"
    refusals = 0
    for place in range(8, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            assert np.array_equal(read_indices(path), samples)
        except DataError:
            refusals += 1
    assert refusals > 0.9 * (len(whole) - 20)  # the last chunk, IEND, may be damaged
    path.write_bytes(whole.replace(b"IDAT", b"IDaT"))
    assert "chunk b'IDaT' is cut off or does not match its checksum" in refused(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (png(np.zeros((2, 2)), before=png_chunk(b"tEXt", b"") * 100), "more than 100 chunks"),
        (b"\xff\xd8" + b"\xff\xfe\0\2" * 101, "more than 100 segments"),
        (b"\xff\xd8" + b"\xff" * 101, "no further segment"),
        (b"\xff\xd8\xff\xda\0\2" + b"\xff\xda" * 100, "more than 100 scans"),
        (b"GIF89a" + bytes(7) + b"!\xfe\0" * 101, "more than 100 blocks"),
        (b"GIF89a" + bytes(9), "it holds no image"),
        (b"P5 " + b" " * 5_000 + b"2 2 255\n" + bytes(4), "its header is damaged"),
        (b"P5 #" + b"a" * 5_000 + b"\n2 2 255\n" + bytes(4), "its header is damaged"),
        (b"P2 2 2 255\n" + b"1 " * 2**22, "decimal numbers in more than 4,194,304 bytes; save it as a PNG"),
    ],
)
def test_files_that_would_take_minutes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    monkeypatch.setattr("pixcon_train.data.image_parts._MOST_PARTS", 100)
    (tmp_path / "a.png").write_bytes(content)
    assert message in refused(tmp_path / "a.png")


def test_samples_that_are_scaled_in_python_are_of_small_images(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 1200 1200 4095\n" + bytes(2 * 1200**2))
    with pytest.raises(DataError, match="read slowly: at most 262,144 pixels"):
        read_image(tmp_path / "a.pgm")
    assert read_indices(tmp_path / "a.pgm").shape == (1200, 1200)  # read as they are stored


def test_only_the_first_exif_of_a_jpeg_counts_and_bytes_between_segments_are_skipped(tmp_path: Path) -> None:
    """Pillow joins the EXIF of all segments, which takes hours for thousands of them."""
    path = save_image(tmp_path / "a.jpg", np.zeros((3, 4)))
    whole = path.read_bytes()
    segments = [b"\xff\xe1" + struct.pack(">H", 8 + len(part)) + b"Exif\0\0" + part for part in (exif(6), exif(3))]
    path.write_bytes(whole[:2] + b"\0\xff".join(segments) + b"\xff\xff" + whole[2:])
    assert read_header(path).orientation == 6
    assert read_image(path).shape == (4, 3, 3)
