"""Result of the coverage measurement: how many pixels of each class reach the bank (Sec. G.3)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotients
from pixcon_train.evaluation.strays import TRUTH, refuse_strays

ADMITTED = "admitted pixels"
MAPS = (TRUTH, ADMITTED)
"""The maps that hold labels."""


@dataclass(frozen=True)
class ClassCoverage:
    """Every class, arrays in class order. Pixels are those of the feature map, where training applies the rule."""

    images: tuple[int, ...]
    """Images that contain the class."""
    labeled: tuple[int, ...]
    """Pixels labeled with it."""
    eligible: tuple[int, ...]
    """Pixels that the rule admits under it."""
    rho_f: tuple[float, ...]
    """Share of the eligible pixels whose target is another class; 0 for the rules that enter a pixel under its label,
    NaN where no pixel is eligible."""
    admitted: tuple[int, ...]
    """Of the eligible, those within the cap: Σ over batches of min(m, eligible in the batch)."""
    fill: tuple[int, ...]
    """Entries of the final bank: min(N, admitted)."""
    images_until_full: tuple[int | None, ...]
    """Images seen at the end of the batch in which the class's queue fills up; None where it does not."""


@dataclass(frozen=True)
class CoverageResult(Serializable):
    """One replayed pass, starting from an empty bank."""

    images: int
    batch_size: int
    cap: int
    bank_size: int
    with_entry: int
    """Classes with at least one entry."""
    at_capacity: int
    """Classes with N entries."""
    median_eligible: float
    """Median over all K classes of the eligible pixels."""
    min_eligible: int
    starved: tuple[int, ...]
    """Classes without an entry, which L_pix leaves out; those also in ``absent`` cannot have one."""
    absent: tuple[int, ...]
    """Classes that no image contains."""
    classes: ClassCoverage

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, np.ndarray],
        num_classes: int,
        *,
        void: int,
        batch_size: int,
        cap: int,
        bank_size: int,
    ) -> "CoverageResult":
        """The result of a :class:`pixcon_diag.measures.coverage.Coverage`, from a snapshot of its state.

        Raises:
            PixConError: a valid pixel's label, or the class under which a pixel was admitted, was no class.
        """
        refuse_strays(state["strays"], num_classes, void, MAPS)
        counts = state.get("counts", np.zeros((0, 3, num_classes))).astype(np.int64)
        labeled, eligible, correct = counts.sum(0)
        entered = np.minimum(_per_batch(counts[:, 1], batch_size), cap)
        fill = np.minimum(entered.sum(0), bank_size)
        return cls(
            images=len(counts),
            batch_size=batch_size,
            cap=cap,
            bank_size=bank_size,
            with_entry=int((fill > 0).sum()),
            at_capacity=int((fill == bank_size).sum()),
            median_eligible=float(np.median(eligible)),
            min_eligible=int(eligible.min()),
            starved=tuple(np.flatnonzero(fill == 0).tolist()),
            absent=tuple(np.flatnonzero(labeled == 0).tolist()),
            classes=ClassCoverage(
                images=tuple((counts[:, 0] > 0).sum(0).tolist()),
                labeled=tuple(labeled.tolist()),
                eligible=tuple(eligible.tolist()),
                rho_f=tuple((1 - quotients(correct, eligible)).tolist()),
                admitted=tuple(entered.sum(0).tolist()),
                fill=tuple(fill.tolist()),
                images_until_full=_until_full(entered, len(counts), batch_size, bank_size),
            ),
        )


def _per_batch(eligible: np.ndarray, batch_size: int) -> np.ndarray:
    """Eligible pixels per class of each training batch, from those of each image (I, K)."""
    if not len(eligible):
        return eligible
    return np.add.reduceat(eligible, np.arange(0, len(eligible), batch_size), axis=0)


def _until_full(entered: np.ndarray, images: int, batch_size: int, bank_size: int) -> tuple[int | None, ...]:
    """Images seen when each class is full, from what each batch enters (batches, K)."""
    full = entered.cumsum(0) >= bank_size
    batches = np.where(full.any(0), full.argmax(0) + 1, 0) if len(full) else np.zeros(full.shape[1], dtype=int)
    return tuple(min(int(batch) * batch_size, images) if batch else None for batch in batches)
