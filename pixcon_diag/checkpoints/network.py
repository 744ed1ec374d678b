"""The network in a checkpoint file of any known layout, verified, in eval mode."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.description import Description, RunRecord
from pixcon_diag.checkpoints.finding import WeightsAsked
from pixcon_diag.checkpoints.layouts.layout import Layout, State, Weights
from pixcon_diag.checkpoints.layouts.registry import OTHER_NETWORKS, recognise
from pixcon_diag.checkpoints.reading import read_file
from pixcon_diag.provenance import CheckpointInfo
from pixcon_train.core.errors import CheckpointError
from pixcon_train.models.architectures import RECOGNISED
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.recipes import RECIPES
from pixcon_train.models.state import ModelDescription, infer_architecture, model_from_state, strip_prefix
from pixcon_train.runs.checkpoint import Checkpoint
from pixcon_train.runs.export import PROJECTION

NOT_VERIFIABLE = "not verifiable (the file has no checksums)"
SIGMOID = "one sigmoid output channel: measured as background and one class, at 0.5"


@dataclass(frozen=True)
class Network:
    """One network of a checkpoint file."""

    description: Description
    model: SegmentationModel
    bank: State | None
    """The stored bank: `queue` K×N×D, `filled` K, how many entries there are of each class; those of this project also
    `truth` and `weight` K×N."""


def read_network(path: Path, weights: WeightsAsked, *, allow_legacy: bool, recipe: str | None = None) -> Network:
    """Read the requested network from a file; no code in the file is run.

    Architecture, size and class count are inferred from keys and shapes.

    Args:
        recipe: another one than that of the file's release, for a network that has one.

    Raises:
        CheckpointError: the file is missing, damaged, unsafe, of no known layout, an encoder alone, or lacks the
            requested weights.
    """
    file = read_file(path, allow_legacy=allow_legacy)
    layout = recognise(file)
    chosen = choose(layout.states, weights, path)
    try:
        state = strip_prefix(layout.states[chosen])
        _refuse_encoder_alone(state, path)
        found = _architecture(state, layout)
        if recipe is not None:
            found = replace(found, recipe=RECIPES[recipe])
        model = model_from_state(state, found)
        _check_data(layout.data)
        run = None if layout.run is None else run_record(layout.run)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    remarks = [] if file.verified else [NOT_VERIFIABLE]
    if file.left_out is not None:
        remarks.append(file.left_out)
    if found.num_classes != model.num_classes:
        remarks.append(SIGMOID)
    info = CheckpointInfo(
        source=str(path),
        sha256=file.sha256,
        layout=layout.name,
        architecture=found.architecture,
        size=found.size,
        num_classes=model.num_classes,
        projection=found.projection,
        weights=chosen,
        scores=layout.scores,
        recipe=next((name for name, known in RECIPES.items() if known == found.recipe), None),
        feature=found.feature,
    )
    description = Description(
        info=info,
        protocol=RECOGNISED[found.architecture].protocol,
        parameters=parameters_at_inference(model),
        data=layout.data,
        run=run,
        has_bank=layout.bank is not None,
        remarks=tuple(remarks),
        stated_of_part=layout.stated_of_part,
    )
    return Network(description, model, layout.bank)


def parameters_at_inference(model: SegmentationModel) -> int:
    """Parameters of a network without its projection head, which inference does not use."""
    named = model.named_parameters()
    return sum(parameter.numel() for name, parameter in named if not name.startswith(PROJECTION))


def run_record(checkpoint: Checkpoint) -> RunRecord:
    """The run recorded in a checkpoint of this project.

    Raises:
        CheckpointError: an entry of its configuration is of another type.
    """
    record = RunRecord(checkpoint.config, checkpoint.data, checkpoint.root, checkpoint.lists)
    try:
        _ = record.settings
    except ValueError as error:
        raise CheckpointError(f"its {error}. Expected the configuration of a run, as pixcon-train writes it.") from None
    return record


def _check_data(data: Mapping[str, Any] | None) -> None:
    if data is not None and not isinstance(data.get("name"), str):
        raise CheckpointError("its `data` has no name. Expected the description of a data set.")


def _architecture(state: State, layout: Layout) -> ModelDescription:
    try:
        return infer_architecture(state, layout.architecture)
    except CheckpointError as error:
        raise CheckpointError(f"{error} {OTHER_NETWORKS}") from None


def choose(states: Collection[Weights], weights: WeightsAsked, path: Path) -> Weights:
    """Which of a file's networks to measure: the EMA teacher unless another one is asked for.

    Raises:
        CheckpointError: the file does not have the requested one.
    """
    if weights is None:
        return next(which for which in ("ema", "student", "unnamed") if which in states)
    if weights in states:
        return weights
    held = " and ".join("one network, without saying which" if w == "unnamed" else f"{w} weights" for w in states)
    raise CheckpointError(
        f"{path} has no {weights} weights; it holds {held}. Leave --weights out to measure what it has."
    )


def _refuse_encoder_alone(state: State, path: Path) -> None:
    if "patch_embed.proj.weight" in state:
        raise CheckpointError(
            "This is a DINOv2 encoder alone (cls_token, patch_embed, blocks): it has no decoder and predicts no "
            "classes. Expected a segmentation checkpoint; an encoder is where training starts "
            f"(pixcon-train run --pretrained {path})."
        )
