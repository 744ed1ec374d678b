"""Hostile images and masks."""

import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from pixcon_train.core.errors import DataError
from pixcon_train.data.image_headers import read_image_header
from pixcon_train.data.images import read_image, transparent_pixels
from pixcon_train.data.masks import read_indices
from tests.fuzz.case import Case, mutated
from tests.fuzz.texts import odd_files, writes
from tests.pixcon_train.data.files import exif, png_chunk

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_READERS: dict[str, Callable[[Path], Any]] = {
    "image": read_image,
    "mask": read_indices,
    "alpha": transparent_pixels,
    "header": read_image_header,
}


def attempt(path: Path) -> str:
    """What the reader that the file's name begins with makes of it."""
    found = _READERS[path.name.partition(".")[0]](path)
    return (
        hashlib.sha256(found.tobytes()).hexdigest() + f" {found.shape}"
        if isinstance(found, np.ndarray)
        else repr(found)
    )


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`; of PNG files only what is stored is read, or nothing."""
    files = _good()
    yield from odd_files("image.png", files["PNG gray"])
    for reader in ("image", "mask"):
        for rule, content in {**_headers(), **_chunks(), **_others()}.items():
            yield Case(rule, f"{reader}.png", writes(content))
    while True:
        name, reader = generator.choice(list(files)), generator.choice(list(_READERS))
        content = mutated(files[name], generator)
        checked = name.startswith("PNG") and content.startswith(SIGNATURE)
        yield Case(f"a changed {name}", f"{reader}.png", writes(content), _expected(name, reader) if checked else None)


@cache
def _good() -> dict[str, bytes]:
    random = np.random.default_rng(0)
    gray, rgb = random.integers(0, 5, (40, 60), np.uint8), random.integers(0, 255, (40, 60, 3), np.uint8)
    turned = Image.Exif()
    turned[0x112] = 6
    frames = {"save_all": True, "append_images": [Image.fromarray(gray + 1)] * 3}
    forms: dict[str, tuple[np.ndarray, str, dict[str, Any]]] = {
        **{"PNG gray": (gray, "PNG", {}), "PNG colour": (rgb, "PNG", {}), "PNG bits": (gray > 2, "PNG", {})},
        **{"PNG turned": (gray, "PNG", {"exif": turned}), "PNG 16 bits": (gray.astype(np.uint16) * 9_000, "PNG", {})},
        **{
            "JPEG": (rgb, "JPEG", {}),
            "JPEG scans": (rgb, "JPEG", {"progressive": True}),
            "JPEG turned": (rgb, "JPEG", {"exif": turned}),
        },
        **{
            f"TIFF {kind}": (gray, "TIFF", {"compression": kind})
            for kind in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
        },
        **{"TIFF floats": (gray.astype(np.float32), "TIFF", {}), "TIFF 16 bits": (gray.astype(np.uint16), "TIFF", {})},
        **{"TIFF colour": (rgb, "TIFF", {"compression": "tiff_lzw"}), "TIFF pages": (gray, "TIFF", frames)},
        **{
            "BMP": (gray, "BMP", {}),
            "BMP colour": (rgb, "BMP", {}),
            "GIF": (gray, "GIF", {}),
            "GIF frames": (gray, "GIF", frames),
        },
        **{
            "WebP": (rgb, "WEBP", {}),
            "WebP frames": (gray, "WEBP", frames | {"lossless": True}),
            "PNG frames": (gray, "PNG", frames),
        },
        **{"PNM colour": (rgb, "PPM", {}), "PNM gray": (gray, "PPM", {}), "PNM bits": (gray > 2, "PPM", {})},
    }
    made = {}
    for name, (samples, form, options) in forms.items():
        Image.fromarray(samples).save(buffer := io.BytesIO(), form, **options)
        made[name] = buffer.getvalue()
    numbers = b" ".join(b"%d" % value for value in gray.ravel())
    return made | {
        "PNM decimal": b"P2\n60 40\n255\n" + numbers,
        "PNM 16 bits": b"P5\n60 40\n65535\n" + gray.astype(">u2").tobytes(),
        "PNM floats": b"Pf\n60 40\n-1.0\n" + gray.astype("<f4").tobytes(),
    }


@cache
def _expected(name: str, reader: str) -> str | None:
    """What a reader makes of a good file; None where it refuses it."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder) / f"{reader}.png").write_bytes(_good()[name])
        try:
            return attempt(path)
        except DataError:
            return None


def _png(
    content: bytes, *, size: tuple[int, int] = (4, 4), bits: int = 8, colour: int = 0, more: bytes = b"", lace: int = 0
) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">II5B", *size, bits, colour, 0, 0, lace))
    return SIGNATURE + header + more + png_chunk(b"IDAT", zlib.compress(content)) + png_chunk(b"IEND", b"")


def _headers() -> dict[str, Any]:
    """Headers that state sizes, or kinds of samples, that the content does not have."""
    sizes = ((2**31 - 1, 1), (1, 2**31 - 1), (13_000, 13_000), (4_000, 4_000), (0, 0), (2**32 - 1, 2**32 - 1))
    kinds = [(bits, colour, lace) for bits in (1, 2, 4, 8, 16) for colour in (0, 2, 3, 4, 6, 7) for lace in (0, 1)]
    return {
        **{
            f"a PNG header of {size}, {bits} bits": _png(bytes(100), size=size, bits=bits, colour=6 if bits > 8 else 0)
            for size in sizes
            for bits in (1, 8, 16)
        },
        **{
            f"samples {kind}": _png(b"\1" * 2_000, size=(9, 9), bits=kind[0], colour=kind[1], lace=kind[2])
            for kind in kinds
        },
        "pixels of 300 MB": lambda: _png(bytes(300_000_000)),
        "a blank image of 25 megapixels": lambda: _png(bytes(5_001 * 5_000), size=(5_000, 5_000)),
        "a GIF header": b"GIF89a"
        + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0)
        + b",\0\0\0\0"
        + b"\xff" * 5
        + b"\x08\2\0\1\0;",
        "a JPEG header": b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0\xff\xda\0\x08\1\1\0\0?\0"
        + bytes(1_000),
        "a WebP header": b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\xff/\xff\xff\xff\xff" + bytes(100),
        "a BMP header": b"BM"
        + struct.pack("<IHHIIiiHHIIIIII", 100, 0, 0, 54, 40, 13_000, 13_000, 1, 8, 1, 0, 0, 0, 2**31, 0)
        + bytes(99),
        **{f"a PNM header: {text[:20]!a}": text + bytes(99) for text in _PNM},
        **{f"a TIFF tag {tag}": _tiff(*tag) for tag in _TIFF},
    }


_PNM = (
    *(b"P5 4 4 0\n", b"P5 4 4 65536\n", b"P5 4 4 -1\n", b"P5 " + b"9" * 5_000 + b" 4 255\n", b"P5 13000 13000 255\n"),
    *(
        b"P2 13000 13000 255\n",
        b"P1 13000 13000\n",
        b"Pf 4 4 0\n",
        b"Pf 4 4 nan\n",
        b"Pf 4 4 1e400\n",
        b"P2 4 4 255\n-1 ",
    ),
    *(b"P2 4 4 255\n" + b"999 " * 16, b"P2 4 4 255\n" + b"9" * 1_000_000, b"P6 500 500 4\n" + b"\1" * 750_000),
)
_TIFF = (
    *(
        (256, 4, 0),
        (256, 4, 2**32 - 1),
        (256, 4, 13_000),
        (257, 2, 65),
        (257, 12, 8),
        (258, 3, 0),
        (258, 3, 7),
        (258, 3, 64),
    ),
    *(
        (258, 5, 8),
        (259, 3, 65_535),
        (259, 3, 7),
        (259, 3, 5),
        (259, 3, 8),
        (259, 3, 50_001),
        (259, 3, 34_712),
        (262, 3, 9_999),
    ),
    *(
        (273, 4, 2**32 - 1),
        (274, 3, 99),
        (277, 3, 65_535),
        (277, 3, 0),
        (278, 4, 0),
        (284, 3, 2),
        (322, 4, 2**31),
        (330, 4, 8),
    ),
    *((338, 3, 2), (339, 3, 2), (339, 3, 3), (339, 3, 4), (347, 7, 8), (700, 1, 0), (34_665, 4, 8), (34_675, 7, 8)),
)


def _tiff(changed: int, kind: int, value: int) -> bytes:
    """A TIFF file of 20×20 pixels with one tag changed or added; its directory follows itself."""
    entries = {256: 20, 257: 20, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 20, 279: 400}
    tags = {tag: (4, entry) for tag, entry in entries.items()} | {changed: (kind, value)}
    count = 2**30 if changed in (347, 700, 34_675) else 1
    rows = [
        struct.pack("<HHII", tag, *(kind, count if tag == changed else 1, entry))
        for tag, (kind, entry) in sorted(tags.items())
    ]
    return b"II*\0" + struct.pack("<IH", 8, len(rows)) + b"".join(rows) + struct.pack("<I", 8) + bytes(2_000)


def _chunks() -> dict[str, Any]:
    """Parts beside the pixels that expand, are many, or are no such parts."""
    bomb = zlib.compress(bytes(300_000_000), 9)
    parts = {
        **{
            b"zTXt": b"C\0\0" + bomb,
            b"iCCP": b"C\0\0" + bomb,
            b"iTXt": b"C\0\1\0\0\0" + bomb,
            b"tRNS": bytes(1_000_000),
        },
        **{
            b"eXIf": b"MM\0*\0\0\0\x08\xff\xff" + b"\1\x12\0\3\xff\xff\xff\xff\0\0\0\0" * 1_000,
            b"PLTE": bytes(1_000_000),
        },
        **{
            b"acTL": struct.pack(">II", 2**31, 0),
            b"fcTL": bytes(26),
            b"fdAT": bytes(50),
            b"CgBI": bytes(4),
            b"sBIT": b"",
        },
    }
    segment = b"Exif\0\0" + exif(6)
    return {
        **{f"a chunk {kind!a}": _png(bytes(20), more=png_chunk(kind, content)) for kind, content in parts.items()},
        **{
            f"a palette and {kind!a}": _png(
                bytes(20), colour=3, more=png_chunk(b"PLTE", bytes(9)) + png_chunk(kind, content)
            )
            for kind, content in parts.items()
        },
        "a million chunks": lambda: _png(bytes(20), more=png_chunk(b"aaaa", b"") * 1_000_000),
        "a chunk of 4 GB": _png(bytes(20), more=struct.pack(">I", 2**32 - 1) + b"IDAT" + bytes(100)),
        "3,000 segments of EXIF": lambda: (
            b"\xff\xd8" + (b"\xff\xe1\xff\xff" + segment + bytes(65_533 - len(segment))) * 3_000
        ),
        "3,000 segments of profiles": lambda: (
            b"\xff\xd8" + (b"\xff\xe2\xff\xffICC_PROFILE\0\1\1" + bytes(65_519)) * 3_000
        ),
        "3,000,000 comments": lambda: b"\xff\xd8" + b"\xff\xfe\0\3a" * 3_000_000,
        "50 MB of fill": lambda: b"\xff\xd8" + b"\xff" * 50_000_000,
        "400 scans": _scans,
        "a million blocks": lambda: b"GIF89a" + struct.pack("<HHBBB", 5, 5, 0, 0, 0) + b"!\xfe\1a\0" * 1_000_000 + b";",
        "50 MB of blanks": lambda: b"P5" + b" " * 50_000_000,
        "10 million comments": lambda: b"P5 " + b"#\n" * 10_000_000,
        "25 million numbers": lambda: b"P2 5000 5000 9\n" + b"1 " * 25_000_000,
        "65,535 tags": b"II*\0\x08\0\0\0\xff\xff" + b"\x0f\1\2\0\xff\xff\0\0\x08\0\0\0" * 65_535 + bytes(70_000),
    }


def _scans() -> bytes:
    Image.fromarray(np.zeros((3_000, 3_000, 3), np.uint8)).save(buffer := io.BytesIO(), "JPEG", progressive=True)
    whole = buffer.getvalue()
    return whole[:-2] + whole[whole.index(b"\xff\xda") : -2] * 400 + b"\xff\xd9"


def _others() -> dict[str, bytes]:
    """Formats that Pillow reads, some by starting programs, and that are not read here."""
    starts = {
        **{"EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "PDF": b"%PDF-1.4\n", "SVG": b"<svg/>"},
        **{
            "ICO": b"\0\0\1\0\1\0",
            "PSD": b"8BPS",
            "NumPy": b"\x93NUMPY\1\0v\0{}",
            "gzip": b"\x1f\x8b\x08\0",
            "ICNS": b"icns",
        },
        **{
            "FLI": b"\0\0\0\0\x11\xaf",
            "DCX": b"\xb1\x68\xde\x3a",
            "PAM": b"P7\nWIDTH 4\nHEIGHT 4\n",
            "WAVE": b"RIFF\x1e\0\0\0WAVE",
        },
    }
    return {f"a file of {name}": start + bytes(200) for name, start in starts.items()}
