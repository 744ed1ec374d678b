"""Random perturbations of a batch: CutMix boxes and complementary dropout."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pixcon_train.core.seeding import uniform

AREA = (0.02, 0.4)
"""Smallest and largest share of the image that a CutMix box covers (UniMatch V2's recipe)."""
ASPECT = (0.3, 1 / 0.3)
"""Smallest and largest ratio of a box's height to its width."""


def draw_boxes(batch: int, edge: int, *, probability: float, generator: torch.Generator) -> Tensor:
    """CutMix boxes of one strong view: (batch, 4) int64 rows (y, x, height, width), all zero for no box.

    Args:
        edge: of the square crop in pixels.
        probability: of a box, per image.
        generator: on the CPU.
    """
    boxes = torch.zeros(batch, 4, dtype=torch.long)
    for image in range(batch):
        if uniform(0, 1, generator) < probability:
            boxes[image] = torch.tensor(_draw_box(edge, generator))
    return boxes


def _draw_box(edge: int, generator: torch.Generator) -> tuple[int, int, int, int]:
    """A box inside the image; its area is drawn once, its aspect and corner until the box fits.

    As in the release, aspect and corner are uniform, so that shapes that fit more often are more frequent.
    """
    area = uniform(*AREA, generator) * edge * edge
    while True:
        aspect = uniform(*ASPECT, generator)
        height, width = int(math.sqrt(area * aspect)), int(math.sqrt(area / aspect))
        top, left = int(uniform(0, edge, generator)), int(uniform(0, edge, generator))
        if top + height <= edge and left + width <= edge:
            return top, left, height, width


def box_masks(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Whether a pixel lies in its image's box: (B, H, W) bool of boxes (B, 4) and ``size`` (H, W)."""
    top, left, height, width = (side[:, None] for side in boxes.unbind(1))
    rows = torch.arange(size[0], device=boxes.device)
    columns = torch.arange(size[1], device=boxes.device)
    inside_rows = (rows >= top) & (rows < top + height)
    inside_columns = (columns >= left) & (columns < left + width)
    return inside_rows[:, :, None] & inside_columns[:, None, :]


def cutmix(tensor: Tensor, inside: Tensor) -> Tensor:
    """``tensor`` (B, …, H, W) with each image's box filled from the batch in reverse order.

    ``inside`` is (B, H, W) bool.
    """
    if tensor.ndim == 4:
        inside = inside[:, None]
    return torch.where(inside, tensor.flip(0), tensor)


def encoder_dropout(batch: int, channels: int, *, generator: torch.Generator) -> Tensor:
    """UniMatch V2's complementary dropout: factors (2·batch, channels) for the first views, then the second ones.

    Per image a mask 2·Bernoulli(0.5) for one view and its complement for the other; half of the pairs are not dropped.
    """
    mask = torch.bernoulli(torch.full((batch, channels), 0.5), generator=generator)
    undropped = torch.randperm(batch, generator=generator)[: batch // 2]
    return complementary_scale(mask, undropped)


def fused_dropout(channels: int, *, batch: int, generator: torch.Generator) -> Tensor:
    """PixCon's complementary dropout: factors (2·batch, channels), one mask for the batch, every pair dropped."""
    mask = torch.bernoulli(torch.full((1, channels), 0.5), generator=generator).expand(batch, -1)
    return complementary_scale(mask, torch.empty(0, dtype=torch.long))


def complementary_scale(mask: Tensor, undropped: Tensor) -> Tensor:
    """Factors (2·B, C): 2·mask for the first views, 2 − 2·mask for the second, 1 for the pairs in ``undropped``.

    Args:
        mask: (B, C) of zeros and ones.
        undropped: indices of pairs that keep every channel.
    """
    first, second = 2 * mask, 2 - 2 * mask
    first, second = first.index_fill(0, undropped, 1.0), second.index_fill(0, undropped, 1.0)
    return torch.cat([first, second])
