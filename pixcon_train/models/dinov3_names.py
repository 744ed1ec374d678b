"""The names of DINOv3's weights: those of the original files as timm's."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pixcon_train.models.dinov3 import DinoV3

_TIMMS = {"ls1.gamma": "gamma_1", "ls2.gamma": "gamma_2"}
_UNUSED = (".bias_mask", "mask_token")
"""Endings of entries for pretraining, and of the mask that makes the keys' bias zero."""
_PERIODS = "rope_embed.periods"
_BIAS = ".attn.qkv.bias"
_TOLERANCE = 0.01
"""Relative; the original files have the periods in bfloat16."""


def dinov3_state(encoder: DinoV3, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``state`` under the encoder's names, whether it has them or those of the original files.

    Biases of queries and values that timm's files lack are zero. The periods of the rotary positions are computed; in a
    file they are kept, and so refused as superfluous, if they are others.
    """
    found: dict[str, Tensor] = {}
    for key, value in state.items():
        if key == _PERIODS and _same_periods(encoder, value):
            continue
        if key.endswith(_UNUSED):
            continue
        if key.endswith(_BIAS) and value.ndim == 1 and len(value) % 3 == 0:
            queries, _, values = value.chunk(3)  # the keys' is masked: it is always zero
            block = key.removesuffix("qkv.bias")
            found |= {f"{block}q_bias": queries, f"{block}v_bias": values}
            continue
        found[_renamed(key)] = value
    for key, value in encoder.state_dict().items():
        if key.endswith((".q_bias", ".v_bias")):
            found.setdefault(key, torch.zeros_like(value))
    return found


def _renamed(key: str) -> str:
    if key == "storage_tokens":
        return "reg_token"
    for original, timms in _TIMMS.items():
        if key.endswith(f".{original}"):
            return key.removesuffix(original) + timms
    return key


def _same_periods(encoder: DinoV3, periods: Tensor) -> bool:
    expected = encoder.rope.get_buffer("periods").cpu()
    return periods.shape == expected.shape and torch.allclose(periods.float(), expected, rtol=_TOLERANCE, atol=0)
