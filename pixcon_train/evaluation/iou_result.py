"""Intersection over union of a whole set: counts and what follows from them (measurements, section 0)."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Absent = Literal["skip", "zero"]


@dataclass(frozen=True)
class IoUResult:
    """Counts per class, and what follows from them."""

    intersection: list[int]
    predicted: list[int]
    target: list[int]

    @classmethod
    def from_counts(cls, counts: np.ndarray) -> "IoUResult":
        """The result of (3, K): true positives, predicted and true pixels per class."""
        return cls(*counts.tolist())

    @property
    def union(self) -> list[int]:
        """Pixels predicted or labelled as a class."""
        return [p + t - i for i, p, t in zip(self.intersection, self.predicted, self.target, strict=True)]

    @property
    def iou(self) -> list[float]:
        """Intersection over union per class, NaN for a class in neither prediction nor target."""
        return [i / u if u else float("nan") for i, u in zip(self.intersection, self.union, strict=True)]

    @property
    def present(self) -> tuple[int, ...]:
        """The classes that have an IoU, over which ``skip`` takes the mean."""
        return tuple(k for k, pixels in enumerate(self.union) if pixels)

    def miou(self, absent: Absent = "skip") -> float:
        """Mean over classes; an absent one is excluded (``skip``) or counts 0 (``zero``, UniMatch V2).

        NaN for ``skip`` without a present class.
        """
        present = [value for value in self.iou if value == value]
        divisor = len(self.iou) if absent == "zero" else len(present)
        return sum(present) / divisor if divisor else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of valid pixels that are predicted correctly; NaN without valid pixels."""
        return sum(self.intersection) / sum(self.target) if sum(self.target) else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Both conventions and the counts, ready for JSON."""
        return {
            "miou": self.miou("skip"),
            "miou_zero": self.miou("zero"),
            "accuracy": self.accuracy,
            "iou": self.iou,
            "intersection": self.intersection,
            "predicted": self.predicted,
            "truth": self.target,
        }
