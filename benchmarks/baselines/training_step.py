"""One step of UniMatch V2 in the plain way: the published order of operations, each as the paper states it.

Only the networks are the project's. With ``plain_attention`` the encoder multiplies queries, keys and values as the
vision transformer's paper writes it, which is what implementations without a fused kernel do.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VOID = 255


@dataclass(frozen=True)
class PlainBatch:
    """Tensors of a step: images (B, 3, H, W), labels and masks (B, H, W)."""

    images: Tensor
    labels: Tensor
    weak: Tensor
    strong: tuple[Tensor, Tensor]
    ignore: Tensor
    """255 where an unlabeled image is padded."""
    boxes: tuple[Tensor, Tensor]
    """Bool, inside the CutMix box of each view."""
    factors: Tensor
    """Complementary dropout (2·B, channels), first views first."""


@dataclass(frozen=True)
class PlainRecipe:
    """UniMatch V2's values."""

    iterations: int
    lr: float = 5e-6
    lr_factor: float = 40.0
    weight_decay: float = 0.01
    power: float = 0.9
    tau: float = 0.95
    ceiling: float = 0.996


class PlainStep:
    """Teacher, two student passes, losses, AdamW and the teacher's average."""

    def __init__(self, student: nn.Module, teacher: nn.Module, recipe: PlainRecipe) -> None:
        self._student, self._teacher, self._recipe = student, teacher, recipe
        encoder = [value for name, value in student.named_parameters() if "backbone" in name]
        rest = [value for name, value in student.named_parameters() if "backbone" not in name]
        groups = [{"params": encoder, "lr": recipe.lr}, {"params": rest, "lr": recipe.lr * recipe.lr_factor}]
        self._optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), weight_decay=recipe.weight_decay)

    def step(self, batch: PlainBatch, iteration: int) -> dict[str, float]:
        """Do the step of ``iteration``; the logged values."""
        with torch.no_grad():
            weak = self._teacher(batch.weak).logits.detach()
            confidence, labels = weak.softmax(dim=1).max(dim=1)[0], weak.argmax(dim=1)
        views = [mixed(view, inside) for view, inside in zip(batch.strong, batch.boxes, strict=True)]
        labeled = self._student(batch.images).logits
        first, second = self._student(torch.cat(views), encoder_scale=batch.factors).logits.chunk(2)
        loss_x = F.cross_entropy(labeled, batch.labels, ignore_index=VOID)
        losses = []
        for logits, inside in zip((first, second), batch.boxes, strict=True):
            pasted, certain, ignore = (mixed(values, inside) for values in (labels, confidence, batch.ignore))
            pixels = F.cross_entropy(logits, pasted, reduction="none")
            pixels = pixels * ((certain >= self._recipe.tau) & (ignore != VOID))
            losses.append(pixels.sum() / (ignore != VOID).sum().item())
        loss = (loss_x + (losses[0] + losses[1]) / 2) / 2
        self._update(loss, iteration)
        retained = ((confidence >= self._recipe.tau) & (batch.ignore != VOID)).sum().item()
        return {
            "loss": loss.item(),
            "loss_x": loss_x.item(),
            "loss_s1": losses[0].item(),
            "loss_s2": losses[1].item(),
            "retention": retained / (batch.ignore != VOID).sum().item(),
        }

    def _update(self, loss: Tensor, iteration: int) -> None:
        recipe = self._recipe
        rate = recipe.lr * (1 - iteration / recipe.iterations) ** recipe.power
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.param_groups[1]["lr"] = rate * recipe.lr_factor
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        decay = min(1 - 1 / (iteration + 1), recipe.ceiling)
        with torch.no_grad():
            for old, new in zip(self._teacher.parameters(), self._student.parameters(), strict=True):
                old.copy_(old * decay + new * (1 - decay))
            for old, new in zip(self._teacher.buffers(), self._student.buffers(), strict=True):
                old.copy_(old * decay + new * (1 - decay))


def mixed(tensor: Tensor, inside: Tensor) -> Tensor:
    """A copy of ``tensor`` with the pixels ``inside`` taken from the batch in reverse order."""
    where = inside[:, None].expand(tensor.shape) if tensor.ndim == 4 else inside
    result, source = tensor.clone(), tensor.flip(0)
    result[where] = source[where]
    return result


def plain_attention(network: nn.Module) -> nn.Module:
    """``network`` with softmax(q·kᵀ/√d)·v written out in every block of its encoder, instead of a fused kernel."""
    for module in network.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    return network
