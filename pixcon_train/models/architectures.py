"""The registry of architectures; torch is imported only when a network is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from pixcon_train.models.encoder_families import DINOV2, RESNET, EncoderFamily
from pixcon_train.models.recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from torch import Tensor

    from pixcon_train.models.base import SegmentationModel


FUSED = "fused feature"
"""The decoder feature that feeds the classifier."""


@dataclass(frozen=True)
class Architecture:
    """One architecture and the keys of its state dict."""

    name: str
    network: str
    """Module and class of the network, built from a size and a number of classes, and a recipe where there is one."""
    encoder: str
    """Prefix of the encoder's keys."""
    classifier: str
    """Key of the weight of the classifier's last layer, which has one row per class."""
    protocol: Literal["unimatch-v2", "pixcon", "native"]
    """The whole-image protocol of its release."""
    family: EncoderFamily = DINOV2
    features: Mapping[str, str] = field(default_factory=dict)
    """What its feature is where a state dict has an entry, by the entry's key; else the fused decoder feature."""
    unused: tuple[str, ...] = ()
    """Prefixes of entries that a release saves beside the network and inference does not use."""
    needs_unused: bool = False
    """Whether the architecture is recognised by those entries."""
    recipe: Recipe | None = None
    """What its release chose and its weights do not show; None where they show everything."""
    windows: Mapping[str, int] = field(default_factory=dict)
    """Edge of the sliding windows by data set, 0 for whole images, where it differs from the data set's default."""

    @property
    def mark(self) -> str:
        """Key of a weight that every network of this architecture has."""
        return self.encoder + self.family.mark

    def matches(self, state: Mapping[str, Tensor]) -> bool:
        """Whether a state dict (keys without ``module.``) is of this architecture."""
        return self.has_keys(state) and (not self.needs_unused or any(key.startswith(self.unused) for key in state))

    def has_keys(self, state: Mapping[str, Tensor]) -> bool:
        """Whether a state dict has the weights by which an architecture is known, which others may share."""
        return self.mark in state and self.classifier in state

    def feature(self, state: Mapping[str, Tensor]) -> str:
        """What the feature is that the network returns beside its logits."""
        return next((feature for key, feature in self.features.items() if key in state), FUSED)

    def size(self, state: Mapping[str, Tensor]) -> str:
        """The size of the encoder in a state dict.

        Raises:
            CheckpointError: it is none of the known ones.
        """
        return self.family.size(state, self.encoder)

    def new_model(self, size: str, num_classes: int, recipe: Recipe | None = None) -> SegmentationModel:
        """A network with initial weights, without projection head.

        Args:
            recipe: another one than its release's.
        """
        module, _, name = self.network.partition(":")
        chosen = recipe or self.recipe
        arguments = () if chosen is None else (chosen,)
        model: SegmentationModel = getattr(import_module(module), name)(size, num_classes, *arguments)
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
"""The architectures that pixcon-train trains, by name."""

RECOGNISED = ARCHITECTURES | {
    architecture.name: architecture
    for architecture in (
        Architecture(
            "u2pl",
            "pixcon_train.models.u2pl:U2PL",
            encoder="encoder.",
            classifier="decoder.classifier.8.weight",
            protocol="native",
            family=RESNET,
            features={"decoder.representation.8.weight": "U²PL's representation"},
            unused=("auxor.",),
            recipe=RECIPES["u2pl"],
            windows={"cityscapes": 0},
        ),
        Architecture(
            "augseg",
            "pixcon_train.models.u2pl:AugSeg",
            encoder="encoder.",
            classifier="decoder.classifier.6.weight",
            protocol="native",
            family=RESNET,
            unused=("auxor.",),
            recipe=RECIPES["augseg"],
            windows={"cityscapes": 0},
        ),
        Architecture(
            "corrmatch",
            "pixcon_train.models.unimatch_v1:UniMatchV1",
            encoder="backbone.",
            classifier="classifier.weight",
            protocol="native",
            family=RESNET,
            unused=("proj.", "corr."),
            needs_unused=True,
            recipe=RECIPES["corrmatch"],
            windows={"cityscapes": 801},
        ),
        Architecture(
            "unimatch_v1",
            "pixcon_train.models.unimatch_v1:UniMatchV1",
            encoder="backbone.",
            classifier="classifier.weight",
            protocol="native",
            family=RESNET,
            unused=("convolution_prantik.", "classifier_prantik_"),
            recipe=RECIPES["unimatch_v1"],
            windows={"cityscapes": 801},
        ),
    )
}
"""The architectures of checkpoints that can be measured, by name; state dicts are compared with them in this order."""
