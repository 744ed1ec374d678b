"""Families of encoders: how a state dict shows which member it is of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pixcon_train.core.errors import CheckpointError
from pixcon_train.models.sizes import SIZES

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class EncoderFamily:
    """Encoders of one design in several sizes."""

    mark: str
    """Key, within the encoder, of a weight that every member has."""
    size: Callable[[Mapping[str, Tensor], str], str]
    """Name of the size of an encoder in a state dict, given the prefix of its keys."""


def rows(value: Tensor) -> int:
    """Length of the first dimension; 0 for a single number."""
    return value.shape[0] if value.ndim else 0


def _dinov2(state: Mapping[str, Tensor], prefix: str) -> str:
    """By width and depth, registers, and DINOv3's layer scale."""
    dim, depth = rows(state[prefix + DINOV2.mark]), _blocks(state, f"{prefix}blocks.")
    rotary = f"{prefix}blocks.0.gamma_1" in state
    registered = rotary or f"{prefix}register_tokens" in state
    alike = {n: s for n, s in SIZES.items() if s.rotary == rotary and (s.registers > 0) == registered}
    for name, size in alike.items():
        if (size.dim, size.depth) == (dim, depth):
            return name
    known = ", ".join(f"{name} ({size.dim}, {size.depth})" for name, size in alike.items())
    raise CheckpointError(f"The encoder has width {dim} and {depth} blocks; expected one of {known}.")


RESNETS = {6: "resnet50", 23: "resnet101", 36: "resnet152"}
"""Names of the ResNets with bottlenecks by the number of blocks in their third stage."""


def _resnet(state: Mapping[str, Tensor], prefix: str) -> str:
    """By the number of blocks in the third stage."""
    depth = _blocks(state, f"{prefix}layer3.")
    if depth not in RESNETS:
        known = ", ".join(f"{blocks} ({name})" for blocks, name in RESNETS.items())
        raise CheckpointError(f"The ResNet has {depth} blocks in layer3; expected one of {known}.")
    return RESNETS[depth]


def _blocks(state: Mapping[str, Tensor], prefix: str) -> int:
    """Number of blocks whose keys are ``prefix``, a number and a point."""
    return len({key.removeprefix(prefix).split(".")[0] for key in state if key.startswith(prefix)})


DINOV2 = EncoderFamily("patch_embed.proj.weight", _dinov2)
RESNET = EncoderFamily("conv1.0.weight", _resnet)
"""ResNets whose first layer is three convolutions (the deep stem)."""
