"""Checks of metrics' label maps: shape, type, and that counted labels are classes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixcon_train.core.void import void_of
from pixcon_train.evaluation.measurement import Measurement
from pixcon_train.evaluation.strays import PREDICTION, TRUTH, refuse_strays

_LARGEST, _SMALLEST = torch.iinfo(torch.int64).max, torch.iinfo(torch.int64).min


def check_maps(**maps: Tensor) -> None:
    """Raise ValueError where the maps are not all integers, (B, H, W), of one shape."""
    shapes = {name: tuple(labels.shape) for name, labels in maps.items()}
    if len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 3:
        raise ValueError(f"Expected {_listed(shapes)} of one shape (B, H, W), got {_listed(shapes.values())}.")
    for name, labels in maps.items():
        if labels.is_floating_point() or labels.is_complex():
            raise ValueError(
                f"Expected class indices (integers) as {name}, got {labels.dtype}. Was argmax(1) forgotten?"
            )


class LabelMeasurement(Measurement):
    """A measurement of label maps that counts labels outside the classes, and refuses a result if there are any.

    Raising at once would need a device sync per batch: such labels are excluded there, and :meth:`refuse_strays`
    raises.

    Args:
        num_classes: K.
        void: the label that is never counted; that of :func:`pixcon_train.core.void.void_of` where None.
        maps: names of the label maps, in the plural: ``valid pixels of the prediction``.
    """

    strays: Tensor
    """(maps, 3) int64: per map the number of labels outside the classes, the smallest and the largest."""

    def __init__(self, num_classes: int, *, void: int | None, maps: Sequence[str] = (TRUTH, PREDICTION)) -> None:
        super().__init__()
        self.num_classes, self.void = num_classes, void_of(num_classes) if void is None else void
        self._maps = tuple(maps)
        none = torch.tensor([[0, _LARGEST, _SMALLEST]] * len(maps))
        self.add_state("strays", none, dist_reduce_fx=_joined)

    def counted(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Where pixels count, bool: the target is not void, and both hold classes. Both are int64 of one shape."""
        valid = self.classes_only(TRUTH, target, target != self.void)
        return self.classes_only(PREDICTION, prediction, valid)

    def classes_only(self, name: str, labels: Tensor, counted: Tensor) -> Tensor:
        """Where ``counted`` labels are classes, bool; other counted labels are recorded as strays.

        Args:
            name: one of the maps.
            labels: int64.
            counted: bool, of the same shape.
        """
        if labels.device.type == "cpu" and self._all_classes(labels, counted):
            return counted  # two passes; the rest is for devices, without a sync, and for the message
        classes = (labels >= 0) & (labels < self.num_classes)
        stray = counted & ~classes
        row = (stray.sum(), labels.where(stray, _LARGEST).amin(), labels.where(stray, _SMALLEST).amax())
        index = self._maps.index(name)
        self.strays[index] = _joined(torch.stack((self.strays[index], torch.stack(row).to(self.strays.device))))
        return counted & classes

    def _all_classes(self, labels: Tensor, counted: Tensor) -> bool:
        if not labels.numel():
            return True
        low, high = torch.aminmax(labels.where(counted, 0))
        return bool(low >= 0) and bool(high < self.num_classes)

    def refuse_strays(self, *also: str) -> None:
        """Raise PixConError if some labels were outside the classes, or with the further faults ``also``."""
        refuse_strays(self.strays.cpu().numpy(), self.num_classes, self.void, self._maps, also)


def _joined(rows: Tensor) -> Tensor:
    """Rows of several processes or batches (P, ..., 3) combined into one."""
    return torch.stack((rows[..., 0].sum(0), rows[..., 1].amin(0), rows[..., 2].amax(0)), -1)


def _listed(parts: object) -> str:
    return ", ".join(map(str, parts))  # type: ignore[call-overload]
