"""The rule by which the reference material rebuilds its weights and inputs (golden/README.md there)."""

import zlib
from typing import Any

import numpy as np
import torch


def rng(name: str) -> np.random.Generator:
    """The generator that the reference material seeds with a name."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def rule_tensor(key: str, like: torch.Tensor) -> torch.Tensor:
    """The reference material's value of the state-dict entry ``key`` (its README gives the rule)."""
    if not like.is_floating_point():
        return torch.zeros_like(like)
    value = torch.from_numpy(rng(key).standard_normal(tuple(like.shape)).astype(np.float32))
    last = key.rsplit(".", 1)[-1]
    if last == "running_var":
        return 1 + 0.1 * value.abs()
    if last == "gamma":
        return 0.5 + 0.1 * value
    if last == "weight" and like.ndim == 1:
        return 1 + 0.1 * value
    if last == "weight":
        return value / float(np.sqrt(np.prod(like.shape[1:])))
    if last in {"pos_embed", "cls_token", "mask_token"}:
        return 0.2 * value
    return 0.1 * value


def fill_by_rule(module: Any) -> Any:
    """Load ``module`` with the reference material's weights and return it."""
    module.load_state_dict({key: rule_tensor(key, value) for key, value in module.state_dict().items()})
    return module


def golden_input(height: int, width: int) -> torch.Tensor:
    """Input ``x{height}x{width}`` of the reference material, float32 (1, 3, H, W)."""
    return torch.from_numpy(rng(f"x{height}x{width}").standard_normal((1, 3, height, width)).astype(np.float32))
