"""Forks: runs that continue the training of one checkpoint, each under its own configuration.

Every draw is a function of the seed, the epoch or iteration, and the position (:mod:`pixcon_train.core.seeding`), so
forks of one checkpoint with one seed see the same batches, crops, CutMix boxes and dropout: common random numbers.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pixcon_train.config.schema import ThresholdConfig, TrainConfig
from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.yaml_files import flatten
from pixcon_train.engine.components import RunComponents
from pixcon_train.engine.resumed_state import parse_optimizer
from pixcon_train.engine.running_means import RunningMeans
from pixcon_train.engine.state import TrainState, restore
from pixcon_train.engine.training_data import CALIBRATED, held_out_places
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.optimizer import build_optimizer
from pixcon_train.models.build import build_model
from pixcon_train.runs.checkpoint import Checkpoint, load_checkpoint
from pixcon_train.runs.export import PROJECTION

_NO_FORK = "fork from another checkpoint"


def start_from(path: Path, config: TrainConfig, parts: RunComponents) -> TrainState:
    """Load the checkpoint at ``path`` into the ``parts`` of a new run; returns the progress the run begins with.

    Student, teacher, optimizer and loss scaling continue. A projection head that the checkpoint lacks, or that is of
    another dimension, is a new one. The bank is empty unless ``fork.keep_bank``; the threshold's and the noise's state
    continue where their configuration is the checkpoint's. The best epoch is sought among those of the fork alone.

    Raises:
        CheckpointError: the file is no checkpoint of a finished epoch, of another network, data set or list, of another
            number of steps per epoch, of the last epoch or a later one, or has no bank, or one of another size, to
            keep.
    """
    checkpoint = load_checkpoint(path)
    try:
        _require_forkable(checkpoint, config, parts)
        state, _ = restore(_forked(checkpoint, config, parts), parts, _NO_FORK)
    except CheckpointError as error:
        raise CheckpointError(f"Could not fork from {path}: {error}") from error
    return state


def _require_forkable(checkpoint: Checkpoint, config: TrainConfig, parts: RunComponents) -> None:
    found = (checkpoint.architecture, checkpoint.size, checkpoint.num_classes)
    expected = (parts.student.architecture, parts.student.size, parts.data.spec.num_classes)
    if found != expected:
        raise CheckpointError(
            f"it is of {_network(*found)}, and the fork of {_network(*expected)}. A fork has the network of its "
            "checkpoint: set model.architecture, model.size, model.encoder and data.dataset to its values."
        )
    before, now = _pretrained(checkpoint, config), config.model.pretrained_source
    if before == "none" != now:
        raise CheckpointError(
            f"its encoder was trained from scratch, and model.pretrained of the fork is {now}. A fork has the weights "
            f"of its checkpoint: train the parent with --pretrained {now}, or leave model.pretrained out."
        )
    if checkpoint.progress.get("step") != 0 or not checkpoint.epoch:
        raise CheckpointError(
            f"it was saved within epoch {checkpoint.epoch + 1}. A fork begins after a finished epoch: train on, or "
            "name an epoch_N.pth (runtime.keep_every)."
        )
    if checkpoint.iteration != checkpoint.epoch * parts.sampler.steps:
        raise CheckpointError(
            f"it has {checkpoint.iteration / checkpoint.epoch:g} steps per epoch, and the fork {parts.sampler.steps}. "
            "A fork has the lists and the schedule.batch of its checkpoint."
        )
    if checkpoint.epoch >= config.schedule.epochs:
        raise CheckpointError(
            f"it has finished epoch {checkpoint.epoch} of {config.schedule.epochs}, so that nothing is left to train. "
            "Fork from an earlier epoch, or set schedule.epochs to more."
        )
    if config.fork.keep_bank:
        _require_same_bank(checkpoint.bank, parts.bank)
    if config.consistency.threshold.rule in CALIBRATED:
        _require_held_out(checkpoint, config, parts)


def _require_held_out(checkpoint: Checkpoint, config: TrainConfig, parts: RunComponents) -> None:
    saved = checkpoint.config.get("consistency")
    threshold = saved.get("threshold") if isinstance(saved, Mapping) else None
    try:
        before = ThresholdConfig.model_validate(threshold or {})
        seed = int(checkpoint.config.get("seed", 0))
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"its configuration of consistency.threshold or its seed cannot be read: {error}"
        ) from None
    images = parts.data.labeled_count + len(parts.data.held_out.pairs if parts.data.held_out else ())
    own = held_out_places(config.consistency.threshold, config.seed, images)
    if not own <= held_out_places(before, seed, images):
        raise CheckpointError(
            f"consistency.threshold.rule={config.consistency.threshold.rule} calibrates on labeled images that the "
            "checkpoint has trained on, where the error is far too low. Train the parent and the forks with "
            "consistency.threshold.reserve=true, which holds the same images out under every rule."
        )


def _require_same_bank(saved: Mapping[str, Tensor] | None, own: ClassBank | None) -> None:
    if saved is None or own is None:
        missing = "the checkpoint" if saved is None else "the fork"
        raise CheckpointError(f"fork.keep_bank keeps a bank, and {missing} has none. Leave fork.keep_bank out.")
    found, expected = {**own.state_dict(), **saved}["queue"].shape[1:], own.queue.shape[1:]
    if found != expected:
        raise CheckpointError(
            f"fork.keep_bank keeps a bank of {tuple(found)} numbers per class (bank.size, bank.dim), and that of the "
            f"fork has {tuple(expected)}. Set both to the values of the checkpoint, or leave fork.keep_bank out, so "
            "that the bank begins empty."
        )


def _pretrained(checkpoint: Checkpoint, config: TrainConfig) -> str:
    """The source of the encoder weights that the checkpoint's run began with; the fork's where the file has none."""
    saved = flatten(checkpoint.config).get("model.pretrained", config.model.pretrained)
    return config.model.model_copy(update={"pretrained": saved}).pretrained_source


def _network(architecture: str, size: str, num_classes: int) -> str:
    return f"{architecture} {size} with {num_classes} classes"


def _forked(checkpoint: Checkpoint, config: TrainConfig, parts: RunComponents) -> Checkpoint:
    """The checkpoint as the new run would have saved it, which is checked like any state that a run resumes from."""
    return replace(
        checkpoint,
        student=_with_head(checkpoint.student, parts.student),
        ema=_with_head(checkpoint.ema, parts.teacher),
        bank=checkpoint.bank if config.fork.keep_bank else None,
        optimizer={**parts.optimizer.state_dict(), "state": _moments(checkpoint, parts)},
        rules=_rules(checkpoint, config),
        metrics={},
        best={},
        progress={"step": 0, "stale": 0, "finished": False, "meters": RunningMeans().state_dict()},
    )


def _with_head(saved: Mapping[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The saved weights with the projection head of ``network``, which is the saved one where that fits."""
    own = network.state_dict()
    head = {key: value for key, value in own.items() if key.startswith(PROJECTION)}
    found = {key: value for key, value in saved.items() if key.startswith(PROJECTION)}
    same = {key: value.shape for key, value in head.items()} == {key: value.shape for key, value in found.items()}
    return {key: value for key, value in saved.items() if not key.startswith(PROJECTION)} | (found if same else head)


def _moments(checkpoint: Checkpoint, parts: RunComponents) -> dict[int, dict[str, Tensor]]:
    """AdamW's moments of each weight at its place in the fork's optimizer; none for those of a new projection head."""
    with torch.random.fork_rng(devices=[]):  # only its names are used
        parent = build_model(
            checkpoint.architecture,
            checkpoint.size,
            checkpoint.num_classes,
            projection=checkpoint.projection,
            embedding_dim=1,
        )
    decays_1d = flatten(checkpoint.config).get("optimizer.decay_1d") is True
    rates: dict[str, Any] = {"lr": 1.0, "lr_factor": 1.0, "weight_decay": 0.0, "decay_1d": decays_1d}
    before = _places(build_optimizer(parent, **rates), parent)
    now = _places(parts.optimizer, parts.student)
    shapes = {name: weight.shape for name, weight in parts.student.named_parameters()}
    try:
        saved = parse_optimizer(checkpoint.optimizer)
    except ValueError as error:
        raise CheckpointError(f"its {error}. Expected a checkpoint as pixcon-train writes it.") from None
    kept = {name: saved[place] for name, place in before.items() if place in saved and name in now}
    return {
        now[name]: moments
        for name, moments in kept.items()
        if not name.startswith(PROJECTION) or all(m.shape in ((), shapes[name]) for m in moments.values())
    }


def _places(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, int]:
    """The place of each weight in an optimizer's state, by its name."""
    names = {id(weight): name for name, weight in model.named_parameters()}
    ordered = [weight for group in optimizer.param_groups for weight in group["params"]]
    return {names[id(weight)]: place for place, weight in enumerate(ordered)}


def _rules(checkpoint: Checkpoint, config: TrainConfig) -> dict[str, dict[str, Tensor]]:
    """The state of the rules whose configuration is the checkpoint's."""
    before, now = flatten(checkpoint.config), flatten(config.model_dump())
    kept = {}
    for name, keys in (("threshold", ("consistency.tau", "consistency.threshold.")), ("noise", "consistency.noise.")):
        same = all(before.get(key) == value for key, value in now.items() if key.startswith(keys))
        if same and name in checkpoint.rules:
            kept[name] = checkpoint.rules[name]
    return kept
