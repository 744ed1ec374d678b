"""The teacher: an exponential moving average of the student's parameters and buffers."""

import torch
from torch import nn


def ema_decay(iteration: int, ceiling: float) -> float:
    """γ_i = min(1 − 1/(i + 1), ceiling) (paper, Sec. 3.4): 0 in the first iteration, then rising to the ceiling."""
    return min(1 - 1 / (iteration + 1), ceiling)


@torch.no_grad()
def update_teacher(teacher: nn.Module, student: nn.Module, decay: float) -> None:
    """teacher ← decay · teacher + (1 − decay) · student, over parameters and floating-point buffers.

    Buffers that count (batch norm's number of batches) are copied.
    """
    pairs = list(zip(teacher.state_dict().values(), student.state_dict().values(), strict=True))
    averaged = [(old, new) for old, new in pairs if old.is_floating_point()]
    torch._foreach_lerp_([old for old, _ in averaged], [new for _, new in averaged], 1 - decay)
    for old, new in pairs:
        if not old.is_floating_point():
            old.copy_(new)
