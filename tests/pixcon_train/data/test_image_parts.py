"""The text of a PNG file; what a decoder sees of one is tested with the readers of images."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pixcon_train.data.image_parts import png_text


def saved(*texts: tuple[str, str], **options: Any) -> io.BytesIO:
    info = PngInfo()
    for keyword, text in texts:
        info.add_text(keyword, text, **options)
    Image.fromarray(np.zeros((3, 4), np.uint8)).save(handle := io.BytesIO(), "PNG", pnginfo=info)
    return handle


def test_a_text_is_found_by_its_keyword() -> None:
    file = saved(("Title", "maps"), ("scale", "0:0 1:1"), ("scale", "another"))
    assert [png_text(file, keyword) for keyword in ("Title", "scale", "scal", "")] == ["maps", "0:0 1:1", None, None]
    assert png_text(saved(), "scale") is None


def test_a_packed_or_long_text_is_not_read() -> None:
    assert png_text(saved(("scale", "0:0 1:1"), zip=True), "scale") is None
    long = ("scale", "x" * 2**16)
    assert png_text(saved(long), "scale") is None
    assert png_text(saved(long, ("scale", "short")), "scale") == "short"


@pytest.mark.parametrize("cut", [0, 8, 20, 33, 41, 60])
def test_a_file_that_is_cut_has_none(cut: int) -> None:
    content = saved(("scale", "0:0 1:1")).getvalue()
    assert png_text(io.BytesIO(content[:cut]), "scale") in (None, "0:0 1:1"[: max(0, cut - 47)])
