"""Float64 where the device has it, else on the CPU: Apple's GPUs (MPS) know no double precision."""

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
    except (TypeError, RuntimeError):  # MPS raises the one, builds of other devices the other
        return False
    return True
