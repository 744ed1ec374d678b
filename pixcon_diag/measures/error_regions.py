"""Regions where a prediction differs from the target, outlined in the figures (measurements, section 6)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # not `from scipy import ndimage`: SciPy imports it on first use

MIN_SHARE = 0.005
"""Regions below 0.5 % of the image are suppressed, as in the paper's figures."""

NEIGHBOURS = np.ones((3, 3), dtype=int)
"""Pixels that touch at a corner are connected, so that a thin oblique strip is one region."""


@dataclass(frozen=True)
class ErrorRegions:
    """Connected regions of wrong pixels in one image."""

    outlined: np.ndarray
    """(H, W) bool: pixels of the regions large enough to be outlined."""
    sizes: tuple[int, ...]
    """Pixels of each outlined region, largest first."""
    suppressed: int
    """Regions left out for their size."""
    suppressed_pixels: int
    error: float
    """Wrong / valid pixels, suppressed regions included; NaN without a valid pixel."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content, without the pixels."""
        return {
            "sizes": self.sizes,
            "suppressed": self.suppressed,
            "suppressed_pixels": self.suppressed_pixels,
            "error": self.error,
        }


def error_regions(
    prediction: np.ndarray, target: np.ndarray, *, void: int, min_share: float = MIN_SHARE
) -> ErrorRegions:
    """Connected regions where ``prediction`` is wrong, of whatever class; void is never wrong.

    A region is outlined if it has at least ``min_share`` of the image's pixels (void ones count as the image's).

    Args:
        prediction: (H, W) class indices.
        target: (H, W) class indices and ``void``.

    Raises:
        ValueError: shapes differ, or are not (H, W).

    Example:
        >>> target = np.zeros((10, 20), dtype=np.uint8)
        >>> prediction = target.copy()
        >>> prediction[2, 3:5] = 1
        >>> [error_regions(prediction, target, void=255, min_share=share).sizes for share in (0.01, 0.02)]
        [(2,), ()]
    """
    if prediction.shape != target.shape or target.ndim != 2:
        raise ValueError(f"Expected two maps of one shape (H, W), got {prediction.shape}, {target.shape}.")
    valid = target != void
    wrong = (prediction != target) & valid
    labels, _ = scipy.ndimage.label(wrong, NEIGHBOURS)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0  # label 0 is the background of correct pixels
    # A region of exactly this share counts as large however the product is rounded.
    large = (sizes >= min_share * target.size * (1 - 1e-12)) & (sizes > 0)
    small = ~large & (sizes > 0)
    return ErrorRegions(
        outlined=large[labels],
        sizes=tuple(sorted((int(size) for size in sizes[large]), reverse=True)),
        suppressed=int(small.sum()),
        suppressed_pixels=int(sizes[small].sum()),
        error=float(wrong.sum() / valid.sum()) if valid.any() else float("nan"),
    )
