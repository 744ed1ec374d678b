"""The registry of architectures; torch is imported only when a network is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from pixcon_train.models.base import SegmentationModel

PATCHES = "patch_embed.proj.weight"
"""Key, within the encoder, of a weight that every encoder has."""


@dataclass(frozen=True)
class Architecture:
    """One architecture and the keys of its state dict."""

    name: str
    network: str
    """Module and class of the network, built from a size and a number of classes."""
    encoder: str
    """Prefix of the encoder's keys."""
    classifier: str
    """Key of the weight of the classifier's last layer, which has one row per class."""
    protocol: Literal["unimatch-v2", "pixcon"]
    """The whole-image protocol of its release."""
    windows: Mapping[str, int] = field(default_factory=dict)
    """Edge of the sliding windows by data set, where it differs from the data set's default."""

    def matches(self, state: Mapping[str, Tensor]) -> bool:
        """Whether a state dict (keys without ``module.``) is of this architecture."""
        return self.encoder + PATCHES in state and self.classifier in state

    def new_model(self, size: str, num_classes: int) -> SegmentationModel:
        """A network with initial weights, without projection head."""
        module, _, name = self.network.partition(":")
        model: SegmentationModel = getattr(import_module(module), name)(size, num_classes)
        return model


ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture(
            "unimatch_v2",
            "pixcon_train.models.unimatch_v2:UniMatchV2",
            encoder="backbone.",
            classifier="head.scratch.output_conv.2.weight",
            protocol="unimatch-v2",
        ),
        Architecture(
            "pixcon",
            "pixcon_train.models.pixcon:PixCon",
            encoder="backbone.vit.",
            classifier="head.4.weight",
            protocol="pixcon",
            windows={"cityscapes": 686},  # its crop there (paper, Table 2)
        ),
    )
}
"""All architectures by name; state dicts are compared with them in this order."""
