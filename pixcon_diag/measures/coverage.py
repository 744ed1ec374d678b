"""Does every class reach the bank? A replay of the admission rule over the labeled split (Sec. G.3)."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.label_checks import TRUTH, LabelMeasurement, check_maps

ADMITTED = "admitted pixels"
NOT_ADMITTED = -1


@dataclass(frozen=True)
class ClassCoverage:
    """Every class, arrays in class order. Pixels are those of the feature map, where training applies the rule."""

    images: tuple[int, ...]
    """Images that contain the class."""
    labeled: tuple[int, ...]
    """Pixels labelled with it."""
    eligible: tuple[int, ...]
    """Pixels that the rule admits under it."""
    rho_f: tuple[float, ...]
    """Share of the eligible whose truth is another class; 0 for the rules that enter a pixel under its label. NaN where
    none is eligible."""
    admitted: tuple[int, ...]
    """Of the eligible, those within the cap: Σ over batches of min(m, eligible in the batch)."""
    fill: tuple[int, ...]
    """Entries that the bank ends up with: min(N, admitted)."""
    images_until_full: tuple[int | None, ...]
    """Images seen at the end of the batch in which the class's queue fills up; None where it does not."""


@dataclass(frozen=True)
class CoverageResult:
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
    """Classes without an entry: they are in no L_pix. Those of them in ``absent`` could not have one."""
    absent: tuple[int, ...]
    """Classes that no image contains."""
    classes: ClassCoverage

    def to_dict(self) -> dict[str, Any]:
        """The result as nested dicts and tuples of numbers."""
        return asdict(self)


def coverage_statistics(labels: Tensor, admitted: Tensor, num_classes: int) -> Tensor:
    """Labelled, eligible and rightly eligible pixels of each image and class: (B, 3, K) int64.

    Args:
        labels: y, integer (B, h, w); a value outside [0, K) is no class.
        admitted: class under which each pixel is admitted, integer (B, h, w), −1 where it is not.
        num_classes: K.
    """
    rows = torch.stack((labels, admitted, torch.where(admitted == labels, admitted, -1)), 1).flatten(2).long()
    groups = torch.where((rows >= 0) & (rows < num_classes), rows, num_classes)  # one more takes what is in no class
    counts = rows.new_zeros((*rows.shape[:2], num_classes + 1))
    return counts.scatter_add_(2, groups, torch.ones_like(groups))[..., :num_classes]


class Coverage(LabelMeasurement):
    r"""How many pixels of each class the admission rule lets into the bank in one pass of the labeled split.

    Images are grouped, in the order in which they come, into training batches of ``batch_size``; of each, at most
    ``cap`` pixels a class are admitted; a class's queue holds at most ``bank_size``. How the images are batched for the
    network does not matter, but their order does, as it decides which come together.

    The state is int64 counts (3, K) of each image; several processes' images follow one another.

    Args:
        num_classes: K.
        batch_size: labeled images that one bank sees in a training step.
        cap: m.
        bank_size: N.
        void: the label of pixels that are in no class.

    Raises:
        ConfigError: one of the sizes is below 1.

    Example:
        >>> metric = Coverage(num_classes=2, batch_size=1, cap=2, bank_size=3)
        >>> labels = torch.tensor([[[0, 0, 0, 1]], [[0, 0, 1, 255]]])
        >>> metric.update(labels, torch.tensor([[[0, 0, 0, -1]], [[0, 0, 1, -1]]]))
        >>> result = metric.compute().classes
        >>> result.eligible, result.admitted, result.fill, result.images_until_full
        ((5, 1), (4, 1), (3, 1), (2, None))
    """

    higher_is_better = True
    counts: list[Tensor]

    def __init__(
        self, num_classes: int, *, batch_size: int, cap: int = 64, bank_size: int = 256, void: int = 255
    ) -> None:
        super().__init__(num_classes, void=void, maps=(TRUTH, ADMITTED))
        for name, value in (("batch size", batch_size), ("cap", cap), ("bank size", bank_size)):
            if value < 1:
                raise ConfigError(f"Expected a {name} of at least 1 to replay the admission with, got {value}.")
        self.batch_size, self.cap, self.bank_size = batch_size, cap, bank_size
        self.add_state("counts", [], dist_reduce_fx="cat")

    def update(self, labels: Tensor, admitted: Tensor) -> None:
        """Count one batch, at the feature's resolution.

        Args:
            labels: y, integer (B, h, w), in [0, K) or void; see :func:`pixcon_diag.measures.geometry.labels_on_grid`.
            admitted: class under which each pixel is admitted, integer (B, h, w), −1 where it is not; see
                :func:`pixcon_train.method.admission.admit`.

        Raises:
            ValueError: the shapes differ, or something else than integers.
        """
        check_maps(labels=labels, admitted=admitted)
        labels, admitted = labels.long(), admitted.long()
        valid = self.classes_only(TRUTH, labels, labels != self.void)
        self.classes_only(ADMITTED, admitted, admitted != NOT_ADMITTED)
        self.counts.append(coverage_statistics(labels.where(valid, -1), admitted, self.num_classes))

    def compute(self) -> CoverageResult:
        """The coverage of the images so far.

        Raises:
            PixConError: a valid pixel's label, or the class under which a pixel was admitted, was no class.
        """
        self.refuse_strays()
        parts = self.counts if isinstance(self.counts, list) else [self.counts]  # one tensor once synchronised
        counts = torch.cat(parts).cpu().numpy() if parts else np.zeros((0, 3, self.num_classes), dtype=np.int64)
        labeled, eligible, right = counts.sum(0)
        entered = np.minimum(self._per_batch(counts[:, 1]), self.cap)
        fill = np.minimum(entered.sum(0), self.bank_size)
        return CoverageResult(
            images=len(counts),
            batch_size=self.batch_size,
            cap=self.cap,
            bank_size=self.bank_size,
            with_entry=int((fill > 0).sum()),
            at_capacity=int((fill == self.bank_size).sum()),
            median_eligible=float(np.median(eligible)),
            min_eligible=int(eligible.min()),
            starved=tuple(np.flatnonzero(fill == 0).tolist()),
            absent=tuple(np.flatnonzero(labeled == 0).tolist()),
            classes=ClassCoverage(
                images=tuple((counts[:, 0] > 0).sum(0).tolist()),
                labeled=tuple(labeled.tolist()),
                eligible=tuple(eligible.tolist()),
                rho_f=tuple(
                    1 - r / e if e else float("nan") for r, e in zip(right.tolist(), eligible.tolist(), strict=True)
                ),
                admitted=tuple(entered.sum(0).tolist()),
                fill=tuple(fill.tolist()),
                images_until_full=self._until_full(entered, len(counts)),
            ),
        )

    def options(self) -> dict[str, Any]:
        """What a result depends on beside the pixels, for its provenance."""
        return {name: getattr(self, name) for name in ("batch_size", "cap", "bank_size")}

    def _per_batch(self, eligible: np.ndarray) -> np.ndarray:
        """Eligible pixels per class of each training batch, from those of each image (I, K)."""
        if not len(eligible):
            return eligible
        return np.add.reduceat(eligible, np.arange(0, len(eligible), self.batch_size), axis=0)

    def _until_full(self, entered: np.ndarray, images: int) -> tuple[int | None, ...]:
        """Images seen when each class is full, from what each batch enters (batches, K)."""
        full = entered.cumsum(0) >= self.bank_size
        batches = np.where(full.any(0), full.argmax(0) + 1, 0) if len(full) else np.zeros(full.shape[1], dtype=int)
        return tuple(min(int(batch) * self.batch_size, images) if batch else None for batch in batches)
