"""One optimizer step: its micro-batches, its randomness, gradients over processes, learning rate, teacher and bank."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.seeding import mix, seeded
from pixcon_train.engine.batch_norm import RunningStatistics
from pixcon_train.engine.distributed import average_gradients
from pixcon_train.engine.setup import RunComponents
from pixcon_train.method.candidates import BankSettings
from pixcon_train.method.consistency import ConsistencyRules
from pixcon_train.method.contrastive import Admitted
from pixcon_train.method.losses import ohem_loss, supervised_loss
from pixcon_train.method.optimizer import ema_decay, rate, set_rate, update_teacher
from pixcon_train.method.perturbations import draw_boxes, encoder_dropout, fused_dropout
from pixcon_train.method.step_inputs import StepBatch, StepRandomness
from pixcon_train.method.training_step import StepResult, StepSettings, training_step
from pixcon_train.models.base import SegmentationModel

# Streams of random numbers beside those of the data; each one is seeded by (seed, stream, iteration, micro-batch, 0),
# where the 0 keeps what was drawn before processes and accumulation shared one numbering.
_BOXES, _DROPOUT, _ANCHORS, _LAYERS, _NOISE = 10, 11, 12, 13, 14

SCALARS = ("loss", "loss_x", "loss_s1", "loss_s2", "loss_pix", "retention", "threshold")
"""Numbers of a :class:`StepResult` that are logged beside its counts."""

MicroBatch = tuple[dict[str, Any], dict[str, Any]]
"""Collated labeled and unlabeled items."""


class StepOutput(NamedTuple):
    """What is logged of an optimizer step."""

    scalars: dict[str, Tensor]
    """Losses and mask ratio, means over the micro-batches, on the device."""
    names: list[str]
    """Files of the images, labeled ones first."""


class Stepper:
    """Does optimizer steps on the networks of a :class:`RunComponents`."""

    def __init__(self, config: TrainConfig, setup: RunComponents) -> None:
        self._config = config
        self._setup = setup
        self._accelerator = setup.accelerator
        self._settings = step_settings(config, setup.rules)
        self._statistics = RunningStatistics(setup.student, setup.accelerator)
        self._student, self._teacher = setup.student, setup.teacher
        if config.runtime.compile:  # shares the weights, so that everything else uses the plain networks
            self._student = cast(SegmentationModel, torch.compile(setup.student))
            self._teacher = cast(SegmentationModel, torch.compile(setup.teacher))

    def learning_rates(self, iteration: int) -> dict[str, float]:
        """Learning rate by part of the network at ``iteration``."""
        factor = self._factor(iteration)
        return {group["name"]: group["peak_lr"] * factor for group in self._setup.optimizer.param_groups}

    def step(self, batches: Sequence[MicroBatch], iteration: int) -> StepOutput:
        """Do the step of ``iteration`` on this process's micro-batches."""
        self._statistics.remember()
        pieces = enumerate(batches)
        results = [self._forward_backward(*pair, (iteration, self._setup.layout.piece(i))) for i, pair in pieces]
        self._enqueue([result.admitted for result in results])
        self._teach_rules(results)
        names = [name for labeled, unlabeled in batches for name in [*labeled["name"], *unlabeled["name"]]]
        average_gradients(self._setup.student, self._accelerator)
        self._statistics.compose()
        set_rate(self._setup.optimizer, self._factor(iteration))
        self._setup.optimizer.step()
        self._setup.optimizer.zero_grad()
        update_teacher(self._setup.teacher, self._setup.student, ema_decay(iteration, self._config.ema_decay))
        return StepOutput(_means(results), names)

    def _forward_backward(self, labeled: dict[str, Any], unlabeled: dict[str, Any], at: tuple[int, int]) -> StepResult:
        """Add one micro-batch's share of the gradient; ``at`` is the iteration, and its place in the step's batch."""
        batch = self._to_device(labeled, unlabeled)
        randomness = self._randomness(len(batch.images), at)
        # Dropout layers draw from the global generator and take no other, so it is set for each forward pass.
        torch.manual_seed(self._seed(_LAYERS, *at, 0))
        with self._accelerator.autocast():
            result = training_step(self._student, self._teacher, batch, randomness, self._settings, self._setup.bank)
        self._accelerator.backward(result.loss / self._setup.layout.accumulation)
        return result

    def _enqueue(self, admitted: Sequence[Admitted | None]) -> None:
        """Enter what all processes admitted, in the order of their micro-batches, so that the banks stay the same.

        The bank changes after the last micro-batch, so that none sees entries of its own batch, however it is cut.
        """
        present = [entries for entries in admitted if entries is not None]
        if self._setup.bank is not None and present:
            together = tuple(torch.cat(parts) for parts in zip(*present, strict=True))
            self._setup.bank.enqueue(*self._accelerator.gather(together))

    def _teach_rules(self, results: Sequence[StepResult]) -> None:
        """Let the rules learn from the sums of all processes, after the last micro-batch, as the bank does."""
        rules, observed = self._setup.rules, [result.observed for result in results]
        rules.threshold.update(self._total([sums.threshold for sums in observed]))
        if rules.noise is not None:
            rules.noise.update(self._total([sums.noise for sums in observed if sums.noise is not None]))

    def _total(self, sums: Sequence[Tensor]) -> Tensor:
        total = torch.stack(list(sums)).sum(0)
        return self._accelerator.reduce(total, reduction="sum") if total.numel() else total

    def _to_device(self, labeled: dict[str, Any], unlabeled: dict[str, Any]) -> StepBatch:
        images = partial(
            torch.Tensor.to, device=self._accelerator.device, non_blocking=True, memory_format=self._setup.memory_format
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
        """Draws of one micro-batch, a function of its place in the step's batch and not of who computes it."""
        config, device = self._config, self._accelerator.device
        boxes = seeded(self._seed(_BOXES, *at, 0))
        both = [
            draw_boxes(batch, config.data.crop, probability=config.consistency.cutmix, generator=boxes)
            for _ in range(2)
        ]
        encoder_scale = fused_scale = None
        if config.consistency.dropout == "encoder":
            generator = seeded(self._seed(_DROPOUT, *at, 0))
            encoder_scale = send(encoder_dropout(batch, self._setup.student.encoder_dim, generator=generator), device)
        elif config.consistency.dropout == "fused":
            generator = seeded(self._seed(_DROPOUT, *at))
            scale = fused_dropout(self._setup.student.fused_channels, batch=batch, generator=generator)
            fused_scale = send(scale, device)
        anchors = torch.Generator(device).manual_seed(self._seed(_ANCHORS, *at, 0))
        noise = None
        if self._setup.rules.noise is not None:
            noise = torch.Generator(device).manual_seed(self._seed(_NOISE, *at, 0))
        return StepRandomness(
            (send(both[0], device), send(both[1], device)), encoder_scale, fused_scale, anchors, noise
        )

    def _seed(self, *parts: int) -> int:
        return mix(self._config.seed, *parts)

    def _factor(self, iteration: int) -> float:
        optimizer = self._config.optimizer
        return rate(iteration, total=self._setup.iterations, power=optimizer.power, warmup=optimizer.warmup)


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """``tensor`` on ``device``. From ordinary memory a copy to CUDA would wait for all work queued there."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def step_settings(config: TrainConfig, rules: ConsistencyRules) -> StepSettings:
    """What the step needs of a configuration."""
    bank = config.bank
    return StepSettings(
        rules=rules,
        bank=None
        if not bank.enabled
        else BankSettings(
            rule=bank.rule,
            weight=bank.weight,
            temperature=bank.temperature,
            cap=bank.cap,
            max_anchors=bank.max_anchors,
            tau=bank.tau,
            wait_for_all=bank.start == "all_classes",
        ),
        supervised=partial(ohem_loss, threshold=config.loss.ohem_threshold, min_kept=config.loss.ohem_min_kept)
        if config.loss.ohem
        else supervised_loss,
    )


def _means(results: list[StepResult]) -> dict[str, Tensor]:
    """Means over micro-batches of the scalars that are logged."""
    scalars = [{name: getattr(result, name) for name in SCALARS} | result.counts for result in results]
    means = {name: torch.stack([values[name].detach().float() for values in scalars]).mean() for name in scalars[0]}
    return {**means, "loss_u": (means["loss_s1"] + means["loss_s2"]) / 2}
