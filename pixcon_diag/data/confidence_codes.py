"""Confidences as the 65,536 codes of a 16-bit gray PNG, whose scale is written into the file.

A code stands for the largest value of the scale that is not above the confidence. Every threshold of the default grid
is a value of this project's scale, so that c ≥ τ is decided by the code exactly as by the confidence.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from pixcon_train.core.errors import DataError
from pixcon_train.core.files import open_regular
from pixcon_train.data.image_files import load, open_image
from pixcon_train.data.image_headers import header_of, upright
from pixcon_train.data.image_parts import png_text

KEYWORD = "confidence-scale"
"""Keyword of the PNG's text that holds the scale."""
CODES = 2**16

SCALE = (
    "0:0 59400:0.99 59675:0.993690427 59950:0.995 60225:0.996018928 60500:0.997488114 60775:0.998415107 61050:0.999 "
    "61325:0.999369043 61600:0.999601893 61875:0.999748811 62150:0.999841511 62425:0.9999 62700:0.999936904 "
    "62975:0.999960189 63250:0.999974881 63525:0.999984151 63800:0.99999 64075:0.99999369 64350:0.999996019 "
    "64625:0.999997488 64900:0.999998415 65175:0.999999 65535:1"
)
"""This project's scale: ``code:confidence`` pairs, linear in between. Up to 0.99 a code is 1/60000, of which the
multiples of 1/200 and 1/15 are multiples; above it, where teachers saturate, every edge of the grid has a code."""
PLAIN = "0:0 65535:1"
"""The scale of a file that names none."""

_MOST_KNOTS = 1000


def encode_confidence(confidence: np.ndarray) -> np.ndarray:
    """Codes of confidences by :data:`SCALE`, rounded down: uint16 of the same shape.

    Args:
        confidence: float32, at least 0; more than 1 is 1.
    """
    codes: np.ndarray = np.searchsorted(values_of(SCALE), confidence, side="right") - 1
    return codes.astype(np.uint16)


@lru_cache(maxsize=8)
def values_of(scale: str) -> np.ndarray:
    """The confidence of each code, (65536,) float32, ascending.

    Raises:
        ValueError: the scale does not ascend from code 0 to a confidence of at most 1.
    """
    pairs = [pair.split(":") for pair in scale.split()]
    if not 2 <= len(pairs) <= _MOST_KNOTS or any(len(pair) != 2 for pair in pairs):
        raise ValueError("expected code:confidence pairs")
    codes, values = np.array([[int(code), float(value)] for code, value in pairs]).T
    ascending = codes[0] == 0 and (np.diff(codes) > 0).all() and (np.diff(values) > 0).all()
    if not ascending or codes[-1] >= CODES or not (values[0] >= 0 and values[-1] <= 1):  # False for NaN
        raise ValueError(f"codes and confidences do not ascend from 0 to {CODES - 1} and 1")
    table: np.ndarray = np.interp(np.arange(CODES), codes, values)
    return table.astype(np.float32)


def off_scale(scale: str, edges: Iterable[float]) -> list[float]:
    """The thresholds that are no value of a scale, so that c ≥ τ may differ for confidences within one code of τ."""
    wanted = [*edges]
    known = np.isin(np.array(wanted, dtype=np.float32), values_of(scale))
    return [edge for edge, exact in zip(wanted, known.tolist(), strict=True) if not exact]


def read_confidence(path: Path) -> np.ndarray:
    """Confidence of each pixel, (H, W) float32: the value of its code.

    Raises:
        DataError: the file is missing, damaged, or no gray PNG of 16 bits.
    """
    with open_image(path, "confidence map") as image:
        header = header_of(image)
        if header.format != "PNG" or not image.mode.startswith("I;16"):
            raise DataError(
                f"{path} is a {header.format} file of mode {image.mode} and {header.bits} bits. Expected the "
                "confidence as a gray PNG of 16 bits, 65535 × confidence."
            )
        load(image, path, "confidence map")
        codes = upright(np.asarray(image), header)
    values: np.ndarray = values_of(read_scale(path))[codes]
    return values


def read_scale(path: Path) -> str:
    """The scale of a confidence map; :data:`PLAIN` where the file names none.

    Raises:
        DataError: the file cannot be read, or its scale is damaged.
    """
    try:
        with open_regular(path) as file:
            scale = png_text(file, KEYWORD) or PLAIN
        values_of(scale)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(
            f"The confidence map {path} cannot be read: its scale (the text `{KEYWORD}`) is damaged: {reason}. "
            f"Expected `code:confidence` pairs such as `{PLAIN}`."
        ) from None
    return scale
