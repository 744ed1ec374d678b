"""AdamW and its learning rate for the student, the exponential moving average for the teacher (paper, Sec. 3.4)."""

import torch
from torch import nn

from pixcon_train.models.base import SegmentationModel


def build_optimizer(
    model: SegmentationModel, *, lr: float, lr_factor: float, weight_decay: float, decay_1d: bool
) -> torch.optim.AdamW:
    """AdamW(0.9, 0.999) over the encoder at ``lr`` and the rest at ``lr`` · ``lr_factor``.

    Each group carries ``peak_lr`` and ``name``. With ``decay_1d`` off, biases and norm weights are not decayed.
    """
    groups = []
    for name, parameters, peak in (
        ("encoder", model.encoder_parameters(), lr),
        ("decoder", model.decoder_parameters(), lr * lr_factor),
    ):
        tensors = [parameter for _, parameter in parameters]
        plain = [] if decay_1d else [t for t in tensors if t.ndim <= 1]
        decayed = tensors if decay_1d else [t for t in tensors if t.ndim > 1]
        for members, decay in ((decayed, weight_decay), (plain, 0.0)):
            if members:
                groups.append({"params": members, "lr": peak, "peak_lr": peak, "weight_decay": decay, "name": name})
    return torch.optim.AdamW(groups, betas=(0.9, 0.999), fused=True)


def rate(iteration: int, *, total: int, power: float, warmup: int = 0) -> float:
    """Factor on the peak learning rate: (1 − i/total)^power, rising linearly over the first ``warmup`` iterations."""
    factor: float = (1 - min(iteration, total) / total) ** power
    return factor * min(1.0, (iteration + 1) / warmup) if warmup else factor


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's learning rate to ``factor`` times its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factor


def ema_decay(iteration: int, ceiling: float) -> float:
    """γ_i = min(1 − 1/(i + 1), ceiling) (paper, Sec. 3.4): 0 in the first iteration, then rising to the ceiling."""
    return min(1 - 1 / (iteration + 1), ceiling)


@torch.no_grad()
def update_teacher(teacher: nn.Module, student: nn.Module, decay: float) -> None:
    """teacher ← decay · teacher + (1 − decay) · student, over parameters and floating-point buffers.

    Integer buffers (batch norm's number of batches) are copied.
    """
    pairs = list(zip(teacher.state_dict().values(), student.state_dict().values(), strict=True))
    averaged = [(old, new) for old, new in pairs if old.is_floating_point()]
    torch._foreach_lerp_([old for old, _ in averaged], [new for _, new in averaged], 1 - decay)
    for old, new in pairs:
        if not old.is_floating_point():
            old.copy_(new)
