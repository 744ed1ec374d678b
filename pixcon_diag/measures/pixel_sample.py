"""A class-balanced sample of pixels with their features, the same pixels for every checkpoint (section 5)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixcon_diag.measures.pixel_sample_result import PixelSample, image_number
from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.measurement import Measurement

STRIDE = 4
"""Pixels between candidates. A cell of the fused feature is at most 3.5 pixels wide (a patch of 14 at 4 times the token
resolution), so no two candidates share one: a duplicated feature would be its own nearest neighbour."""

NEVER = torch.iinfo(torch.int64).max
STATES = ("keys", "labels", "places", "features", "norms")


class PixelSampler(Measurement):
    """The ``per_class`` pixels of each class with the smallest hash of (seed, image name, position).

    The sample depends on the targets alone: not on the checkpoint, the order of the images or their split into batches
    and processes. Every candidate of a class is equally likely. Apart from the images' names, memory does not depend on
    the number of images. Each update syncs the device once, for the number of new pixels.

    Args:
        num_classes: K.
        void: the label that is never sampled.
        per_class: pixels per class.
        seed: decides the sample.

    Raises:
        ConfigError: ``per_class`` is below 1.

    Example:
        >>> sampler = PixelSampler(num_classes=2, void=255, per_class=3)
        >>> target = torch.zeros(1, 32, 32, dtype=torch.long)
        >>> sampler.update(torch.rand(1, 8, 16, 16), target, names=["a.jpg"])
        >>> sampler.compute().counts
        (3, 0)
    """

    higher_is_better = None
    keys: list[Tensor]
    labels: list[Tensor]
    places: list[Tensor]
    features: list[Tensor]
    norms: list[Tensor]

    def __init__(self, num_classes: int, *, void: int, per_class: int = 100, seed: int = 0) -> None:
        super().__init__()
        if per_class < 1:
            raise ConfigError(f"Expected at least one pixel per class, got {per_class}. The usual number is 100.")
        self.num_classes, self.void, self.per_class, self.seed = num_classes, void, per_class, seed
        self._names: dict[int, str] = {}
        for state in STATES:
            self.add_state(state, [], dist_reduce_fx="cat")

    def update(
        self, fused: Tensor | None, target: Tensor, names: Sequence[str], covered: tuple[int, int] | None = None
    ) -> None:
        """Add one batch.

        Args:
            fused: (B, C, h, w), the feature that feeds the classifier.
            target: (B, H, W), class indices and void.
            names: of the B images, unique in the set.
            covered: height and width in image pixels that ``fused`` covers; H, W where None (no padding).

        Raises:
            ConfigError: there is no feature, as with sliding windows.
        """
        if fused is None:
            raise ConfigError(
                "Sliding windows have one feature per window and none for the image, so no pixels can be sampled. "
                "Use whole images."
            )
        identities = [image_number(name, self.seed) for name in names]
        self._names |= dict(zip(identities, names, strict=True))
        image, position = self._candidates(target, identities)
        raw = _at(fused, image, position, covered or (target.shape[-2], target.shape[-1]))
        norms = raw.norm(dim=1)
        features = raw / norms.clamp(min=1e-12)[:, None]
        labels = target[image, position[:, 0], position[:, 1]].long()
        number = torch.tensor(identities, device=target.device)[image]
        new = (_key(number, position), labels, torch.cat([number[:, None], position], 1), features, norms)
        merged = [torch.cat([*_listed(getattr(self, state)), rows]) for state, rows in zip(STATES, new, strict=True)]
        smallest = smallest_by_class(merged[0], merged[1], self.per_class)
        for state, rows in zip(STATES, merged, strict=True):
            setattr(self, state, [rows[smallest]])

    def compute(self) -> PixelSample:
        """The sample so far; empty where no pixel was valid."""
        return PixelSample.from_state(
            self.snapshot(), self._names, num_classes=self.num_classes, per_class=self.per_class, seed=self.seed
        )

    def reset(self) -> None:
        """Discard the sample."""
        super().reset()
        self._names = {}

    def _candidates(self, target: Tensor, identities: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Image (M,) and row and column (M, 2) of the pixels that may be among the smallest of their class."""
        rows, columns = (_lattice(edge, target.device) for edge in target.shape[-2:])
        labels = target[:, rows][:, :, columns].long()
        number = torch.tensor(identities, device=target.device)
        position = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1)
        keys = _key(number[:, None, None], position)
        counted = (labels != self.void) & (labels >= 0) & (labels < self.num_classes)
        candidate = counted & (keys < self._bar(target.device)[labels.clamp(0, self.num_classes - 1)])
        image, row, column = candidate.nonzero(as_tuple=True)
        smallest = smallest_by_class(keys[image, row, column], labels[image, row, column], self.per_class)
        return image[smallest], position[row[smallest], column[smallest]]

    def _bar(self, device: torch.device) -> Tensor:
        """(K,): the largest sampled hash of each class with a full sample, an upper bound for new pixels."""
        bar = torch.full((self.num_classes,), NEVER, device=device)
        if self.keys:
            keys, labels = torch.cat(_listed(self.keys)), torch.cat(_listed(self.labels))
            largest = torch.zeros_like(bar).scatter_reduce(0, labels, keys, "amax")
            full = torch.bincount(labels, minlength=self.num_classes) >= self.per_class
            bar = torch.where(full, largest, bar)
        return bar


def _listed(state: list[Tensor] | Tensor) -> list[Tensor]:
    """A state as a list of tensors: torchmetrics turns it into one tensor when processes are joined."""
    return [state] if isinstance(state, Tensor) else state


def _lattice(edge: int, device: torch.device) -> Tensor:
    """Candidate rows or columns along an edge."""
    return torch.arange(min(STRIDE // 2, edge - 1), edge, STRIDE, device=device)


def _key(number: Tensor, position: Tensor) -> Tensor:
    """Hash in 0..2^63−1 of an image's number and a position (..., 2): splitmix64's finaliser, in wrapping int64."""
    state = number + (position[..., 0] * 2**20 + position[..., 1]) * _signed(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ _shifted(state, shift)) * _signed(factor)
    return (state ^ _shifted(state, 31)) & NEVER


def _shifted(value: Tensor, bits: int) -> Tensor:
    """Logical shift to the right; torch's shift copies the sign."""
    shifted: Tensor = (value >> bits) & (2 ** (64 - bits) - 1)
    return shifted


def _signed(value: int) -> int:
    """The int64 with the bits of an unsigned 64-bit number."""
    return value - 2**64 if value >= 2**63 else value


def smallest_by_class(keys: Tensor, labels: Tensor, count: int) -> Tensor:
    """Indices of the ``count`` smallest keys of each class, by class and then by key."""
    order = keys.argsort(stable=True)
    order = order[labels[order].argsort(stable=True)]
    sorted_labels = labels[order]
    rank = torch.arange(len(order), device=keys.device) - torch.searchsorted(sorted_labels, sorted_labels)
    return order[rank < count]


def _at(fused: Tensor, image: Tensor, position: Tensor, covered: tuple[int, int]) -> Tensor:
    """(M, C) float32: the feature at each pixel (nearest neighbour)."""
    cells = [position[:, axis] * fused.shape[2 + axis] // covered[axis] for axis in (0, 1)]
    return fused.detach()[image, :, cells[0], cells[1]].float()
