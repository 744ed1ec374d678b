"""The per-class bank: for each class a FIFO queue of unit-norm pixel embeddings (paper, Sec. 3.2)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def bank_fill(state: Mapping[str, Tensor]) -> Tensor:
    """Number of entries per class in a saved bank: (K,) int64.

    PixCon's release saves ``filled`` as bool, true for a full class; other classes have ``ptr`` entries. Early
    checkpoints of this project saved the numbers.

    Args:
        state: with ``queue`` (K, N, D), ``ptr`` (K,) and ``filled`` (K,).
    """
    filled, size = state["filled"], state["queue"].shape[1]
    return torch.where(filled, size, state["ptr"]).long() if filled.dtype == torch.bool else filled.long()


def require_bank(state: Mapping[str, Tensor]) -> None:
    """Require that the entries of a saved bank fit one another.

    Args:
        state: as of :func:`bank_fill`; ``truth`` and ``weight`` (K, N) may be missing.

    Raises:
        ValueError: they have other shapes, a place lies outside of the queue, or a number is not finite.
    """
    queue = state["queue"]
    shapes = {"ptr": queue.shape[:1], "filled": queue.shape[:1], "truth": queue.shape[:2], "weight": queue.shape[:2]}
    if queue.ndim != 3 or any(state[name].shape != shape for name, shape in shapes.items() if name in state):
        raise ValueError("its tensors do not have the shapes of one bank")
    places = {"ptr": (0, queue.shape[1]), "filled": (0, queue.shape[1]), "truth": (-1, len(queue) - 1)}
    for name, (least, most) in places.items():
        values = state.get(name)
        if values is not None and bool(((values < least) | (values > most)).any()):
            raise ValueError(f"its `{name}` exceeds {least}..{most}")
    for name in ("queue", "weight"):
        if name in state and not bool(state[name].isfinite().all()):
            raise ValueError(f"its `{name}` is NaN or infinite")


class ClassBank(nn.Module):
    """K ring buffers of N embeddings of D numbers, filled without a loop over classes or a device sync.

    The state dict is that of PixCon's release – ``queue`` (K, N, D), ``ptr`` (K,) next slot, ``filled`` (K,) bool, true
    where a class is full (see :func:`bank_fill`) – and, of each entry, ``truth`` (K, N), its true class or −1 where
    that is unknown, and ``weight`` (K, N). The buffer ``filled`` itself is the number of entries.

    Example:
        >>> bank = ClassBank(num_classes=2, size=4, dim=3)
        >>> bank.enqueue(torch.eye(3), torch.tensor([0, 0, 1]))
        >>> bank.filled.tolist()
        [2, 1]
    """

    queue: Tensor
    ptr: Tensor
    filled: Tensor
    truth: Tensor
    weight: Tensor

    def __init__(self, num_classes: int, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("queue", torch.zeros(num_classes, size, dim))
        self.register_buffer("ptr", torch.zeros(num_classes, dtype=torch.long))
        self.register_buffer("filled", torch.zeros(num_classes, dtype=torch.long))
        self.register_buffer("truth", torch.full((num_classes, size), -1, dtype=torch.long))
        self.register_buffer("weight", torch.ones(num_classes, size))

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}filled"] = self.filled == self.queue.shape[1]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *arguments: Any) -> None:
        bank = {key.removeprefix(prefix): value for key, value in state_dict.items() if key.startswith(prefix)}
        if {"queue", "ptr", "filled"} <= bank.keys():
            state_dict[f"{prefix}filled"] = bank_fill(bank)
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    @torch.no_grad()
    def enqueue(
        self, embeddings: Tensor, labels: Tensor, target: Tensor | None = None, weights: Tensor | None = None
    ) -> None:
        """Append entries in order; in a full class they replace the oldest ones.

        Args:
            embeddings: (M, D), unit norm; no gradient is kept.
            labels: (M,) int64 class of each entry, −1 for a row that is padding.
            target: (M,) int64 true class of each entry, −1 where unknown, as all are where none are given.
            weights: (M,) positive; 1 where none are given.
        """
        num_classes, size, _ = self.queue.shape
        # Sorted by class, padding last; the sort is stable, so entries of a class stay in order.
        ordered, order = torch.where(labels < 0, num_classes, labels).sort(stable=True)
        bounds = torch.searchsorted(ordered, torch.arange(num_classes + 1, device=labels.device))
        arriving, own = bounds.diff(), ordered.clamp(max=num_classes - 1)
        number = torch.arange(len(labels), device=labels.device)
        rank = number - bounds[own]
        kept = (ordered < num_classes) & (rank >= arriving[own] - size)  # the newest N suffice
        # A row that is not kept repeats the write of a kept one, so that shapes do not depend on the data.
        source = torch.where(kept, number, kept.int().argmax())
        slot = torch.where(kept.any(), (own * size + (self.ptr[own] + rank) % size)[source], 0)
        target = torch.full_like(labels, -1) if target is None else target
        weights = self.weight.new_ones(labels.shape) if weights is None else weights
        for buffer, values in ((self.queue, embeddings), (self.truth, target), (self.weight, weights)):
            rows = buffer.flatten(0, 1)
            first = rows[0].clone()
            rows.index_copy_(0, slot, values[order[source]].to(rows.dtype))
            rows[0] = torch.where(kept.any(), rows[0], first)  # without a kept row, the only write is undone
        self.ptr.copy_((self.ptr + arriving) % size)
        self.filled.copy_((self.filled + arriving).clamp(max=size))

    def held(self) -> Tensor:
        """Whether each slot holds an entry: (K, N) bool. Slots fill from the front."""
        return torch.arange(self.queue.shape[1], device=self.queue.device) < self.filled[:, None]

    def entries(self) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings (K·N, D), their labels (K·N,) and whether a row holds an entry (K·N,)."""
        num_classes, size, dim = self.queue.shape
        labels = torch.arange(num_classes, device=self.queue.device).repeat_interleave(size)
        return self.queue.view(-1, dim), labels, self.held().view(-1)

    def contamination(self) -> tuple[Tensor, Tensor]:
        """Entries per class with another true class, and entries with a known true class: (K,) each."""
        known = self.held() & (self.truth >= 0)
        wrong = known & (self.truth != torch.arange(len(self.truth), device=self.truth.device)[:, None])
        return wrong.sum(1), known.sum(1)
