"""The bank that a training checkpoint carries: fill, purity, and how far the network has moved on since (Sec. G.3)."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError

NOT_KNOWABLE = (
    "Not knowable from this checkpoint: its bank keeps embeddings and the classes they were entered under, but neither "
    "their true classes nor the pixels they came from."
)
NOT_KNOWN = "Not known: of no entry was the true class known in training, as of unlabeled images without masks."


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
    it, less the further it has moved. NaN where either is missing or its embeddings cancel (the mean's norm does not
    exceed 16 times the rounding of its type), and where no current ones were given."""
    mean_staleness: float
    """Mean over the classes that have one."""
    known: tuple[int, ...] | None
    """Entries whose true class is known; None where the checkpoint does not keep it."""
    contamination: tuple[float, ...]
    """Share of the known entries that are of another class than the one they stand under; NaN where none is known."""
    overall_contamination: float
    """The same of the known entries of all classes."""
    weight: tuple[float, ...]
    """Mean weight of the entries, which is 1 unless the rule weights them; NaN where there is none."""
    mean_weight: float
    """Mean over all entries, NaN where there is none."""
    purity: str | None
    """Why the contamination is unknown; None where it is known."""

    def to_dict(self) -> dict[str, Any]:
        """The result as nested dicts and tuples of numbers."""
        return asdict(self)


def measure_stored_bank(
    queue: Tensor,
    filled: Tensor,
    current: Tensor | None = None,
    *,
    truth: Tensor | None = None,
    weight: Tensor | None = None,
) -> StoredBank:
    """Fill, purity and staleness of the bank of a checkpoint.

    Args:
        queue: (K, N, D), embeddings; the first ``filled[k]`` of class k are entries.
        filled: (K,) integer, how many entries there are of each class
            (:func:`pixcon_train.method.class_bank.bank_fill` of a saved state, whose own ``filled`` may be bool).
        current: (K, D), each class's mean embedding under the checkpoint's weights, over admitted pixels; zero for a
            class without pixels.
        truth: (K, N) integer, true class of each entry, −1 where unknown; None where the checkpoint does not keep it,
            as public ones and those of earlier versions.
        weight: (K, N) of each entry; 1 each where None.

    Raises:
        CheckpointError: the shapes do not fit one another, a class has more entries than places, or an entry or its
            weight is NaN or infinite.
    """
    fits = queue.ndim == 3 and filled.shape == queue.shape[:1] and filled.dtype != torch.bool
    fits = fits and all(each is None or each.shape == queue.shape[:2] for each in (truth, weight))
    if not fits or bool(((filled < 0) | (filled > queue.shape[1])).any()):
        raise CheckpointError(
            f"The stored bank is damaged: queue {tuple(queue.shape)} with fill {filled.tolist()}. "
            "Expected queue (K, N, D), K fills between 0 and N, and truth and weight, if any, of (K, N)."
        )
    if current is not None and current.shape != (queue.shape[0], queue.shape[2]):
        raise CheckpointError(
            f"The stored bank has {queue.shape[0]} classes of {queue.shape[2]} numbers, but the network gives "
            f"{tuple(current.shape)}. Do the bank and the projection head come from the same run?"
        )
    queue, filled = queue.cpu(), filled.cpu()
    truth, weight = (None if each is None else each.cpu() for each in (truth, weight))
    _refuse_non_finite(queue, filled, weight)
    staleness = _staleness(queue, filled, current)
    fresh = staleness[~staleness.isnan()]
    held = torch.arange(queue.shape[1], device=queue.device) < filled[:, None]
    true_class = torch.full_like(held, -1, dtype=torch.int64) if truth is None else truth
    known = held & (true_class >= 0)
    wrong = (known & (true_class != torch.arange(len(held), device=held.device)[:, None])).double()
    weights = torch.where(held, 1.0 if weight is None else weight.double(), 0.0)
    return StoredBank(
        size=queue.shape[1],
        dim=queue.shape[2],
        fill=tuple(filled.tolist()),
        with_entry=int((filled > 0).sum()),
        at_capacity=int((filled == queue.shape[1]).sum()),
        staleness=tuple(staleness.tolist()),
        mean_staleness=float(fresh.mean()) if len(fresh) else float("nan"),
        known=None if truth is None else tuple(known.sum(1).tolist()),
        contamination=tuple((wrong.sum(1) / known.sum(1)).tolist()),  # 0 / 0 where none is known, so with weights
        overall_contamination=float(wrong.sum() / known.sum()),
        weight=tuple((weights.sum(1) / filled).tolist()),
        mean_weight=float(weights.sum() / filled.sum()),
        purity=NOT_KNOWABLE if truth is None else None if bool(known.any()) else NOT_KNOWN,
    )


def _refuse_non_finite(queue: Tensor, filled: Tensor, weight: Tensor | None) -> None:
    """Raise for NaN and infinity among the entries; what lies behind the fill is of no entry."""
    finite = queue.isfinite().all(2) if weight is None else queue.isfinite().all(2) & weight.isfinite()
    bad = (~finite & (torch.arange(queue.shape[1]) < filled[:, None])).sum(1)
    if bool(bad.any()):
        raise CheckpointError(
            f"The stored bank is damaged: {int(bad.sum())} of its {int(filled.sum())} entries are NaN or infinite, or "
            f"weigh so, most of them in class {int(bad.argmax())}. Take a checkpoint from before the training diverged."
        )


def _staleness(queue: Tensor, filled: Tensor, current: Tensor | None) -> Tensor:
    """Cosine per class (K,), NaN where a centroid is missing."""
    if current is None:
        return torch.full(filled.shape, float("nan"), dtype=torch.float64, device=queue.device)
    held = torch.arange(queue.shape[1], device=queue.device) < filled[:, None]
    stored = (queue.double() * held[..., None]).sum(1) / filled[:, None].clamp(min=1)
    now = current.cpu().double()
    cosine: Tensor = (stored * now).sum(1) / (stored.norm(dim=1) * now.norm(dim=1))
    directed = (stored.norm(dim=1) > _rounding(queue)) & (now.norm(dim=1) > _rounding(current))
    return cosine.where(directed, float("nan"))


def _rounding(embeddings: Tensor) -> float:
    """Norm up to which a mean of unit-norm embeddings is nothing but rounding."""
    return 16 * torch.finfo(embeddings.dtype).eps
