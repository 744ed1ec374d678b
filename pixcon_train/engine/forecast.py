"""The first-order effect of each admission rule on the supervised loss of held-out images, at one checkpoint.

A step along −∇L_pix changes the supervised loss L_sup of held-out images, to first order, by
−lr·λ_pix·⟨∇L_pix, ∇L_sup⟩. The gradient of L_pix is that of the training step, with the bank that the rule fills at
these weights; nothing is trained. AdamW divides each entry of a gradient by the root of its second moment, so the
change is given for its step too, with the checkpoint's second moments after this gradient.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.paths import expanded
from pixcon_train.core.progress import Progress, silent
from pixcon_train.data.datasets import LabeledDataset
from pixcon_train.data.loading import ErrorsAsItems, collate_or_error, raise_errors
from pixcon_train.engine.components import RunComponents, build_components
from pixcon_train.engine.distributed import open_accelerator
from pixcon_train.engine.fork import start_from
from pixcon_train.engine.stepper import Stepper
from pixcon_train.engine.training_data import TrainingData, geometry, open_training_data
from pixcon_train.method.admission import RULES
from pixcon_train.method.losses import supervised_loss
from pixcon_train.runs.export import PROJECTION

Gradients = dict[str, Tensor]
"""By name of the weight."""


@dataclass(frozen=True)
class Alignment:
    """One batch's gradient of L_pix against the gradient of the held-out images."""

    cosine: float
    """cos(∇L_pix, ∇L_sup) over encoder and decoder; NaN where one of them is 0."""
    change: float
    """−Σ lr·λ_pix·⟨∇L_pix, ∇L_sup⟩ over encoder and decoder: below 0 the step lowers the held-out loss."""
    adam_change: float
    """The same for AdamW's step, with each entry of λ_pix·∇L_pix divided by the root of its second moment."""


@dataclass(frozen=True)
class RuleForecast:
    """The forecast of one admission rule."""

    rule: str
    fill: float
    """Share of the bank's slots that were filled before the first gradient."""
    batches: tuple[Alignment, ...]


def forecast(
    config: TrainConfig, rules: Sequence[str], *, batches: int = 16, progress: Progress = silent
) -> tuple[RuleForecast, ...]:
    """The forecast of each rule for a fork (``fork.checkpoint``) with the other values of ``config``.

    All rules see the same batches, those of the epoch after the checkpoint. The steps before the last ``batches`` fill
    the bank; the gradients are of the last ones.

    Args:
        config: of a fork in one process, with one micro-batch per step.
        rules: admission rules with a bank.
        batches: number of gradients per rule.
        progress: receives the number of steps done.

    Raises:
        ConfigError: no checkpoint to fork from, a rule without a bank, or an epoch of too few steps.
        PixConError: as of training.
    """
    if config.fork.checkpoint is None:
        raise ConfigError("A forecast is of a checkpoint: name it as fork.checkpoint.")
    forked = [config.model_copy(update={"bank": config.bank.model_copy(update={"rule": rule})}) for rule in rules]
    without = next((each.bank.rule for each in forked if not each.bank.enabled), None)
    if without is not None:
        raise ConfigError(f"The rule '{without}' has no bank, so that it adds no gradient. Leave it out.")
    held_out: Gradients = {}
    opened: dict[str | None, TrainingData] = {}
    forecasts = []
    for number, fork in enumerate(forked):
        pixels = RULES[fork.bank.rule].pixels  # of the configuration's values the only one that decides what is read
        if pixels not in opened:
            opened[pixels] = open_training_data(fork)
        parts = build_components(fork, open_accelerator(fork.runtime), data=opened[pixels])
        _require_steps(parts, batches)
        at = start_from(expanded(Path(config.fork.checkpoint)), fork, parts)
        held_out = held_out or _held_out_gradient(fork, parts)
        parts.sampler.seek(at.epoch, 0)
        done = partial(_progress, progress, number, len(rules), parts.sampler.steps)
        forecasts.append(_of_rule(fork, parts, at.iteration, held_out, batches, done))
    return tuple(forecasts)


def _progress(progress: Progress, rule: int, rules: int, steps: int, step: int) -> None:
    progress(rule * steps + step + 1, rules * steps)


def _require_steps(parts: RunComponents, batches: int) -> None:
    layout, steps = parts.layout, parts.sampler.steps
    if layout.accumulation * layout.processes > 1 or not 0 < batches < steps:
        raise ConfigError(
            f"A forecast takes 1 to {steps - 1} of an epoch's {steps} steps, of one micro-batch in one process; found "
            f"{batches} steps of {layout.accumulation} micro-batches in {layout.processes} processes. Change --batches "
            "or schedule.micro_batch."
        )


def _of_rule(
    config: TrainConfig,
    parts: RunComponents,
    iteration: int,
    held_out: Gradients,
    batches: int,
    done: Callable[[int], None],
) -> RuleForecast:
    """The forecast of the rule of ``config``, whose components stand at ``iteration``."""
    assert parts.bank is not None
    stepper, first = Stepper(config, parts), parts.sampler.steps - batches
    rates = stepper.learning_rates(iteration)
    weights, moments, fill = _weights(parts), _moments(parts, rates), 0.0
    aligned = []
    for step, (labeled, unlabeled) in enumerate(raise_errors(parts.loader)):
        result = stepper.losses(labeled, unlabeled, (iteration + step, parts.layout.piece(0)))
        if step == first:
            fill = float(parts.bank.held().float().mean())
        if step >= first:
            found = torch.autograd.grad(result.loss_pix, [*weights.values()], allow_unused=True)
            gradient = {name: value for name, value in zip(weights, found, strict=True) if value is not None}
            aligned.append(_align(gradient, held_out, moments, config.bank.weight))
        stepper.enqueue([result.admitted])
        done(step)
    return RuleForecast(config.bank.rule, fill, tuple(aligned))


def _weights(parts: RunComponents) -> Gradients:
    """The trained weights on which the supervised loss depends: all but those of the projection head."""
    named = parts.student.named_parameters()
    return {name: weight for name, weight in named if weight.requires_grad and not name.startswith(PROJECTION)}


def _held_out_gradient(config: TrainConfig, parts: RunComponents) -> Gradients:
    """∇L_sup over a random crop of each validation image, with batch norm as in inference."""
    data, weights = parts.data, _weights(parts)
    crops = LabeledDataset(
        data.spec,
        data.root,
        data.val.pairs,
        geometry(config.data, data.spec),
        encoding=data.val.encoding,
        length=len(data.val),
        seed=config.seed,
    )
    sums = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    parts.student.eval()
    for items in raise_errors(DataLoader(ErrorsAsItems(crops), parts.layout.micro, collate_fn=collate_or_error)):
        images, masks = (items[name].to(parts.accelerator.device) for name in ("image", "mask"))
        share = supervised_loss(parts.student(images).logits, masks) * len(images) / len(crops)
        found = torch.autograd.grad(share, [*weights.values()], allow_unused=True)
        for name, gradient in zip(weights, found, strict=True):
            if gradient is not None:
                sums[name] += gradient
    parts.student.train()
    return sums


class _Moments(NamedTuple):
    """What AdamW's step of one weight depends on beside its gradient."""

    rate: float
    second: Tensor
    """Of the gradients so far, not corrected for their number."""
    steps: float
    decay: float
    epsilon: float

    def divided(self, gradient: Tensor) -> Tensor:
        """The gradient over the root of its second moment, in float64."""
        found = gradient.double()
        second = self.decay * self.second.double() + (1 - self.decay) * found.square()
        divided: Tensor = found / ((second / (1 - self.decay ** (self.steps + 1))).sqrt() + self.epsilon)
        return divided


def _moments(parts: RunComponents, rates: Mapping[str, float]) -> dict[str, _Moments]:
    """By name of the weight, for those that have been trained."""
    names = {id(weight): name for name, weight in parts.student.named_parameters()}
    moments = {}
    for group in parts.optimizer.param_groups:
        (_, decay), epsilon = group["betas"], group["eps"]
        for weight in group["params"]:
            saved = parts.optimizer.state.get(weight)
            if saved:
                about = (rates[group["name"]], saved["exp_avg_sq"], float(saved["step"]))
                moments[names[id(weight)]] = _Moments(*about, decay, epsilon)
    return moments


def _align(gradient: Gradients, held_out: Gradients, moments: Mapping[str, _Moments], weight: float) -> Alignment:
    """The alignment of one gradient of L_pix; sums are in float64, in a fixed order."""
    inner, change, adam = 0.0, 0.0, 0.0
    for name in sorted(gradient.keys() & moments.keys()):
        product = float((gradient[name].double() * held_out[name].double()).sum())
        divided = moments[name].divided(weight * gradient[name])
        inner += product
        change -= moments[name].rate * weight * product
        adam -= moments[name].rate * float((divided * held_out[name].double()).sum())
    norms = math.prod(
        math.sqrt(sum(float(g.double().square().sum()) for g in of.values())) for of in (gradient, held_out)
    )
    return Alignment(inner / norms if norms else math.nan, change, adam)
