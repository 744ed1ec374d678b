"""Inferring a network from its state dict: architecture, size, class count and projection."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.versions import require
from pixcon_train.core.weight_checks import misfits, refuse_non_finite, refuse_other_kinds
from pixcon_train.models.architectures import FUSED, RECOGNISED, Architecture
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.encoder_families import DINOV2, rows
from pixcon_train.models.recipes import Recipe

State = dict[str, Tensor]

_MARKS = {DINOV2.mark, *(known.mark for known in RECOGNISED.values())}
_MARKED_KEY = re.compile(rf"(?:^|(?<=\.))(?:{'|'.join(map(re.escape, sorted(_MARKS)))})$")
"""End of the key of a weight that every encoder of a design has, without wrappers' prefixes."""


@dataclass(frozen=True)
class ModelDescription:
    """A model that fits a state dict."""

    architecture: str
    size: str
    num_classes: int
    projection: bool
    embedding_dim: int
    """D of the projection head; 256 if there is none."""
    feature: str = FUSED
    """What the feature is that it returns."""
    recipe: Recipe | None = None
    """What its release chose and the weights do not show."""

    def build(self) -> SegmentationModel:
        """A model with initial weights."""
        require("timm")
        model = RECOGNISED[self.architecture].new_model(self.size, self.num_classes, self.recipe)
        if self.projection:
            model.add_projection(self.embedding_dim)
        return model


def strip_prefix(state: Mapping[str, Tensor]) -> State:
    """``state`` under the network's own names, without the prefixes of wrappers.

    Removed are torch.compile's ``_orig_mod.`` anywhere in a key, AveragedModel's ``n_averaged``, and the prefix of the
    network (``module.`` of data parallelism, Lightning's ``model.``, …) with all entries that do not have it.

    Raises:
        CheckpointError: it holds several networks, or two keys become equal.
    """
    found = networks_by_prefix(state)
    if len(found) > 1:
        raise CheckpointError(_several(list(found)))
    (result,) = found.values()
    return result


def networks_by_prefix(state: Mapping[str, Tensor]) -> dict[str, State]:
    """The networks in a state dict by their prefixes, each under its own names, as :func:`strip_prefix` removes them.

    The whole state under the empty prefix where no network is known. A network with an empty prefix (a student that
    holds its teacher) has the entries of no other.

    Raises:
        CheckpointError: two keys become equal.
    """
    kept = {key: value for key, value in state.items() if key.rpartition(".")[2] != "n_averaged"}
    plain = {key.replace("_orig_mod.", ""): value for key, value in kept.items()}
    found = sorted({key[: match.start()] for key in plain if (match := _MARKED_KEY.search(key))}) or [""]
    if len(plain) < len(kept):
        raise CheckpointError(_several(found))
    named = tuple(prefix for prefix in found if prefix)
    return {
        prefix: {
            key.removeprefix(prefix): value
            for key, value in plain.items()
            if (key.startswith(prefix) if prefix else not key.startswith(named))
        }
        for prefix in found
    }


def _several(prefixes: Sequence[str]) -> str:
    return (
        f"The weights are those of several networks, under the prefixes {', '.join(map(repr, prefixes))}. Two are read "
        "as student and average if their prefixes say so, such as `student.` and `ema.`. Save one of them alone: "
        "torch.save(network.state_dict(), FILE)."
    )


def infer_architecture(state: Mapping[str, Tensor], name: str | None = None) -> ModelDescription:
    """Description of the model of a state dict (keys without ``module.``).

    Args:
        name: of its architecture, where it is known: two releases may differ in what the keys do not show.

    Raises:
        CheckpointError: it is of no known architecture, or of an unknown size.
    """
    named = RECOGNISED.get(name or "")
    has_keys = named is not None and named.has_keys(state)
    architecture = named if has_keys else next((known for known in RECOGNISED.values() if known.matches(state)), None)
    if architecture is None:
        shown = ", ".join(list(state)[:3]) or "nothing"
        raise CheckpointError(
            f"The weights are of no known architecture: found keys such as {shown}; expected "
            + " or ".join(
                f"`{known.encoder}*` with `{known.classifier}` ({known.name})" for known in RECOGNISED.values()
            )
            + "."
        )
    embedding = state.get("proj_head.3.weight")
    return ModelDescription(
        architecture=architecture.name,
        size=architecture.size(state),
        num_classes=rows(state[architecture.classifier]),
        projection=embedding is not None,
        embedding_dim=256 if embedding is None else rows(embedding),
        feature=architecture.feature(state),
        recipe=architecture.recipe,
    )


def model_from_state(state: Mapping[str, Tensor], description: ModelDescription) -> SegmentationModel:
    """The model with the weights ``state``, in eval mode; ``description`` is that of :func:`infer_architecture`.

    A classifier with one output channel z, a sigmoid's, becomes one of two classes with the logits 0 and z: their
    softmax is (1 − sigmoid(z), sigmoid(z)), so that the second class is predicted where the sigmoid exceeds 0.5.

    Raises:
        CheckpointError: entries are missing, superfluous, of another shape or kind, or NaN or infinite.
    """
    architecture = RECOGNISED[description.architecture]
    state = {key: value for key, value in state.items() if not key.startswith(architecture.unused)}
    refuse_other_kinds(state)
    if description.num_classes == 1:
        state = _with_background(state, architecture)
        description = replace(description, num_classes=2)
    with torch.device("meta"):
        model = description.build()
        model.adapt_to(state)
    expected = model.state_dict()
    complete = _with_mask_token(state, expected)
    problems = misfits(complete, expected)
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise CheckpointError(
            f"The weights do not fit {description.architecture} {description.size} with {description.num_classes} "
            f"classes: {'; '.join(problems[:3])}{more}. Is the file complete, and of an unchanged architecture?"
        )
    model.load_state_dict(complete, assign=True)
    if any(buffer.is_meta for buffer in model.buffers()):  # computed and not saved, such as DINOv3's rotary positions
        model = description.build()
        model.load_state_dict(complete, assign=True)
    model = model.float().eval()
    refuse_non_finite(model.state_dict())
    return model


def _with_background(state: Mapping[str, Tensor], architecture: Architecture) -> Mapping[str, Tensor]:
    """``state`` with two output channels instead of the one of its classifier."""
    keys = (architecture.classifier, architecture.classifier.removesuffix("weight") + "bias")
    return dict(state) | {key: torch.cat([torch.zeros_like(state[key]), state[key]]) for key in keys if key in state}


def _with_mask_token(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> State:
    """``state`` with zeros for the mask token, which is unused and not in timm's files."""
    missing = [key for key in expected if key.endswith("mask_token") and key not in state]
    return dict(state) | {key: torch.zeros(expected[key].shape) for key in missing}
