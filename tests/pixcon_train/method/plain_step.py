"""An optimizer step said once more, plainly: loops over images, pixels and entries, and formulas written out.

It shares nothing with pixcon_train but the networks, which are handed in, and the random choices, which are taken from
the step it is held against. So it states what a step *does*, on any machine, and rests on no recorded number.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

VOID = 255


@dataclass(frozen=True)
class Piece:
    """A micro-batch and its random choices, as the step was given them."""

    images: Tensor
    labels: Tensor
    weak: Tensor
    strong: tuple[Tensor, Tensor]
    padding: Tensor
    boxes: tuple[Tensor, Tensor]
    encoder_mask: Tensor | None
    """Factors of the first views, (B, dim); None where dropout acts elsewhere."""
    fused_mask: Tensor | None
    layers: int
    """Seed of the dropout layers."""
    anchors: Tensor
    """State of the generator that draws anchors."""


@dataclass(frozen=True)
class Recipe:
    """What the step is to do."""

    tau: float
    rule: str
    """``clean`` or ``labeled``."""
    bank_size: int
    cap: int
    max_anchors: int
    temperature: float
    bank_weight: float
    lr: float
    lr_factor: float
    weight_decay: float
    decay_1d: bool
    power: float
    warmup: int
    iterations: int
    ema_ceiling: float


@dataclass
class PlainTrainer:
    """The state that steps change. The networks are copied."""

    student: torch.nn.Module
    teacher: torch.nn.Module
    recipe: Recipe
    classes: int
    bank: dict[int, list[Tensor]] = field(default_factory=dict)
    """Entries by class, the oldest first."""
    moments: dict[str, tuple[int, Tensor, Tensor]] = field(default_factory=dict)
    """Number of updates, mean gradient and mean square by parameter."""

    def __post_init__(self) -> None:
        self.student, self.teacher = copy.deepcopy(self.student), copy.deepcopy(self.teacher)
        self.bank = {label: [] for label in range(self.classes)}

    def step(self, pieces: Sequence[Piece], iteration: int) -> dict[str, float]:
        """Do one optimizer step; means over the pieces of what is logged."""
        logged, arriving = [], []
        for piece in pieces:
            scalars, entries = self._forward_backward(piece, len(pieces))
            logged.append(scalars)
            arriving += entries
        for label, embedding in arriving:
            self.bank[label] = [*self.bank[label], embedding][-self.recipe.bank_size :]
        self._adamw(iteration)
        self._average(iteration)
        return {name: sum(values[name] for values in logged) / len(logged) for name in logged[0]}

    def _forward_backward(self, piece: Piece, pieces: int) -> tuple[dict[str, float], list[tuple[int, Tensor]]]:
        torch.manual_seed(piece.layers)
        labeled = self.student(piece.images, embed=True)
        loss_x = _mean_negative_log(labeled.logits, piece.labels, piece.labels != VOID)
        first, second, retention = self._consistency(piece)
        loss_pix, entries = self._contrast(labeled.logits.detach(), labeled.embedding, piece)
        loss = loss_x / 2 + first / 4 + second / 4 + self.recipe.bank_weight * loss_pix
        (loss / pieces).backward()
        scalars = {"loss": loss, "loss_x": loss_x, "loss_s1": first, "loss_s2": second, "loss_pix": loss_pix}
        return {name: value.item() for name, value in scalars.items()} | {"retention": retention}, entries

    def _consistency(self, piece: Piece) -> tuple[Tensor, Tensor, float]:
        with torch.no_grad():
            confidence, pseudo = self.teacher(piece.weak).logits.softmax(1).max(1)
        views = torch.cat([_pasted(piece.strong[view], piece.boxes[view]) for view in (0, 1)])
        output = self.student(
            views, encoder_scale=_complementary(piece.encoder_mask), fused_scale=_complementary(piece.fused_mask)
        )
        losses = []
        for view, logits in enumerate(output.logits.chunk(2)):
            labels, certain, padding = (
                _pasted(values, piece.boxes[view]) for values in (pseudo, confidence, piece.padding)
            )
            picked = (certain >= self.recipe.tau) & ~padding
            losses.append(_mean_negative_log(logits, labels, picked) * picked.sum() / (~padding).sum())
        retained = (confidence >= self.recipe.tau) & ~piece.padding
        return losses[0], losses[1], float(retained.sum() / (~piece.padding).sum())

    def _contrast(self, logits: Tensor, embedding: Tensor, piece: Piece) -> tuple[Tensor, list[tuple[int, Tensor]]]:
        """L_pix and what enters the bank: label and embedding of each drawn pixel."""
        height, width = embedding.shape[-2:]
        rows = [row * piece.labels.shape[1] // height for row in range(height)]
        columns = [column * piece.labels.shape[2] // width for column in range(width)]
        labels = piece.labels[:, rows][:, :, columns].flatten()
        predicted = F.interpolate(logits, (height, width), mode="bilinear", align_corners=True).argmax(1).flatten()
        pixels = embedding.permute(0, 2, 3, 1).flatten(0, 2)
        generator = torch.Generator()
        generator.set_state(piece.anchors)
        drawn: list[tuple[int, int] | None] = []
        lot = torch.randint(1 << 40, labels.shape, generator=generator).tolist()
        for label in range(self.classes):
            wanted = [i for i, each in enumerate(labels.tolist()) if each == label]
            if self.recipe.rule == "clean":
                wanted = [i for i in wanted if int(predicted[i]) == label]
            of_class = [(label, i) for i in sorted(wanted, key=lot.__getitem__)[: self.recipe.cap]]
            drawn += [*of_class, *[None] * (self.recipe.cap - len(of_class))]
        loss = self._info_nce(pixels, self._thinned(drawn, generator))
        return loss, [(label, pixels[i].detach().clone()) for label, i in filter(None, drawn)]

    def _thinned(self, drawn: list[tuple[int, int] | None], generator: torch.Generator) -> list[tuple[int, int]]:
        if len(drawn) > self.recipe.max_anchors:
            lot = torch.rand(len(drawn), generator=generator).tolist()
            order = sorted(range(len(drawn)), key=lambda i: lot[i] + (drawn[i] is None))
            drawn = [drawn[i] for i in order[: self.recipe.max_anchors]]
        return [pixel for pixel in drawn if pixel is not None]

    def _info_nce(self, pixels: Tensor, anchors: list[tuple[int, int]]) -> Tensor:
        losses = []
        for label, position in anchors:
            if self.bank[label]:
                near = {
                    other: (torch.stack(entries) @ pixels[position] / self.recipe.temperature).exp().sum()
                    for other, entries in self.bank.items()
                    if entries
                }
                losses.append(-(near[label] / sum(near.values())).log())
        return torch.stack(losses).mean() if losses else 0 * pixels.sum()

    @torch.no_grad()
    def _adamw(self, iteration: int) -> None:
        recipe = self.recipe
        rate = recipe.lr * (1 - iteration / recipe.iterations) ** recipe.power * min(1, (iteration + 1) / recipe.warmup)
        for name, parameter in self.student.named_parameters():
            gradient, parameter.grad = parameter.grad, None
            if gradient is None:
                continue
            lr = rate if name.startswith("backbone.") else rate * recipe.lr_factor
            if recipe.decay_1d or parameter.ndim > 1:
                parameter *= 1 - lr * recipe.weight_decay
            count, mean, square = self.moments.get(name, (0, torch.zeros_like(gradient), torch.zeros_like(gradient)))
            count, mean, square = count + 1, 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            self.moments[name] = count, mean, square
            parameter -= lr * mean / (1 - 0.9**count) / ((square / (1 - 0.999**count)).sqrt() + 1e-8)

    @torch.no_grad()
    def _average(self, iteration: int) -> None:
        decay = min(1 - 1 / (iteration + 1), self.recipe.ema_ceiling)
        student = self.student.state_dict()
        for name, value in self.teacher.state_dict().items():
            new = decay * value + (1 - decay) * student[name] if value.is_floating_point() else student[name]
            value.copy_(new)


def _mean_negative_log(logits: Tensor, labels: Tensor, picked: Tensor) -> Tensor:
    """Mean over the picked pixels of −log p of their label; 0 where none is picked."""
    chances = logits.softmax(1).gather(1, torch.where(picked, labels, 0)[:, None])[:, 0]
    return -torch.where(picked, chances, 1.0).log().sum() / max(1, int(picked.sum()))


def _pasted(tensor: Tensor, boxes: Tensor) -> Tensor:
    """``tensor`` with each image's box filled from the image as far from the batch's end as it is from its start."""
    result = tensor.clone()
    for image, (top, left, height, width) in enumerate(boxes.tolist()):
        box = (..., slice(top, top + height), slice(left, left + width))
        result[image][box] = tensor[len(tensor) - 1 - image][box]
    return result


def _complementary(mask: Tensor | None) -> Tensor | None:
    """Factors of both views: what one of them drops, the other keeps doubled; 1 stays 1."""
    return None if mask is None else torch.cat([mask, 2 - mask])
