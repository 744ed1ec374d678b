"""Result of the class-balanced sample of pixels (section 5)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PixelSample:
    """The sampled pixels, sorted by class and then by hash; arrays are parallel."""

    features: np.ndarray
    """(M, C) float32, of unit norm."""
    norms: np.ndarray
    """(M,) float32: norm of the features before normalisation."""
    labels: np.ndarray
    """(M,) int64, the pixels' target."""
    pixels: tuple[tuple[str, int, int], ...]
    """Image, row and column of each pixel, at the mask's resolution."""
    num_classes: int
    per_class: int
    seed: int

    @classmethod
    def from_state(
        cls, state: Mapping[str, np.ndarray], names: Mapping[int, str], *, num_classes: int, per_class: int, seed: int
    ) -> "PixelSample":
        """The sample of a :class:`pixcon_diag.measures.pixel_sample.PixelSampler`, from a snapshot of its state.

        Args:
            state: the snapshot; of several joined parts, each has up to ``per_class`` pixels of a class.
            names: of the images, by the numbers that :func:`image_number` gives them.
        """
        keys, labels = (state.get(name, np.zeros(0, dtype=np.int64)) for name in ("keys", "labels"))
        order = np.lexsort((keys, labels))  # by class, then by hash
        ordered = labels[order]
        smallest = order[np.arange(len(order)) - np.searchsorted(ordered, ordered) < per_class]
        rows = state["places"][smallest].tolist() if len(smallest) else []
        return cls(
            features=state.get("features", np.zeros((0, 0), dtype=np.float32))[smallest],
            norms=state.get("norms", np.zeros(0, dtype=np.float32))[smallest],
            labels=labels[smallest],
            pixels=tuple((names.get(owner, f"{owner:x}"), row, column) for owner, row, column in rows),
            num_classes=num_classes,
            per_class=per_class,
            seed=seed,
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """Pixels of each class; fewer than ``per_class`` where the set has no more."""
        return tuple(np.bincount(self.labels, minlength=self.num_classes).tolist())

    def digest(self) -> str:
        """SHA-256 of pixels, labels and features."""
        found = hashlib.sha256(repr(self.pixels).encode())
        for array in (self.labels, self.features, self.norms):
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()


def image_number(name: str, seed: int) -> int:
    """A signed 64-bit number for an image under a seed."""
    digest = hashlib.blake2b(f"{seed}\n{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
