"""Float64 on the device, or on the CPU for devices without it, such as Apple's GPUs (MPS)."""

from functools import cache

import torch
from torch import Tensor


def to_float64(tensor: Tensor) -> Tensor:
    """The tensor in float64: on its device, or on the CPU where the device has no float64."""
    return tensor.to(float64_device(tensor.device), torch.float64)


def float64_device(device: torch.device) -> torch.device:
    """``device``, or the CPU where ``device`` has no float64."""
    return device if _has_float64(device) else torch.device("cpu")


@cache
def _has_float64(device: torch.device) -> bool:
    try:
        torch.zeros((), dtype=torch.float64, device=device)
    except (TypeError, RuntimeError):  # MPS raises a TypeError, other devices a RuntimeError
        return False
    return True
