"""Boundary bands, and the error inside and outside of them (Sec. G.1, Table 7)."""

from collections.abc import Sequence
from math import isqrt
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from pixcon_train.errors import ConfigError

Distance = Literal["chessboard", "euclidean"]
VoidMode = Literal["label", "ignore", "nearest"]

_LOWEST = -(2**15 - 1)
"""Below every label. Labels travel as int16, whose maxima are several times faster than int64's; unlike −2^15 the
negative of this is representable, so that a minimum is the negative of a maximum."""


def boundary_band(
    mask: Tensor, width: int, *, void: int, distance: Distance = "chessboard", void_mode: VoidMode = "label"
) -> Tensor:
    """Valid pixels with a different label within ``width`` of them; the image border is no transition.

    Args:
        mask: ground truth, integer (..., H, W), labels below 2^15 in magnitude.
        width: w >= 1, in pixels.
        void: the label of pixels that are never in the band.
        distance: ``chessboard`` (max of the two coordinate distances) or ``euclidean``.
        void_mode: what void is to its neighbours: ``label`` – a label like any other, so that object/void transitions
            count (as in the paper); ``ignore`` – nothing, so that transitions lie between two valid labels only;
            ``nearest`` – the label of the nearest (Euclidean) valid pixel of its image.

    Returns:
        Bool (..., H, W), on the mask's device; False everywhere where all is void.

    Raises:
        ConfigError: a width below 1, or an unknown distance or void mode.

    Example:
        >>> boundary_band(torch.tensor([[0, 0, 1, 1, 255]]), 1, void=255).int().tolist()
        [[0, 1, 1, 1, 0]]
    """
    return boundary_bands(mask, (width,), void=void, distance=distance, void_mode=void_mode)[0]


def boundary_bands(
    mask: Tensor,
    widths: Sequence[int],
    *,
    void: int,
    distance: Distance = "chessboard",
    void_mode: VoidMode = "label",
) -> list[Tensor]:
    """The bands of several widths, as :func:`boundary_band` gives each, for the cost of filling void only once."""
    _check(widths, distance, void_mode)
    valid = mask != void
    labels = mask.to(torch.int16)
    if void_mode == "nearest":
        labels = _fill_void(labels, valid)
    # A pixel has another label within reach where the largest and the smallest label within reach differ.
    above, below = labels, -labels
    if void_mode == "ignore":
        above, below = above.masked_fill(~valid, _LOWEST), below.masked_fill(~valid, _LOWEST)
    reach = _reach_chessboard if distance == "chessboard" else _reach_euclidean
    return [valid & (reach(above, width) != -reach(below, width)) for width in widths]


def _check(widths: Sequence[int], distance: str, void_mode: str) -> None:
    for width in widths:
        if width < 1:
            raise ConfigError(f"Expected the width of a boundary band to be at least 1 pixel, got {width}.")
    for name, value, known in (("distance", distance, Distance), ("void mode", void_mode, VoidMode)):
        if value not in get_args(known):
            raise ConfigError(f"Unknown {name} '{value}' of the boundary band. Known: {', '.join(get_args(known))}.")


def _reach_chessboard(values: Tensor, width: int) -> Tensor:
    """Maximum over the square of ``width`` around each pixel, inside the image."""
    return _sliding_maximum(_sliding_maximum(values, width, -1), width, -2)


def _reach_euclidean(values: Tensor, width: int) -> Tensor:
    """Maximum over the disc of radius ``width`` around each pixel: a disc is a stack of rows."""
    best = _sliding_maximum(values, width, -1)
    for offset in range(1, width + 1):
        row = _sliding_maximum(values, isqrt(width**2 - offset**2), -1)
        best[..., offset:, :] = torch.maximum(best[..., offset:, :], row[..., :-offset, :])
        best[..., :-offset, :] = torch.maximum(best[..., :-offset, :], row[..., offset:, :])
    return best


def _sliding_maximum(values: Tensor, reach: int, dim: int) -> Tensor:
    """Maximum over 2·reach + 1 neighbours along ``dim``, by doubling: log2 passes whatever the reach."""
    padding = (reach, reach) if dim == -1 else (0, 0, reach, reach)
    values = F.pad(values, padding, value=_LOWEST)
    window, span = 2 * reach + 1, 1
    while span < window:
        step = min(span, window - span)  # the last pass overlaps, which a maximum does not mind
        length = values.shape[dim] - step
        values = torch.maximum(values.narrow(dim, 0, length), values.narrow(dim, step, length))
        span += step
    return values


def _fill_void(labels: Tensor, valid: Tensor) -> Tensor:
    """Labels with every void pixel replaced by the nearest valid one of its image; on the host, image by image."""
    known = valid.flatten(0, -3).cpu().numpy() if valid.ndim > 2 else valid[None].cpu().numpy()
    images = labels.reshape(known.shape).cpu().numpy().copy()
    for image, seen in zip(images, known, strict=True):
        if seen.any() and not seen.all():
            rows, columns = distance_transform_edt(~seen, return_distances=False, return_indices=True)
            image[:] = image[rows, columns]
    return torch.from_numpy(np.ascontiguousarray(images)).reshape(labels.shape).to(labels.device)
