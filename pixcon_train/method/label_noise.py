"""Teacher noise: confident pseudo-labels replaced at a known rate, to probe high contamination (paper, Sec. 5)."""

import torch
from torch import Tensor, nn

_PARTS = 1 << 24
"""Probabilities are drawn as whole numbers of so many parts, exactly and alike on every device."""


class Noise(nn.Module):
    """Replaces each retained pseudo-label, independently, with probability ``rate`` by another class.

    By an even draw among the other classes (``uniform``), or (``confusion``) with the probabilities with which the
    student has mistaken the class for others on the labeled pixels of training so far; a class never mistaken yet is
    replaced evenly. So a retained pseudo-label that was right is wrong afterwards with probability ``rate``; one that
    was wrong may become right.
    """

    confusion: Tensor

    def __init__(self, num_classes: int, rate: float, kind: str) -> None:
        """``kind`` is ``uniform`` or ``confusion``."""
        super().__init__()
        self.register_buffer("confusion", torch.zeros(num_classes, num_classes, dtype=torch.long))
        self._rate, self._learns = rate, kind == "confusion"

    def forward(self, pseudo: Tensor, retained: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Labels (B, H, W) with noise, and which of them were replaced.

        Args:
            pseudo: (B, H, W) int64.
            retained: (B, H, W) bool, those that may be replaced.
            generator: of the tensors' device.
        """
        draw = torch.rand(pseudo.shape, generator=generator, device=pseudo.device)
        part = torch.randint(_PARTS, pseudo.shape, generator=generator, device=pseudo.device)
        replaced = retained & (draw < self._rate)
        # The rows' cumulative parts stand one behind the other, so that one search serves all classes.
        other = torch.searchsorted(self._steps(), pseudo * _PARTS + part, right=True) - pseudo * len(self.confusion)
        return torch.where(replaced, other, pseudo), replaced

    def observe(self, logits: Tensor, labels: Tensor, ignore: int = 255) -> Tensor:
        """Pixels by target and prediction, as sums (K·K,) to be added up over the step's batch; empty if unused.

        Args:
            logits: (B, K, H, W) of labeled images.
            labels: (B, H, W) int64, ``ignore`` where unlabeled.
        """
        if not self._learns:
            return self.confusion.new_zeros(0)
        outside = self.confusion.numel()
        cell = torch.where(labels != ignore, labels * len(self.confusion) + logits.argmax(1), outside).flatten()
        return cell.new_zeros(outside + 1).scatter_add_(0, cell, torch.ones_like(cell))[:outside]

    def update(self, sums: Tensor) -> None:
        """Learn from the step's sums."""
        if self._learns:
            self.confusion += sums.view_as(self.confusion)

    def _steps(self) -> Tensor:
        """Upper ends (K·K,) of each class's share of its row's parts."""
        own = torch.eye(len(self.confusion), dtype=torch.bool, device=self.confusion.device)
        others = self.confusion.masked_fill(own, 0)
        others = torch.where(others.sum(1, keepdim=True) > 0, others, (~own).long())
        ends = others.cumsum(1) * _PARTS // others.sum(1, keepdim=True)
        rows = torch.arange(len(ends), device=ends.device)[:, None] * _PARTS
        return (ends + rows).flatten()
