"""The components of a run, built from its configuration: data, networks, bank, optimizer, loaders."""

import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.optimizer import AcceleratedOptimizer
from torch.utils.data import DataLoader

from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.progress import Progress, silent
from pixcon_train.core.seeding import mix
from pixcon_train.data.loading import default_workers, training_loader
from pixcon_train.data.sampling import BatchLayout, PairedDataset, StepSampler
from pixcon_train.engine.distributed import batch_layout
from pixcon_train.engine.training_data import TrainingData, open_training_data
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.protocols import Protocol, SlidingWindow
from pixcon_train.evaluation.validation import BATCH, validation_loader
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.consistency import ConsistencyRules, Weighting
from pixcon_train.method.label_noise import Noise
from pixcon_train.method.optimizer import build_optimizer
from pixcon_train.method.thresholds import (
    DynamicThreshold,
    Floor,
    FlooredThreshold,
    GateThreshold,
    PerClassThreshold,
    QuantileThreshold,
    Threshold,
    coverage_penalty,
)
from pixcon_train.models.architectures import ARCHITECTURES
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.build import build_model
from pixcon_train.models.pretrained import load_pretrained_backbone

_INITIAL = 20
"""Random stream of the initial weights."""


@dataclass(frozen=True)
class RunComponents:
    """The components of a run."""

    accelerator: Accelerator
    data: TrainingData
    student: SegmentationModel
    teacher: SegmentationModel
    bank: ClassBank | None
    rules: ConsistencyRules
    optimizer: AcceleratedOptimizer
    layout: BatchLayout
    sampler: StepSampler
    loader: DataLoader[Any]
    validation: DataLoader[Any]
    held_out: DataLoader[Any] | None
    """Labeled images that calibrate thresholds; None for rules without calibration."""
    metric: SegmentationIoU
    protocol: Protocol
    window: SlidingWindow | None
    memory_format: torch.memory_format
    iterations: int
    """Optimizer steps of the whole run."""

    def lines(self) -> list[str]:
        """Two lines for the user on the data and the network, and the notes on the data."""
        parameters = sum(p.numel() for p in self.student.parameters())
        precision = "fp32" if self.accelerator.mixed_precision == "no" else self.accelerator.mixed_precision
        hardware = f"{self.accelerator.device}, {self.accelerator.num_processes} process(es), {precision}"
        data = self.data
        return [
            f"{data.spec.name}: {data.labeled_count} labeled, {len(data.unlabeled)} unlabeled, "
            f"{len(data.val)} validation images, {data.spec.num_classes} classes",
            f"{self.student.architecture} {self.student.size}, {parameters / 1e6:.2f} M parameters, on {hardware}; "
            f"{self.iterations} iterations of {self.layout.batch} + {self.layout.batch} images",
            *(f"note: {note}" for note in data.notes),
        ]


def build_components(
    config: TrainConfig,
    accelerator: Accelerator,
    progress: Progress = silent,
    *,
    data: TrainingData | None = None,
) -> RunComponents:
    """Build the components of a run.

    Args:
        config: of the run.
        accelerator: where it trains.
        progress: follows the check of the data.
        data: those of ``config``, if they are open already.

    Raises:
        ConfigError: a value does not fit the device.
        DataError: the data are missing or not as declared, or too few for one batch.
        CheckpointError: the pretrained weights are missing or do not fit.
    """
    data = data or open_training_data(config, progress)
    layout = batch_layout(config.schedule, accelerator)
    _check_cutmix(config, layout)
    memory_format = torch.channels_last if config.runtime.channels_last else torch.contiguous_format
    student = _student(config, data.spec.num_classes, accelerator)
    student.to(device=accelerator.device, memory_format=memory_format)  # type: ignore[call-overload]  # mypy's stub lacks it
    teacher = copy.deepcopy(student).eval().requires_grad_(False)
    bank = None
    if config.bank.enabled:
        bank = ClassBank(data.spec.num_classes, config.bank.size, config.bank.dim).to(accelerator.device)
    sampler = _sampler(config, data, layout)
    rates = config.optimizer.model_dump(include={"lr", "lr_factor", "weight_decay", "decay_1d"})
    workers = default_workers() if config.runtime.workers is None else config.runtime.workers
    pin = accelerator.device.type == "cuda"
    asked = config.evaluation.protocol
    protocol = ARCHITECTURES[config.model.architecture].protocol if asked == "auto" else asked
    # Windows are as large as the crops the network is trained on, as in both releases.
    window = SlidingWindow(config.data.crop, student.patch_size) if data.spec.evaluation == "sliding" else None
    evaluation = partial(
        validation_loader,
        rank=accelerator.process_index,
        processes=accelerator.num_processes,
        workers=workers,
        batch=1 if window else BATCH,
    )
    return RunComponents(
        accelerator=accelerator,
        data=data,
        student=student.train(),
        teacher=teacher,
        bank=bank,
        rules=consistency_rules(config, data, accelerator),
        optimizer=accelerator.prepare_optimizer(build_optimizer(student, **rates)),
        layout=layout,
        sampler=sampler,
        loader=training_loader(PairedDataset(data.labeled, data.unlabeled), sampler, workers=workers, pin=pin),
        validation=evaluation(data.val),
        held_out=None if data.held_out is None else evaluation(data.held_out),
        metric=SegmentationIoU(data.spec.num_classes).to(accelerator.device),
        protocol=protocol,
        window=window,
        memory_format=memory_format,
        iterations=sampler.steps * config.schedule.epochs,
    )


def _check_cutmix(config: TrainConfig, layout: BatchLayout) -> None:
    """Raise where CutMix, which pastes from another image of the same forward pass, has no other image."""
    if layout.micro == 1 and config.consistency.cutmix > 0:
        raise ConfigError(
            "One image in a forward pass leaves CutMix nothing to paste from. Use a schedule.micro_batch (or a "
            "schedule.batch per process) of 2 or more, or switch it off with --set consistency.cutmix=0."
        )


def _student(config: TrainConfig, num_classes: int, accelerator: Accelerator) -> SegmentationModel:
    """A new student with its pretrained encoder, the same in every process."""
    with torch.random.fork_rng(devices=[]):  # initialisers only draw from the global generator
        torch.manual_seed(mix(config.seed, _INITIAL))
        student = build_model(
            config.model.architecture,
            config.model.full_size,
            num_classes,
            projection=config.bank.enabled,
            embedding_dim=config.bank.dim,
        )
    load_pretrained_backbone(student, config.model.pretrained_source)
    student.set_activation_checkpointing(config.runtime.activation_checkpointing)
    # PyTorch has no synchronised batch norm for CPUs
    if accelerator.num_processes > 1 and accelerator.device.type == "cuda":
        student = torch.nn.SyncBatchNorm.convert_sync_batchnorm(student)
    return student


def _sampler(config: TrainConfig, data: TrainingData, layout: BatchLayout) -> StepSampler:
    sampler = StepSampler(labeled=len(data.labeled), unlabeled=len(data.unlabeled), seed=config.seed, layout=layout)
    if not sampler.steps:
        raise DataError(
            f"The unlabeled list has {len(data.unlabeled)} images, which is less than one batch of {layout.batch}. "
            "Give more images or a smaller schedule.batch."
        )
    return sampler


def consistency_rules(config: TrainConfig, data: TrainingData, accelerator: Accelerator) -> ConsistencyRules:
    """The rules of the weak-to-strong branch in their initial state, on the accelerator's device."""
    consistency, num_classes = config.consistency, data.spec.num_classes
    noise = None
    if consistency.noise.rate > 0:
        noise = Noise(num_classes, consistency.noise.rate, consistency.noise.kind).to(accelerator.device)
    return ConsistencyRules(
        threshold=_threshold(config, data).to(accelerator.device),
        noise=noise,
        weighting=Weighting(consistency.weighting, consistency.boundary_width, consistency.boundary_factor),
    )


def _threshold(config: TrainConfig, data: TrainingData) -> Threshold:
    values, num_classes = config.consistency.threshold, data.spec.num_classes
    if values.rule == "fixed":
        return Threshold(config.consistency.tau)
    if values.rule == "quantile":
        return QuantileThreshold(values.quantile)
    if values.rule == "dynamic":
        return DynamicThreshold(num_classes, values.momentum)
    floor = Floor(values.minimum, values.beta, values.momentum)
    if values.rule == "dynamic_floor":
        return FlooredThreshold(num_classes, values.momentum, floor)
    if values.rule == "gate":
        return GateThreshold(num_classes, tau=config.consistency.tau, floor=floor)
    penalty = coverage_penalty(torch.tensor(data.labeled_pixels), weight=values.penalty, power=values.rarity)
    return PerClassThreshold(
        penalty, start=config.consistency.tau, minimum=values.minimum, delta=values.delta, floor=floor
    )
