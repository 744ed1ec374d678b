"""The bank that a training checkpoint carries: its fill, and how far the network has moved on since (Sec. G.3)."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from pixcon_train.errors import CheckpointError

PURITY = (
    "Not knowable from a checkpoint: a stored bank keeps embeddings and the classes they were entered under, but not "
    "the pixels they came from, whose ground truth would be needed."
)


@dataclass(frozen=True)
class StoredBank:
    """A stored bank, arrays in class order."""

    size: int
    """N, the capacity per class."""
    dim: int
    """D of the embeddings."""
    fill: tuple[int, ...]
    with_entry: int
    at_capacity: int
    staleness: tuple[float, ...]
    """Cosine of the stored centroid to the current one: 1 where the network still embeds the class where the bank has
    it, less the further it has moved. NaN where either is missing, and where no current ones were given."""
    mean_staleness: float
    """Mean over the classes that have one."""
    purity: str = PURITY

    def to_dict(self) -> dict[str, Any]:
        """The result as nested dicts and tuples of numbers."""
        return asdict(self)


def measure_stored_bank(queue: Tensor, filled: Tensor, current: Tensor | None = None) -> StoredBank:
    """Fill and staleness of the bank of a checkpoint.

    Args:
        queue: (K, N, D), embeddings; the first ``filled[k]`` of class k are entries.
        filled: (K,) integer.
        current: (K, D), a vector in the direction of each class's mean embedding under the checkpoint's weights (the
            sums of :func:`pixcon_diag.measures.geometry.class_sums` over admitted pixels), zero for a class without
            pixels.

    Raises:
        CheckpointError: the shapes do not fit one another, or a class has more entries than places.
    """
    fits = queue.ndim == 3 and filled.shape == queue.shape[:1]
    if not fits or bool(((filled < 0) | (filled > queue.shape[1])).any()):
        raise CheckpointError(
            f"The stored bank is damaged: queue {tuple(queue.shape)} with fill {filled.tolist()}. "
            "Expected queue (K, N, D) and K fills between 0 and N."
        )
    if current is not None and current.shape != (queue.shape[0], queue.shape[2]):
        raise CheckpointError(
            f"The stored bank has {queue.shape[0]} classes of {queue.shape[2]} numbers, but the network gives "
            f"{tuple(current.shape)}. Do the bank and the projection head come from the same run?"
        )
    staleness = _staleness(queue.double(), filled, current)
    known = staleness[~staleness.isnan()]
    return StoredBank(
        size=queue.shape[1],
        dim=queue.shape[2],
        fill=tuple(filled.tolist()),
        with_entry=int((filled > 0).sum()),
        at_capacity=int((filled == queue.shape[1]).sum()),
        staleness=tuple(staleness.tolist()),
        mean_staleness=float(known.mean()) if len(known) else float("nan"),
    )


def _staleness(queue: Tensor, filled: Tensor, current: Tensor | None) -> Tensor:
    """Cosine per class (K,), NaN where a centroid is missing."""
    if current is None:
        return queue.new_full(filled.shape, float("nan"))
    held = torch.arange(queue.shape[1], device=queue.device) < filled[:, None]
    stored = (queue * held[..., None]).sum(1)
    now = current.to(stored)
    return (stored * now).sum(1) / (stored.norm(dim=1) * now.norm(dim=1))  # 0 / 0 where one is missing
