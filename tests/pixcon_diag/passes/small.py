"""A network of two layers and a few images on disk: a whole pass takes milliseconds."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.passes.options import RunChoice
from pixcon_train.data.lists import Pair
from pixcon_train.data.sources import DataSource
from pixcon_train.data.specs import DatasetSpec
from tests.pixcon_train.data.files import THREE, write_pairs

CLASSES = THREE.num_classes
SIZES = [(20, 28), (20, 28), (24, 16), (20, 28), (20, 28)]
"""Height and width of the images; their order makes batches of unequal sizes."""


class Network(nn.Module):
    """A feature of half the resolution and a classifier; it knows how many images it has seen."""

    def __init__(self, seed: int = 0, classes: int = CLASSES) -> None:
        super().__init__()
        self.feature = nn.Conv2d(3, 8, 2, 2)
        self.classifier = nn.Conv2d(8, classes, 1)
        generator = torch.Generator().manual_seed(seed)
        for parameter in self.parameters():
            parameter.data.copy_(1.5 * torch.randn(parameter.shape, generator=generator))
        self.images = 0

    def forward(self, images: Tensor) -> Tensor:
        self.images += len(images)
        return self.classifier(self.feature(images).tanh())


class Featureless(Network):
    """The same network, in which no layer gives the logits, so that no feature is found."""

    def forward(self, images: Tensor) -> Tensor:
        self.images += len(images)
        return torch.einsum("bchw,kc->bkhw", self.feature(images).tanh(), self.classifier.weight[:, :, 0, 0])


def network(name: str = "mine", seed: int = 0, classes: int = CLASSES, **options: Any) -> LoadedCheckpoint:
    """The network, ready to be measured; another seed has other weights, and with ``feature=None`` it has none."""
    module = (Network if options.get("feature", "") is not None else Featureless)(seed, classes)
    wrapped = wrap_module(module, classes, name=name, **{"feature": "feature", "multiple": 2, **options})
    module.images = 0
    return wrapped


def with_bank(checkpoint: LoadedCheckpoint, bank: dict[str, Tensor]) -> LoadedCheckpoint:
    """The checkpoint with a stored bank."""
    return replace(checkpoint, has_bank=True, tensors=SimpleNamespace(model=checkpoint.model, bank=bank))


def seen(checkpoint: LoadedCheckpoint) -> int:
    """Images that the network has been run on."""
    module = checkpoint.model.module
    assert isinstance(module, Network)
    return module.images


def images(root: Path, sizes: list[tuple[int, int]] | None = None, *, block: int = 1) -> EvaluationData:
    """Images of noise with masks of three classes and void, in squares of ``block`` pixels."""
    random = np.random.default_rng(3)
    masks = []
    for height, width in sizes or SIZES:
        labels = random.choice([0, 1, 2, 255], (height // block, width // block), p=[0.4, 0.3, 0.2, 0.1])
        masks.append(labels.repeat(block, 0).repeat(block, 1))
    return listed(root, write_pairs(root, masks))


def listed(root: Path, pairs: list[Pair], name: str = "val.txt", spec: DatasetSpec = THREE) -> EvaluationData:
    """The data of a list."""
    return EvaluationData(DataSource(spec, root), name, tuple(pairs), "index")


def cpu(**changes: Any) -> RunChoice:
    """Two images at once, read in this process."""
    return RunChoice(**{"device": "cpu", "workers": 0, "batch_size": 2, **changes})
