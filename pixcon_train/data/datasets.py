"""Labeled, unlabeled and evaluation images as PyTorch data sets.

Every random choice is a function of (seed, epoch, position): loader workers, resumed runs and several processes need no
random state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from pixcon_train.core.seeding import seeded
from pixcon_train.core.void import VOID, label_type, void_of
from pixcon_train.data.images import read_image
from pixcon_train.data.lists import Pair
from pixcon_train.data.reading import Encoding, read_pair
from pixcon_train.data.specs import DatasetSpec
from pixcon_train.data.strong_views import draw_strong_view, render
from pixcon_train.data.transforms import Geometry, normalise, random_crop

_PADDED, _WIDE_PADDED = 254, 65534
"""Label of padding in unlabeled crops, before it becomes the ignore mask: of up to 254 classes, and of more."""
_LABELED, _UNLABELED = 2, 3
"""Random streams."""


@dataclass(eq=False)
class TrainingDataset(Dataset[dict[str, Any]]):
    """Random crops of a list's images, each a function of (seed, epoch, position); ``epoch`` may be set."""

    spec: DatasetSpec
    root: Path
    pairs: Sequence[Pair]
    geometry: Geometry
    seed: int = field(kw_only=True)
    epoch: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self.pairs)


@dataclass(eq=False)
class LabeledDataset(TrainingDataset):
    """Labeled crops, the list repeated to ``length`` (one pass of the unlabeled list).

    An item is ``image`` (3, c, c) float32 normalised, ``mask`` (c, c) int64 with void for padding, too, ``name``.
    """

    encoding: Encoding = field(kw_only=True)
    length: int = field(kw_only=True)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, Any]:
        # A labeled list longer than the unlabeled one continues in the next epoch.
        begin = self.epoch * self.length if len(self.pairs) > self.length else 0
        pair = self.pairs[(begin + index) % len(self.pairs)]
        image, mask = _read(self.root, pair, self.spec, self.encoding)
        generator = seeded(self.seed, _LABELED, self.epoch, index)
        void = void_of(self.spec.num_classes)
        image, mask = random_crop(image, mask, self.geometry, fill=void, generator=generator)
        return {"image": normalise(image), "mask": mask.long(), "name": pair.image}


@dataclass(eq=False)
class UnlabeledDataset(TrainingDataset):
    """Unlabeled crops; masks are only read if ``targets``, their encoding, is given.

    An item is ``weak``, ``strong1``, ``strong2`` (3, c, c) float32 normalised views of one crop, ``ignore`` (c, c)
    uint8, 255 where the crop is padding and 0 elsewhere, ``name``; and with ``targets`` also ``target`` (c, c) int64,
    with void for padding, too, of the same crop.
    """

    targets: Encoding | None = field(default=None, kw_only=True)

    def __getitem__(self, index: int) -> dict[str, Any]:
        pair = self.pairs[index]
        generator = seeded(self.seed, _UNLABELED, self.epoch, index)
        if self.targets is None or pair.mask is None:
            image = _channels_first(read_image(self.root / pair.image))
            mask = torch.zeros(image.shape[1:], dtype=torch.uint8)
        else:
            image, mask = _read(self.root, pair, self.spec, self.targets)
        if self.spec.num_classes <= _PADDED:
            fill = _PADDED
        else:  # a byte has no value left for padding
            fill, mask = _WIDE_PADDED, mask.int()
        crop, marks = random_crop(image, mask, self.geometry, fill=fill, generator=generator)
        padded = marks == fill
        item = {
            "weak": normalise(crop),
            "strong1": normalise(render(crop, draw_strong_view(generator))),
            "strong2": normalise(render(crop, draw_strong_view(generator))),
            "ignore": padded.to(torch.uint8).mul_(VOID),
            "name": pair.image,
        }
        if not self.targets:
            return item
        return item | {"target": torch.where(padded, void_of(self.spec.num_classes), marks).long()}


@dataclass(eq=False)
class EvaluationDataset(Dataset[dict[str, Any]]):
    """Whole images with their masks, in the list's order.

    An item is ``image`` (3, H, W) uint8, ``mask`` (H, W) as :func:`pixcon_train.data.reading.read_mask` gives it, void
    for an image without a mask, ``name``, ``index``: a byte per sample up to 255 classes, as one image may fill the
    memory.
    """

    spec: DatasetSpec
    root: Path
    pairs: Sequence[Pair]
    encoding: Encoding = field(kw_only=True)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        pair = self.pairs[index]
        if pair.mask is None:
            image = _channels_first(read_image(self.root / pair.image))
            count = self.spec.num_classes
            mask = torch.from_numpy(np.full(image.shape[1:], void_of(count), dtype=label_type(count)))
        else:
            image, mask = _read(self.root, pair, self.spec, self.encoding)
        return {"image": image, "mask": mask, "name": pair.image, "index": index}


def _read(root: Path, pair: Pair, spec: DatasetSpec, encoding: Encoding) -> tuple[Tensor, Tensor]:
    """Image (3, H, W) uint8 and mask (H, W) of a pair."""
    assert pair.mask is not None  # such lists are read with masks required
    image, mask = read_pair(root / pair.image, root / pair.mask, spec, encoding)
    return _channels_first(image), torch.from_numpy(mask)


def _channels_first(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)
