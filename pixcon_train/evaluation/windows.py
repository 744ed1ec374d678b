"""Sliding windows: probabilities are averaged over the windows that cover a pixel, and only the overlaps are held.

Windows come row by row, each row from left to right. As soon as no later window covers a pixel, its confidence and
prediction are final and its probabilities are dropped. Held are the sums of two overlaps: of the rows that the next
row of windows covers, over the width of the image, and of the columns that the next window covers.
"""

import torch
from torch import Tensor

from pixcon_train.data.transforms import network_input
from pixcon_train.evaluation.protocols import SlidingWindow
from pixcon_train.models.base import SegmentationModel


def slide(
    model: SegmentationModel, images: Tensor, window: SlidingWindow, kept: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Confidence, float32, and prediction, of the smallest type, of each pixel's mean probabilities: both (B, H, W).

    Args:
        model: in eval mode.
        images: (B, 3, H, W), uint8 or normalised, which the windows fit.
        window: the windows.
        kept: (B, K, H, W) float32, where the mean probabilities are written; None drops them.
    """
    batch, _, height, width = images.shape
    rows, columns = _spans(window, height), _spans(window, width)
    confidence = images.new_empty((batch, height, width), dtype=torch.float32)
    prediction = images.new_empty((batch, height, width), dtype=smallest_type(model.num_classes))
    covering = [_covering(spans, confidence.new_zeros(edge)) for spans, edge in ((rows, height), (columns, width))]
    overlap = max(bottom - below for _, bottom, below in rows)
    above = confidence.new_empty((batch, model.num_classes, overlap, width))
    held = 0  # rows of it
    for top, bottom, below in rows:
        beside = confidence.new_empty((batch, model.num_classes, bottom - top, 0))
        for left, end, right in columns:
            shown = network_input(images[:, :, top:bottom, left:end])
            sums = model(shown).logits.float().softmax(1)
            known = beside.shape[-1]
            sums[..., :known] += beside
            sums[:, :, :held, known:] += above[:, :, :held, left + known : end]
            beside = sums[..., right - left :].clone()  # a view would hold the whole window
            # What was held above these columns is in the sums by now, and the rows below take its place.
            above[:, :, : bottom - below, left:right] = sums[:, :, below - top :, : right - left]
            count = covering[0][top:below, None] * covering[1][left:right]
            mean = sums[:, :, : below - top, : right - left].div_(count)
            confidence[:, top:below, left:right], prediction[:, top:below, left:right] = mean.max(1)
            if kept is not None:
                kept[:, :, top:below, left:right] = mean
        held = bottom - below
    return confidence, prediction


def smallest_type(values: int) -> torch.dtype:
    """The smallest type that holds the integers 0..values − 1, of at most 2^15 values."""
    return torch.uint8 if values <= 256 else torch.int16


def _spans(window: SlidingWindow, edge: int) -> list[tuple[int, int, int]]:
    """Of each window along an edge its first pixel, its end, and the first pixel of the next one (or the edge)."""
    starts = window.starts(edge)
    ends = [min(start + window.crop, edge) for start in starts]
    return list(zip(starts, ends, [*starts[1:], edge], strict=True))


def _covering(spans: list[tuple[int, int, int]], zeros: Tensor) -> Tensor:
    """How many windows cover each pixel of an edge, added to ``zeros``."""
    for start, end, _ in spans:
        zeros[start:end] += 1
    return zeros
