"""A class-balanced sample of pixels with their features, the same pixels for every checkpoint (section 5)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pixcon_diag.measures.pixel_sample_result import PixelSample, image_number
from pixcon_train.core.errors import ConfigError
from pixcon_train.evaluation.measurement import Measurement

STRIDE = 4
"""Pixels between candidates. A cell of the fused feature is at most 3.5 pixels wide (a patch of 14 at 4 times the token
resolution), so that no two candidates share one: a feature met twice would be its own nearest neighbour."""

NEVER = torch.iinfo(torch.int64).max
STATES = ("keys", "labels", "places", "features", "norms")


class PixelSampler(Measurement):
    """Keeps the ``per_class`` pixels of each class with the smallest hash of (seed, image name, position).

    Which pixels these are depends on the ground truth alone: not on the checkpoint, the order of the images, or their
    split into batches and processes. Every candidate of a class is as likely as any other. Memory does not depend on
    the number of images, but for their names. Each update waits for the device, to see how many pixels it has to fetch.

    Args:
        num_classes: K.
        void: the ground truth that is never sampled.
        per_class: pixels per class.
        seed: another one gives other pixels.

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
        """Take in one batch.

        Args:
            fused: (B, C, h, w), the feature that feeds the classifier.
            target: (B, H, W), class indices and void.
            names: of the B images; they tell the images of the set apart.
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
        image, place = self._candidates(target, identities)
        raw = _at(fused, image, place, covered or (target.shape[-2], target.shape[-1]))
        norms = raw.norm(dim=1)
        features = raw / norms.clamp(min=1e-12)[:, None]
        labels = target[image, place[:, 0], place[:, 1]].long()
        owner = torch.tensor(identities, device=target.device)[image]
        new = (_key(owner, place), labels, torch.cat([owner[:, None], place], 1), features, norms)
        merged = [torch.cat([*_listed(getattr(self, state)), each]) for state, each in zip(STATES, new, strict=True)]
        kept = _smallest(merged[0], merged[1], self.per_class)
        for state, each in zip(STATES, merged, strict=True):
            setattr(self, state, [each[kept]])

    def compute(self) -> PixelSample:
        """The sample so far; empty where no pixel was valid."""
        return PixelSample.from_state(
            self.snapshot(), self._names, num_classes=self.num_classes, per_class=self.per_class, seed=self.seed
        )

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self._names = {}

    def _candidates(self, target: Tensor, identities: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Image (M,) and row and column (M, 2) of the pixels that may be among the smallest of their class."""
        rows, columns = (_lattice(edge, target.device) for edge in target.shape[-2:])
        labels = target[:, rows][:, :, columns].long()
        owner = torch.tensor(identities, device=target.device)
        place = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1)
        keys = _key(owner[:, None, None], place)
        counted = (labels != self.void) & (labels >= 0) & (labels < self.num_classes)
        hopeful = counted & (keys < self._bar(target.device)[labels.clamp(0, self.num_classes - 1)])
        image, row, column = hopeful.nonzero(as_tuple=True)
        kept = _smallest(keys[image, row, column], labels[image, row, column], self.per_class)
        return image[kept], place[row[kept], column[kept]]

    def _bar(self, device: torch.device) -> Tensor:
        """(K,): the largest hash kept of each class that has its number, which a new pixel has to stay below."""
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


def _key(owner: Tensor, place: Tensor) -> Tensor:
    """Hash in 0..2^63−1 of an image's identity and a place (..., 2): splitmix64's finaliser, in wrapping int64."""
    state = owner + (place[..., 0] * 2**20 + place[..., 1]) * _signed(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ _shifted(state, shift)) * _signed(factor)
    return (state ^ _shifted(state, 31)) & NEVER


def _shifted(value: Tensor, bits: int) -> Tensor:
    """Logical shift to the right; torch's own copies the sign."""
    shifted: Tensor = (value >> bits) & (2 ** (64 - bits) - 1)
    return shifted


def _signed(value: int) -> int:
    """The int64 with the bits of an unsigned 64-bit number."""
    return value - 2**64 if value >= 2**63 else value


def _smallest(keys: Tensor, labels: Tensor, count: int) -> Tensor:
    """Indices of the ``count`` smallest keys of each class, by class and then by key."""
    order = keys.argsort(stable=True)
    order = order[labels[order].argsort(stable=True)]
    sorted_labels = labels[order]
    rank = torch.arange(len(order), device=keys.device) - torch.searchsorted(sorted_labels, sorted_labels)
    return order[rank < count]


def _at(fused: Tensor, image: Tensor, place: Tensor, covered: tuple[int, int]) -> Tensor:
    """(M, C) float32: the feature's cell that each pixel lies in (nearest neighbour)."""
    cells = [place[:, axis] * fused.shape[2 + axis] // covered[axis] for axis in (0, 1)]
    return fused.detach()[image, :, cells[0], cells[1]].float()
