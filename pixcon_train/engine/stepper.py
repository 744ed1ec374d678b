"""One optimizer step: micro-batches, randomness, gradients over processes, learning rate, teacher and bank."""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.seeding import mix, seeded
from pixcon_train.engine.batch_norm import RunningStatistics
from pixcon_train.engine.components import RunComponents
from pixcon_train.engine.distributed import averaging_gradients
from pixcon_train.method.candidates import BankSettings
from pixcon_train.method.consistency import ConsistencyRules
from pixcon_train.method.contrastive import Admitted
from pixcon_train.method.losses import ohem_loss, supervised_loss
from pixcon_train.method.optimizer import ema_decay, rate, set_rate, update_teacher
from pixcon_train.method.perturbations import draw_boxes, encoder_dropout, fused_dropout
from pixcon_train.method.step_inputs import StepBatch, StepRandomness
from pixcon_train.method.training_step import StepResult, StepSettings, training_step
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.joint import JointForward

# Random streams in addition to those of the data, each seeded by (seed, stream, iteration, micro-batch, 0). The 0
# keeps the draws of earlier versions, which numbered processes and accumulation separately.
_BOXES, _DROPOUT, _ANCHORS, _LAYERS, _NOISE = 10, 11, 12, 13, 14

SCALARS = ("loss", "loss_x", "loss_s1", "loss_s2", "loss_pix", "retention", "threshold")
"""Scalars of a :class:`StepResult` that are logged in addition to its counts."""

MicroBatch = tuple[dict[str, Any], dict[str, Any]]
"""Collated labeled and unlabeled items."""


class StepOutput(NamedTuple):
    """Logged values of an optimizer step."""

    scalars: dict[str, Tensor]
    """Losses, retention and threshold, means over the micro-batches, on the device."""
    names: list[str]
    """Files of the images, labeled ones first."""


class Stepper:
    """Does optimizer steps on the networks of a :class:`RunComponents`."""

    def __init__(self, config: TrainConfig, parts: RunComponents) -> None:
        self._config = config
        self._parts = parts
        self._accelerator = parts.accelerator
        self._settings = step_settings(config, parts.rules)
        self._statistics = RunningStatistics(parts.student, parts.accelerator)
        student, self._teacher = JointForward(parts.student), parts.teacher
        if config.runtime.compile:  # the compiled networks share the weights with the plain ones
            student = cast(JointForward, torch.compile(student))
            self._teacher = cast(SegmentationModel, torch.compile(parts.teacher))
        self._student = cast(JointForward, averaging_gradients(student, parts.accelerator))

    def learning_rates(self, iteration: int) -> dict[str, float]:
        """Learning rate by part of the network at ``iteration``."""
        factor = self._factor(iteration)
        return {group["name"]: group["peak_lr"] * factor for group in self._parts.optimizer.param_groups}

    def step(self, batches: Sequence[MicroBatch], iteration: int) -> StepOutput:
        """Do the step of ``iteration`` on this process's micro-batches."""
        self._statistics.remember()
        results = []
        for index, pair in enumerate(batches):
            last = index + 1 == len(batches)  # whose backward pass sends the sum of the gradients
            with nullcontext() if last else self._accelerator.no_sync(self._student):
                results.append(self._forward_backward(*pair, (iteration, self._parts.layout.piece(index))))
        self.enqueue([result.admitted for result in results])
        self._update_rules(results)
        names = [name for labeled, unlabeled in batches for name in [*labeled["name"], *unlabeled["name"]]]
        self._statistics.compose()
        set_rate(self._parts.optimizer, self._factor(iteration))
        self._parts.optimizer.step()
        self._parts.optimizer.zero_grad()
        update_teacher(self._parts.teacher, self._parts.student, ema_decay(iteration, self._config.ema_decay))
        return StepOutput(_means(results), names)

    def losses(self, labeled: dict[str, Any], unlabeled: dict[str, Any], at: tuple[int, int]) -> StepResult:
        """Losses of one micro-batch, which change nothing; ``at`` is the iteration and the index in the step."""
        batch = self._to_device(labeled, unlabeled)
        randomness = self._randomness(len(batch.images), at)
        # Dropout layers only draw from the global generator, so it is seeded for each forward pass.
        torch.manual_seed(self._seed(_LAYERS, *at, 0))
        with self._accelerator.autocast():
            return training_step(self._student, self._teacher, batch, randomness, self._settings, self._parts.bank)

    def _forward_backward(self, labeled: dict[str, Any], unlabeled: dict[str, Any], at: tuple[int, int]) -> StepResult:
        """Add one micro-batch's share of the gradient."""
        result = self.losses(labeled, unlabeled, at)
        self._accelerator.backward(result.loss / self._parts.layout.accumulation)
        return result

    def enqueue(self, admitted: Sequence[Admitted | None]) -> None:
        """Enqueue the admitted pixels of all processes in the order of the micro-batches, so that the banks stay equal.

        The bank changes after the last micro-batch, so that no micro-batch is compared with entries of its own batch.
        """
        present = [entries for entries in admitted if entries is not None]
        if self._parts.bank is not None and present:
            together = tuple(torch.cat(parts) for parts in zip(*present, strict=True))
            self._parts.bank.enqueue(*self._accelerator.gather(together))

    def _update_rules(self, results: Sequence[StepResult]) -> None:
        """Update the rules by the sums of all processes, after the last micro-batch, like the bank."""
        rules, observed = self._parts.rules, [result.observed for result in results]
        rules.threshold.update(self._total([sums.threshold for sums in observed]))
        if rules.noise is not None:
            rules.noise.update(self._total([sums.noise for sums in observed if sums.noise is not None]))

    def _total(self, sums: Sequence[Tensor]) -> Tensor:
        total = torch.stack(list(sums)).sum(0)
        return self._accelerator.reduce(total, reduction="sum") if total.numel() else total

    def _to_device(self, labeled: dict[str, Any], unlabeled: dict[str, Any]) -> StepBatch:
        images = partial(
            torch.Tensor.to, device=self._accelerator.device, non_blocking=True, memory_format=self._parts.memory_format
        )
        plain = partial(torch.Tensor.to, device=self._accelerator.device, non_blocking=True)
        return StepBatch(
            images=images(labeled["image"]),
            labels=plain(labeled["mask"]),
            weak=images(unlabeled["weak"]),
            strong=(images(unlabeled["strong1"]), images(unlabeled["strong2"])),
            padding=plain(unlabeled["ignore"]) != 0,
            target=plain(unlabeled["target"]) if "target" in unlabeled else None,
        )

    def _randomness(self, batch: int, at: tuple[int, int]) -> StepRandomness:
        """Draws of one micro-batch, a function of its index in the step, whichever process computes it."""
        config, device = self._config, self._accelerator.device
        boxes = seeded(self._seed(_BOXES, *at, 0))
        both = [
            draw_boxes(batch, config.data.crop, probability=config.consistency.cutmix, generator=boxes)
            for _ in range(2)
        ]
        encoder_scale = fused_scale = None
        if config.consistency.dropout == "encoder":
            generator = seeded(self._seed(_DROPOUT, *at, 0))
            encoder_scale = send(encoder_dropout(batch, self._parts.student.encoder_dim, generator=generator), device)
        elif config.consistency.dropout == "fused":
            generator = seeded(self._seed(_DROPOUT, *at))
            scale = fused_dropout(self._parts.student.fused_channels, batch=batch, generator=generator)
            fused_scale = send(scale, device)
        anchors = torch.Generator(device).manual_seed(self._seed(_ANCHORS, *at, 0))
        noise = None
        if self._parts.rules.noise is not None:
            noise = torch.Generator(device).manual_seed(self._seed(_NOISE, *at, 0))
        return StepRandomness(
            (send(both[0], device), send(both[1], device)), encoder_scale, fused_scale, anchors, noise
        )

    def _seed(self, *parts: int) -> int:
        return mix(self._config.seed, *parts)

    def _factor(self, iteration: int) -> float:
        optimizer = self._config.optimizer
        return rate(iteration, total=self._parts.iterations, power=optimizer.power, warmup=optimizer.warmup)


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """``tensor`` on ``device``, through pinned memory to CUDA: a copy from pageable memory would be a sync."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def step_settings(config: TrainConfig, rules: ConsistencyRules) -> StepSettings:
    """The settings of the step by a configuration."""
    bank = config.bank
    return StepSettings(
        rules=rules,
        bank=None
        if not bank.enabled
        else BankSettings(
            **bank.model_dump(include={"rule", "weight", "temperature", "form", "cap", "max_anchors", "tau"}),
            wait_for_all=bank.start == "all_classes",
        ),
        supervised=partial(ohem_loss, threshold=config.loss.ohem_threshold, min_kept=config.loss.ohem_min_kept)
        if config.loss.ohem
        else supervised_loss,
    )


def _means(results: list[StepResult]) -> dict[str, Tensor]:
    """Means of the logged scalars over micro-batches."""
    scalars = [{name: getattr(result, name) for name in SCALARS} | result.counts for result in results]
    means = {name: torch.stack([values[name].detach().float() for values in scalars]).mean() for name in scalars[0]}
    return {**means, "loss_u": (means["loss_s1"] + means["loss_s2"]) / 2}
