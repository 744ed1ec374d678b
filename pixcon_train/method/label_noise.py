"""Teacher noise: confident pseudo-labels replaced at a known rate, to probe high contamination (paper, Sec. 5)."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from pixcon_train.core.counting import masked_bincount
from pixcon_train.core.void import void_of

_PARTS = 1 << 24
"""Probabilities are integers in units of 1/_PARTS, so that draws are the same on every device."""


class Noise(nn.Module):
    """Replaces each retained pseudo-label, independently, with probability ``rate`` by another class.

    The other class is drawn uniformly (``uniform``), or (``confusion``) with the probabilities with which the student
    has confused the class with others on the labeled pixels so far; without a confusion yet, uniformly. So a correct
    retained pseudo-label becomes wrong with probability ``rate``; a wrong one may become correct.

    With ``regions``, all pixels of a region (4-connected pixels of one pseudo-label) are replaced together, by one
    class drawn uniformly, as a weak teacher errs. The rate is then an expectation: one large region changes it much.
    Finding the regions waits for the device.
    """

    confusion: Tensor

    def __init__(self, num_classes: int, rate: float, kind: str) -> None:
        """``kind`` is ``uniform``, ``confusion`` or ``regions``."""
        super().__init__()
        self.register_buffer("confusion", torch.zeros(num_classes, num_classes, dtype=torch.long))
        self._rate, self._uses_confusion, self._by_region = rate, kind == "confusion", kind == "regions"

    def forward(self, pseudo: Tensor, retained: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Labels (B, H, W) with noise, and which of them were replaced.

        Args:
            pseudo: (B, H, W) int64.
            retained: (B, H, W) bool, those that may be replaced.
            generator: of the tensors' device.
        """
        draw = torch.rand(pseudo.shape, generator=generator, device=pseudo.device)
        part = torch.randint(_PARTS, pseudo.shape, generator=generator, device=pseudo.device)
        if self._by_region:  # every pixel has the draws of its region's first one
            first = first_of_region(pseudo)
            draw, part = (drawn.flatten().index_select(0, first).view_as(drawn) for drawn in (draw, part))
        replaced = retained & (draw < self._rate)
        # The rows' cumulative parts are concatenated, so that one search covers all classes.
        other = torch.searchsorted(self._steps(), pseudo * _PARTS + part, right=True) - pseudo * len(self.confusion)
        return torch.where(replaced, other, pseudo), replaced

    def observe(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Pixels by target and prediction, as sums (K·K,) to be added over the step's batch; empty if unused.

        Args:
            logits: (B, K, H, W) of labeled images.
            labels: (B, H, W) int64, void where unlabeled.
        """
        if not self._uses_confusion:
            return self.confusion.new_zeros(0)
        cells = labels * len(self.confusion) + logits.argmax(1)
        return masked_bincount(cells[None], (labels != void_of(len(self.confusion)))[None], self.confusion.numel())[0]

    def update(self, sums: Tensor) -> None:
        """Add the step's sums."""
        if self._uses_confusion:
            self.confusion += sums.view_as(self.confusion)

    def _steps(self) -> Tensor:
        """Cumulative parts (K·K,) of each class in its row."""
        diagonal = torch.eye(len(self.confusion), dtype=torch.bool, device=self.confusion.device)
        others = self.confusion.masked_fill(diagonal, 0)
        others = torch.where(others.sum(1, keepdim=True) > 0, others, (~diagonal).long())
        ends = others.cumsum(1) * _PARTS // others.sum(1, keepdim=True)
        rows = torch.arange(len(ends), device=ends.device)[:, None] * _PARTS
        return (ends + rows).flatten()


def first_of_region(labels: Tensor) -> Tensor:
    """For each pixel the flat index of the first pixel of its region, of 4-connected pixels with one label: (B·H·W,).

    Args:
        labels: (B, H, W) int64.
    """
    values = labels.cpu().numpy()
    places = np.arange(values.size).reshape(values.shape)
    across, down = values[:, :, 1:] == values[:, :, :-1], values[:, 1:] == values[:, :-1]
    starts = np.concatenate([places[:, :, :-1][across], places[:, :-1][down]])
    ends = np.concatenate([places[:, :, 1:][across], places[:, 1:][down]])
    edges = coo_array((np.ones(len(starts), np.int8), (starts, ends)), shape=(values.size, values.size))
    _, region = connected_components(edges, directed=False)
    _, first = np.unique(region, return_index=True)
    return torch.from_numpy(first[region]).to(labels.device)
