"""Pretrained DINOv2 and DINOv3 encoders: from timm's hub, or a local file under the original or timm's names."""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.weight_checks import misfits, refuse_non_finite, refuse_other_kinds
from pixcon_train.core.weight_files import read_weights
from pixcon_train.models.backbone import DinoV2, resample_position_embedding
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.dinov3 import DinoV3
from pixcon_train.models.dinov3_names import dinov3_state
from pixcon_train.models.sizes import SIZES

# timm packs giant's gated MLP under the names of a plain one; everything else has one name.
_TIMM_TO_ORIGINAL = {".mlp.fc1.": ".mlp.w12.", ".mlp.fc2.": ".mlp.w3.", "reg_token": "register_tokens"}


def load_pretrained_backbone(model: SegmentationModel, source: str) -> None:
    """Load an encoder into ``model``.

    Args:
        source: ``hub`` (timm's DINOv2 of the model's size), ``none``, or a ``.pth`` or ``.safetensors`` file.

    Raises:
        ConfigError: ``hub`` for a size that is not on the hub.
        CheckpointError: the hub cannot be reached, or the file is missing, damaged or of another size.
    """
    if source == "none":
        return
    state = _from_hub(model.size) if source == "hub" else _from_file(Path(source))
    assert isinstance(model.encoder, DinoV2 | DinoV3)  # both architectures'
    load_encoder(model.encoder, state, where=f"timm's hub ({model.size})" if source == "hub" else source)


def load_encoder(encoder: DinoV2 | DinoV3, state: Mapping[str, Tensor], *, where: str) -> None:
    """Load ``state`` into ``encoder``; a position embedding of another grid is resampled.

    Raises:
        CheckpointError: an entry is missing, superfluous (registers, say), of another shape, no dense tensor of floats,
            NaN or infinite; the message names ``where`` and such entries.
    """
    expected = encoder.state_dict()
    found = dinov3_state(encoder, state) if isinstance(encoder, DinoV3) else _dinov2_state(encoder, state)
    if wrong := misfits(found, expected):
        more = f" ({len(wrong)} such entries)" if len(wrong) > 1 else ""
        raise CheckpointError(
            f"The encoder weights from {where} do not fit: {wrong[0]}{more}. "
            f"Expected {_kind(encoder)}, of the model's size, as a bare state dict; model.encoder chooses another."
        )
    refuse_other_kinds(found)
    refuse_non_finite(found)
    encoder.load_state_dict(found)


def _kind(encoder: DinoV2 | DinoV3) -> str:
    if isinstance(encoder, DinoV3):
        return "DINOv3"
    return f"DINOv2 with {encoder.registers} registers" if encoder.registers else "DINOv2 without registers"


def _dinov2_state(encoder: DinoV2, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``state`` under DINOv2's names, with its position embedding at the encoder's grid."""
    expected = encoder.state_dict()
    found = _original_names(state, expected)
    found.setdefault("mask_token", torch.zeros_like(expected["mask_token"]))
    if encoder.registers and "pos_embed" in found:
        found["pos_embed"] = _with_class_position(found["pos_embed"])
    if _is_other_grid(found.get("pos_embed"), expected["pos_embed"]):
        grid = (encoder.native_grid,) * 2
        found["pos_embed"] = resample_position_embedding(found["pos_embed"], grid, antialias=encoder.registers > 0)
    return found


def _with_class_position(position: Tensor) -> Tensor:
    """A position embedding with an entry for the class token: timm's files with registers add it to the token."""
    patches = position.shape[1] if position.ndim == 3 else 0
    if not patches or math.isqrt(patches) ** 2 != patches:
        return position
    return torch.cat([torch.zeros_like(position[:, :1]), position], dim=1)


def _is_other_grid(found: Tensor | None, expected: Tensor) -> bool:
    """Whether ``found`` is a position embedding of a square grid of another size; other shapes fail in loading."""
    if found is None or found.ndim != 3 or found.shape[1] == expected.shape[1]:
        return False
    patches = found.shape[1] - 1
    return patches > 0 and math.isqrt(patches) ** 2 == patches


def _original_names(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``state`` under DINOv2's names, also for giant's MLP."""
    renamed = {}
    for key, value in state.items():
        name = key
        if key not in expected:  # in other sizes `fc1` is the original name
            for timms, originals in _TIMM_TO_ORIGINAL.items():
                name = name.replace(timms, originals)
        renamed[name] = value
    return renamed


def _from_file(path: Path) -> dict[str, Tensor]:
    content = read_weights(path).content
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise CheckpointError(f"{path} is no encoder: expected a bare state dict of tensors, as DINOv2's files are.")
    return content


def _from_hub(size: str) -> dict[str, Tensor]:
    import timm

    name = SIZES[size].hub_name
    if name is None:
        raise ConfigError(f"There is no pretrained encoder of size {size}; use --pretrained none or a file.")
    try:
        return timm.create_model(name, pretrained=True, num_classes=0).state_dict()
    except Exception as error:  # network, cache and hub raise many kinds
        raise CheckpointError(
            f"timm's hub did not give {name}: {error}. Without network, download DINOv2's file elsewhere and give its "
            "path with --pretrained FILE, or train from scratch with --pretrained none."
        ) from error
