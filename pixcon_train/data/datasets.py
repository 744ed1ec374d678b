"""Labeled, unlabeled and evaluation images as PyTorch data sets.

Every random choice is a function of (seed, epoch, position), so that loader workers, a resumed run and several
processes need no random state: the same position gives the same crop.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from pixcon_train.core.seeding import seeded
from pixcon_train.core.void import VOID
from pixcon_train.data.images import read_image
from pixcon_train.data.lists import Pair
from pixcon_train.data.reading import Encoding, read_pair
from pixcon_train.data.specs import DatasetSpec
from pixcon_train.data.transforms import Geometry, normalise, random_crop, strong_view

_PADDED = 254
"""Marks padding of unlabeled crops on its way to the ignore mask."""
_LABELED, _UNLABELED = 2, 3
"""Streams of random numbers."""


class TrainingDataset(Dataset[dict[str, Any]]):
    """Random crops of a list's images; ``set_epoch`` chooses the epoch that items belong to."""

    def __init__(self, spec: DatasetSpec, root: Path, pairs: Sequence[Pair], geometry: Geometry, *, seed: int) -> None:
        self._spec = spec
        self._root = root
        self._pairs = pairs
        self._geometry = geometry
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that later items belong to."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._pairs)


class LabeledDataset(TrainingDataset):
    """Labeled crops, the list repeated to ``length`` (one pass of the unlabeled list).

    An item is ``image`` (3, c, c) float32 normalised, ``mask`` (c, c) int64 with 255 for void and padding, ``name``.
    """

    def __init__(
        self,
        spec: DatasetSpec,
        root: Path,
        pairs: Sequence[Pair],
        geometry: Geometry,
        *,
        encoding: Encoding,
        length: int,
        seed: int,
    ) -> None:
        super().__init__(spec, root, pairs, geometry, seed=seed)
        self._encoding = encoding
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, Any]:
        # A labeled list longer than the unlabeled one goes on in the next epoch where this one stops.
        begin = self._epoch * self._length if len(self._pairs) > self._length else 0
        pair = self._pairs[(begin + index) % len(self._pairs)]
        image, mask = _read(self._root, pair, self._spec, self._encoding)
        generator = seeded(self._seed, _LABELED, self._epoch, index)
        image, mask = random_crop(image, mask, self._geometry, fill=VOID, generator=generator)
        return {"image": normalise(image), "mask": mask.long(), "name": pair.image}


class UnlabeledDataset(TrainingDataset):
    """Unlabeled crops; a mask beside an image is opened only where ``targets`` says how it holds labels.

    An item is ``weak``, ``strong1``, ``strong2`` (3, c, c) float32 normalised views of one crop, ``ignore`` (c, c)
    uint8, 255 where the crop is padding and 0 elsewhere, ``name``; and with ``targets`` also ``target`` (c, c) int64,
    255 for void and padding, of the same crop.
    """

    def __init__(
        self,
        spec: DatasetSpec,
        root: Path,
        pairs: Sequence[Pair],
        geometry: Geometry,
        *,
        seed: int,
        targets: Encoding | None = None,
    ) -> None:
        super().__init__(spec, root, pairs, geometry, seed=seed)
        self._targets = targets

    @property
    def has_targets(self) -> bool:
        """Whether items have ``target``."""
        return self._targets is not None

    def __getitem__(self, index: int) -> dict[str, Any]:
        pair = self._pairs[index]
        generator = seeded(self._seed, _UNLABELED, self._epoch, index)
        if self._targets is None or pair.mask is None:
            image = _channels_first(read_image(self._root / pair.image))
            mask = torch.zeros(image.shape[1:], dtype=torch.uint8)
        else:
            image, mask = _read(self._root, pair, self._spec, self._targets)
        crop, marks = random_crop(image, mask, self._geometry, fill=_PADDED, generator=generator)
        padded = marks == _PADDED
        item = {
            "weak": normalise(crop),
            "strong1": normalise(strong_view(crop, generator=generator)),
            "strong2": normalise(strong_view(crop, generator=generator)),
            "ignore": torch.where(padded, VOID, 0).to(torch.uint8),
            "name": pair.image,
        }
        return item | {"target": torch.where(padded, VOID, marks).long()} if self.has_targets else item


class EvaluationDataset(Dataset[dict[str, Any]]):
    """Whole images with their masks, in the list's order.

    An item is ``image`` (3, H, W) float32 normalised, ``mask`` (H, W) int64 with 255 for void, ``name``, ``index``.
    """

    def __init__(self, spec: DatasetSpec, root: Path, pairs: Sequence[Pair], *, encoding: Encoding) -> None:
        self.spec = spec
        self.root = root
        self.pairs = pairs
        self.encoding = encoding

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        pair = self.pairs[index]
        image, mask = _read(self.root, pair, self.spec, self.encoding)
        return {"image": normalise(image), "mask": mask.long(), "name": pair.image, "index": index}


def _read(root: Path, pair: Pair, spec: DatasetSpec, encoding: Encoding) -> tuple[Tensor, Tensor]:
    """Image (3, H, W) and mask (H, W) of a pair, both uint8."""
    assert pair.mask is not None  # such lists are read with masks required
    image, mask = read_pair(root / pair.image, root / pair.mask, spec, encoding)
    return _channels_first(image), torch.from_numpy(mask)


def _channels_first(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)
