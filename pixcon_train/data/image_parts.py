"""The parts of an image file that its pixels need; a decoder sees no other.

Texts, profiles and thumbnails can be damaged, expand to gigabytes, or be so many that reading them takes hours.
"""

import io
import os
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

_BLOCK = 2**20
"""Bytes copied at once."""
_MOST_PARTS = 2**17
"""Most chunks, segments or blocks of a file; PNG files of the largest size have as many, of 8 KiB each."""
_MOST_SCANS = 100
"""Most scans of a progressive JPEG file; encoders write about ten, and each is decoded for the whole image."""
_LONGEST_TEXT = 2**16
"""Most bytes of a text in a PNG file that is read."""
_LONGEST_HEADER = 4_096
"""Most bytes of a PNM file's header, which is read byte by byte."""
_LARGEST_PLAIN = 2**22
"""Most bytes of a PNM file of decimal numbers, which are read slowly."""


def essential(file: BinaryIO, start: bytes) -> BinaryIO:
    """An image file without the parts that its pixels do not need.

    Args:
        start: its first bytes, which name the format; ``file`` stands at the first one.

    Raises:
        ValueError: a part is damaged or unusually large, or there are too many.
    """
    if start.startswith(b"\x89PNG"):
        return _png(file)
    if start.startswith(b"\xff\xd8"):
        return _jpeg(file)
    if start.startswith(b"GIF"):
        _check_gif(file)
    elif start[:1] == b"P":
        _check_pnm(file)
    file.seek(0)
    return file


def png_text(file: BinaryIO, keyword: str) -> str | None:
    """The text of a PNG file under ``keyword``; None where it has none. Longer ones than 64 KiB are not read.

    Raises:
        ValueError: it has too many parts.
    """
    file.seek(8)
    for _, length, kind in _chunks(file):
        if kind == b"tEXt" and length <= _LONGEST_TEXT:
            found, _, text = file.read(length).partition(b"\0")
            if found.decode("latin-1") == keyword:
                return text.decode("latin-1")
            length = 0
        file.seek(length + 4, os.SEEK_CUR)
    return None


def _png(file: BinaryIO) -> BinaryIO:
    """Critical chunks (their names begin with a capital), transparency and EXIF, EXIF before the pixels."""
    kept = io.BytesIO()
    kept.write(file.read(8))
    for pixels in (False, True):
        file.seek(8)
        for start, length, kind in _chunks(file):
            if (kind in (b"IDAT", b"IEND")) != pixels:
                file.seek(length + 4, os.SEEK_CUR)
                continue
            place = kept.tell()
            _copy_chunk(file, kept, start, length)
            if not kind[:1].isupper() and kind not in (b"tRNS", b"eXIf"):
                kept.seek(place)
                kept.truncate()
    kept.seek(0)
    return kept


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, bytes]]:
    """Start, length and kind of each chunk, up to the last one; the caller moves behind it."""
    for _ in range(_MOST_PARTS):
        start = file.read(8)
        if len(start) < 8:
            return
        length, kind = struct.unpack(">I4s", start)
        yield start, length, kind
        if kind == b"IEND":
            return
    raise ValueError(f"it has more than {_MOST_PARTS:,} chunks")


def _copy_chunk(file: BinaryIO, target: BinaryIO, start: bytes, length: int) -> None:
    """Copy a chunk in blocks, as a length may be of gigabytes, and compare its checksum.

    Pillow does not compare those of pixels, so that damaged ones would be other labels. A chunk that is left out is
    compared too: its kind may be damaged.
    """
    target.write(start)
    checksum = zlib.crc32(start[4:])
    while length and (block := file.read(min(length, _BLOCK))):
        target.write(block)
        checksum = zlib.crc32(block, checksum)
        length -= len(block)
    if length or file.read(4) != (stored := struct.pack(">I", checksum)):
        raise ValueError(f"its chunk {start[4:]!a} is cut off or does not match its checksum")
    target.write(stored)


_DROPPED = {*range(0xE1, 0xEE), 0xEF, 0xFE}
"""Segments of applications and comments, apart from JFIF's (0xE0) and Adobe's, which names the colours (0xEE)."""


def _jpeg(file: BinaryIO) -> BinaryIO:
    """Tables, the frame's header and the first EXIF; then the scans."""
    kept = io.BytesIO()
    kept.write(file.read(2))
    has_exif = False
    for _ in range(_MOST_PARTS):
        marker, size = _marker(file), struct.unpack(">H", _read(file, 2))[0]
        content = _read(file, max(size - 2, 0))
        is_exif = marker == 0xE1 and content.startswith(b"Exif\0")
        if marker not in _DROPPED or (is_exif and not has_exif):
            kept.write(struct.pack(">BBH", 0xFF, marker, size) + content)
        has_exif |= is_exif
        if marker == _SCAN:
            kept.write(_scans(file))
            kept.seek(0)
            return kept
    raise ValueError(f"it has more than {_MOST_PARTS:,} segments")


_SCAN = 0xDA


def _marker(file: BinaryIO) -> int:
    """The next marker of a JPEG file; bytes between segments are skipped, as some programs write them."""
    before = b""
    for _ in range(_MOST_PARTS):
        byte = _read(file, 1)
        if before == b"\xff" and byte not in (b"\xff", b"\0"):
            return byte[0]
        before = byte
    raise ValueError("it has no further segment")


def _scans(file: BinaryIO) -> bytes:
    """The rest of a JPEG file from the content of its first scan on."""
    scans = file.read()
    if scans.count(bytes((0xFF, _SCAN))) >= _MOST_SCANS:
        raise ValueError(f"it has more than {_MOST_SCANS} scans")
    return scans


def _check_gif(file: BinaryIO) -> None:
    """Limit the blocks before the first image of a GIF file."""
    packed = _read(file, 13)[10]
    if packed & 0x80:
        _read(file, 3 * 2 ** (1 + (packed & 7)))
    for _ in range(_MOST_PARTS):
        if (start := _read(file, 1)) == b",":
            return
        if start != b"!":
            raise ValueError("it holds no image")
        _read(file, 1)
        while size := _read(file, 1)[0]:
            _read(file, size)
    raise ValueError(f"it has more than {_MOST_PARTS:,} blocks")


def _read(file: BinaryIO, size: int) -> bytes:
    """The next bytes, all of them."""
    content = file.read(size)
    if len(content) < size:
        raise ValueError("it is cut off")
    return content


_PNM_HEADER = re.compile(rb"P[1-6f](?:\s+(?:#[^\n\r]*[\n\r]\s*)*[^\s#]+){2,3}\s")


def _check_pnm(file: BinaryIO) -> None:
    """Limit the header of a PNM file, and the size of one of decimal numbers."""
    start = file.read(_LONGEST_HEADER)
    if not _PNM_HEADER.match(start):
        raise ValueError("its header is damaged")
    if start[1:2] in b"123" and file.seek(0, os.SEEK_END) > _LARGEST_PLAIN:
        raise ValueError(f"it holds decimal numbers in more than {_LARGEST_PLAIN:,} bytes; save it as a PNG file")
