"""The bank that a training checkpoint carries: fill, purity, and staleness (Sec. G.3)."""

from dataclasses import dataclass

import numpy as np

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotient, quotients
from pixcon_train.core.errors import CheckpointError

NOT_KNOWABLE = (
    "Not knowable from this checkpoint: its bank stores embeddings and the classes they were entered under, but "
    "neither their true classes nor the pixels they came from."
)
NOT_KNOWN = "Not known: of no entry was the true class known in training, as of unlabeled images without masks."


@dataclass(frozen=True)
class StoredBank(Serializable):
    """A stored bank, arrays in class order."""

    size: int
    """N, the capacity per class."""
    dim: int
    """D of the embeddings."""
    fill: tuple[int, ...]
    with_entry: int
    at_capacity: int
    staleness: tuple[float, ...]
    """Cosine of the stored centroid to the current one: 1 if the network has not moved the class since, lower the
    further it has. NaN where either centroid is missing or cancels (its norm does not exceed 16 times the rounding of
    its type), and where no current embeddings are given."""
    mean_staleness: float
    """Mean over the classes that have one."""
    known: tuple[int, ...] | None
    """Entries with a known true class; None where the checkpoint does not store it."""
    contamination: tuple[float, ...]
    """Share of the known entries whose true class is not the class they were entered under; NaN where none is known."""
    overall_contamination: float
    """The same over the entries of all classes."""
    weight: tuple[float, ...]
    """Mean weight of the entries, 1 unless the rule weights them; NaN without an entry."""
    mean_weight: float
    """Mean over all entries, NaN where there is none."""
    purity: str | None
    """Why the contamination is unknown; None where it is known."""


def measure_stored_bank(
    queue: np.ndarray,
    filled: np.ndarray,
    current: np.ndarray | None = None,
    *,
    truth: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> StoredBank:
    """Fill, purity and staleness of the bank of a checkpoint.

    Args:
        queue: (K, N, D), embeddings; the first ``filled[k]`` of class k are entries.
        filled: (K,) integer, how many entries there are of each class
            (:func:`pixcon_train.method.class_bank.bank_fill` of a saved state, whose own ``filled`` may be bool).
        current: (K, D), each class's mean embedding under the checkpoint's weights, over admitted pixels; zero for a
            class without pixels.
        truth: (K, N) integer, true class of each entry, −1 where unknown; None where the checkpoint does not store it,
            as public ones and those of earlier versions.
        weight: (K, N) of each entry; 1 each where None.

    Raises:
        CheckpointError: the shapes do not fit one another, a class has more than N entries, or an entry or its
            weight is NaN or infinite.
    """
    fits = queue.ndim == 3 and filled.shape == queue.shape[:1] and filled.dtype != np.bool_
    fits = fits and all(part is None or part.shape == queue.shape[:2] for part in (truth, weight))
    if not fits or ((filled < 0) | (filled > queue.shape[1])).any():
        raise CheckpointError(
            f"The stored bank is damaged: queue {queue.shape} with fill {filled.tolist()}. "
            "Expected queue (K, N, D), K fills between 0 and N, and truth and weight, if any, of (K, N)."
        )
    if current is not None and current.shape != (queue.shape[0], queue.shape[2]):
        raise CheckpointError(
            f"The stored bank has {queue.shape[0]} classes of {queue.shape[2]} numbers, but the network gives "
            f"{current.shape}. Do the bank and the projection head come from the same run?"
        )
    held = np.arange(queue.shape[1]) < filled[:, None]
    _refuse_non_finite(queue, held, weight)
    staleness = _staleness(queue, held, current)
    fresh = staleness[~np.isnan(staleness)]
    true_class = np.full(held.shape, -1) if truth is None else truth
    known = held & (true_class >= 0)
    wrong = known & (true_class != np.arange(len(held))[:, None])
    weights = np.where(held, 1.0 if weight is None else weight.astype(np.float64), 0.0)
    return StoredBank(
        size=queue.shape[1],
        dim=queue.shape[2],
        fill=tuple(filled.tolist()),
        with_entry=int((filled > 0).sum()),
        at_capacity=int((filled == queue.shape[1]).sum()),
        staleness=tuple(staleness.tolist()),
        mean_staleness=float(fresh.mean()) if len(fresh) else float("nan"),
        known=None if truth is None else tuple(known.sum(1).tolist()),
        contamination=tuple(quotients(wrong.sum(1), known.sum(1)).tolist()),
        overall_contamination=quotient(wrong.sum(), known.sum()),
        weight=tuple(quotients(weights.sum(1), filled).tolist()),
        mean_weight=quotient(weights.sum(), filled.sum()),
        purity=NOT_KNOWABLE if truth is None else None if known.any() else NOT_KNOWN,
    )


def _refuse_non_finite(queue: np.ndarray, held: np.ndarray, weight: np.ndarray | None) -> None:
    """Raise for NaN and infinity among the entries; rows beyond the fill are not entries."""
    finite = np.isfinite(queue).all(2) & np.isfinite(1.0 if weight is None else weight)
    bad = (~finite & held).sum(1)
    if bad.any():
        raise CheckpointError(
            f"The stored bank is damaged: {bad.sum()} of its {held.sum()} entries are NaN or infinite, or "
            f"weigh so, most of them in class {bad.argmax()}. Take a checkpoint from before the training diverged."
        )


def _staleness(queue: np.ndarray, held: np.ndarray, current: np.ndarray | None) -> np.ndarray:
    """Cosine per class (K,), NaN where a centroid is missing."""
    if current is None:
        return np.full(len(queue), np.nan)
    sums = np.where(held[..., None], queue.astype(np.float64), 0.0).sum(1)
    stored, now = sums / np.maximum(held.sum(1), 1)[:, None], current.astype(np.float64)
    lengths, current_lengths = np.linalg.norm(stored, axis=1), np.linalg.norm(now, axis=1)
    directed = (lengths > _rounding(queue)) & (current_lengths > _rounding(current))
    return quotients((stored * now).sum(1), np.where(directed, lengths * current_lengths, 0.0))


def _rounding(embeddings: np.ndarray) -> float:
    """Norm up to which a mean of unit-norm embeddings is rounding error."""
    return 16 * float(np.finfo(embeddings.dtype).eps)
