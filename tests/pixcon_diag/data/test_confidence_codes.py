"""Confidences as codes of 16 bits: at every threshold of the grid a code decides as the confidence does."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pixcon_diag.data.confidence_codes import (
    CODES,
    KEYWORD,
    PLAIN,
    SCALE,
    encode_confidence,
    off_scale,
    read_confidence,
    read_scale,
    values_of,
)
from pixcon_diag.data.label_maps import encode_map
from pixcon_diag.measures.binning import bin_of
from pixcon_diag.measures.confidence import confidence_edges
from pixcon_train.core.errors import DataError

GRID = confidence_edges((), 15)
STEPS = 60
"""Floats on each side of a threshold that are tried."""


def around(tau: float) -> np.ndarray:
    """Every float32 of [0, 1] within some steps of a threshold."""
    bits = np.float32(tau).view(np.int32) + np.arange(-STEPS, STEPS + 1)
    values = bits[bits >= 0].astype(np.int32).view(np.float32)
    return values[values <= 1]


@pytest.mark.parametrize("part", [GRID[::2], GRID[1::2]])
def test_every_threshold_of_the_grid_is_decided_by_the_code(part: tuple[float, ...]) -> None:
    values = values_of(SCALE)
    for tau in part:
        confidence = around(tau)
        decoded = values[encode_confidence(confidence)]
        assert ((decoded >= np.float32(tau)) == (confidence >= np.float32(tau))).all(), tau
        bins = [bin_of(torch.from_numpy(each), GRID) for each in (confidence, decoded)]
        assert torch.equal(*bins), tau


def test_random_confidences_keep_their_bin_and_lose_less_than_a_code() -> None:
    confidence = 1 - np.random.default_rng(0).random(10**5, dtype=np.float32) ** 4
    decoded = values_of(SCALE)[encode_confidence(confidence)]
    assert torch.equal(*(bin_of(torch.from_numpy(each), GRID) for each in (confidence, decoded)))
    assert (confidence - decoded >= 0).all() and (confidence - decoded).max() < 2e-5


def test_the_ends_are_the_first_and_the_last_code() -> None:
    ends = np.array([0, 1, np.nextafter(np.float32(1), np.float32(2))], dtype=np.float32)
    assert encode_confidence(ends).tolist() == [0, CODES - 1, CODES - 1]
    assert values_of(SCALE)[[0, -1]].tolist() == [0, 1]


def test_which_thresholds_are_no_codes() -> None:
    assert off_scale(SCALE, GRID) == []
    assert off_scale(SCALE, (0.95, 0.123456, 0.3)) == [0.123456]
    assert off_scale(PLAIN, (0.2, 0.95)) == [0.95]  # 0.2 = 13107/65535
    assert off_scale(PLAIN, GRID)[0] == 0.005


def test_a_file_without_a_scale_holds_multiples_of_1_65535(tmp_path: Path) -> None:
    codes = np.array([[0, 1, 32768], [65534, 65535, 7]], dtype=np.uint16)
    Image.fromarray(codes).save(tmp_path / "c.png")
    read = read_confidence(tmp_path / "c.png")
    assert read.dtype == np.float32 and (read == (codes / 65535).astype(np.float32)).all()
    assert read_scale(tmp_path / "c.png") == PLAIN


def test_our_files_hold_their_scale_whoever_writes_them(tmp_path: Path) -> None:
    confidence = np.random.default_rng(1).random((9, 14), dtype=np.float32)
    codes, text = encode_confidence(confidence), PngInfo()
    text.add_text("Title", "x")
    text.add_text(KEYWORD, SCALE)
    (tmp_path / "ours.png").write_bytes(encode_map(codes, None, text=(KEYWORD, SCALE)))
    Image.fromarray(codes).save(tmp_path / "pillow.png", pnginfo=text)
    for name in ("ours.png", "pillow.png"):
        assert read_scale(tmp_path / name) == SCALE
        assert (read_confidence(tmp_path / name) == values_of(SCALE)[codes]).all()


@pytest.mark.parametrize(
    "scale",
    ["", "0:0", "0:0 65536:1", "1:0 9:1", "0:0 9:0.5 9:1", "0:0 9:0.5 8:1", "0:0 9:2", "0:0.5 9:0.4", "0:nan 9:1",
     "0:0 9:nan", "0-0 9-1", "0:0 9:inf", "a:0 9:1", " ".join(f"{code}:{code / 2000}" for code in range(1100))],
)  # fmt: skip
def test_a_damaged_scale_is_one_message(tmp_path: Path, scale: str) -> None:
    values = np.zeros((2, 2), dtype=np.int32)
    (tmp_path / "c.png").write_bytes(encode_map(values, None, text=(KEYWORD, scale or " ")))
    with pytest.raises(DataError, match=r"c.png cannot be read: its scale .* is damaged.*`0:0 65535:1`"):
        read_confidence(tmp_path / "c.png")


@pytest.mark.parametrize(
    ("values", "form", "found"),
    [
        (np.zeros((2, 2), np.uint8), "PNG", "mode L and 8 bits"),
        (np.zeros((2, 2, 3), np.uint8), "PNG", "mode RGB"),
        (np.zeros((2, 2), np.float32), "TIFF", "TIFF file of mode F"),
    ],
)
def test_another_kind_of_image_is_refused(tmp_path: Path, values: np.ndarray, form: str, found: str) -> None:
    Image.fromarray(values).save(tmp_path / "c.png", form)
    with pytest.raises(DataError, match=f"{found}.* Expected the confidence as a gray PNG of 16 bits"):
        read_confidence(tmp_path / "c.png")


def test_a_missing_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No confidence map at"):
        read_confidence(tmp_path / "c.png")
    with pytest.raises(DataError, match="cannot be read"):
        read_scale(tmp_path / "c.png")
