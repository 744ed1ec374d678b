"""Does every class reach the bank? A replay of the admission rule over the labeled split (Sec. G.3)."""

from typing import Any

import torch
from torch import Tensor

from pixcon_diag.measures.coverage_result import ADMITTED, MAPS, CoverageResult
from pixcon_diag.measures.plotting import DrawnMeasurement
from pixcon_train.core.counting import masked_bincount
from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.label_checks import check_maps
from pixcon_train.evaluation.strays import TRUTH

NOT_ADMITTED = -1


def coverage_statistics(labels: Tensor, admitted: Tensor, num_classes: int) -> Tensor:
    """Labeled, eligible and correctly eligible pixels of each image and class: (B, 3, K) int64.

    Args:
        labels: y, integer (B, h, w); a value outside [0, K) is no class.
        admitted: class under which each pixel is admitted, integer (B, h, w), −1 where it is not.
        num_classes: K.
    """
    rows = torch.stack((labels, admitted, torch.where(admitted == labels, admitted, -1)), 1).flatten(0, 1).long()
    return masked_bincount(rows, (rows >= 0) & (rows < num_classes), num_classes).view(-1, 3, num_classes)


class Coverage(DrawnMeasurement):
    r"""How many pixels of each class the admission rule admits to the bank in one pass over the labeled split.

    Images are grouped in order into training batches of ``batch_size``; at most ``cap`` pixels per class and batch are
    admitted, and a class's queue holds at most ``bank_size``. The batches of the network do not matter, but the order
    of the images does, as it decides which share a training batch.

    The state is int64 counts (3, K) per image; the images of several processes are concatenated.

    Args:
        num_classes: K.
        batch_size: labeled images that one bank sees in a training step.
        cap: m.
        bank_size: N.
        void: the label of pixels that are in no class; 255, or 65535 beyond 255 classes, where None.

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

    command = "coverage"
    higher_is_better = True
    counts: list[Tensor]

    def __init__(
        self, num_classes: int, *, batch_size: int, cap: int = 64, bank_size: int = 256, void: int | None = None
    ) -> None:
        super().__init__(num_classes, void=void, maps=MAPS)
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

    def drawn_with(self) -> dict[str, Any]:
        """Also that the rule is the caller's, and that no bank is stored."""
        return super().drawn_with() | {"rule": "admitted", "stored_bank": None}

    def compute(self) -> CoverageResult:
        """The coverage of the images so far.

        Raises:
            PixConError: a valid pixel's label, or the class under which a pixel was admitted, was no class.
        """
        return CoverageResult.from_state(
            self.snapshot(),
            self.num_classes,
            void=self.void,
            batch_size=self.batch_size,
            cap=self.cap,
            bank_size=self.bank_size,
        )
