"""What a state dict is: architecture, size, class count and projection, read from its keys and shapes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.weight_checks import refuse_non_finite, refuse_other_kinds
from pixcon_train.models import build_model
from pixcon_train.models.base import SegmentationModel
from pixcon_train.models.sizes import SIZES

State = dict[str, Tensor]

_PATCHES = "patch_embed.proj.weight"
_PATCHES_KEY = re.compile(rf"(?:^|(?<=\.))(?:backbone\.(?:vit\.)?)?{re.escape(_PATCHES)}$")
"""The end of the key of the weight that every encoder has, as the network itself names it."""

# By architecture: the encoder's prefix and the weight of the last layer of the classifier.
_LANDMARKS = {
    "unimatch_v2": ("backbone.", "head.scratch.output_conv.2.weight"),
    "pixcon": ("backbone.vit.", "head.4.weight"),
}


@dataclass(frozen=True)
class ModelDescription:
    """What :func:`build_model` needs to make a model that the state dict fits."""

    architecture: str
    size: str
    num_classes: int
    projection: bool
    embedding_dim: int
    """D of the projection head; 256 where there is none."""

    def build(self) -> SegmentationModel:
        """A model with fresh weights."""
        return build_model(
            self.architecture,
            self.size,
            self.num_classes,
            projection=self.projection,
            embedding_dim=self.embedding_dim,
        )


def strip_prefix(state: Mapping[str, Tensor]) -> State:
    """``state`` under the network's own names, without what wrappers add to them.

    Removed are torch.compile's ``_orig_mod.`` anywhere in a key, AveragedModel's ``n_averaged``, and what stands before
    the network's own names (``module.`` of data parallelism, Lightning's ``model.``, …) with all that stands beside it.

    Raises:
        CheckpointError: there are several networks in it, or two keys become the same.
    """
    kept = {key: value for key, value in state.items() if key.rpartition(".")[2] != "n_averaged"}
    result = {key.replace("_orig_mod.", ""): value for key, value in kept.items()}
    found = sorted({key[: match.start()] for key in result if (match := _PATCHES_KEY.search(key))})
    if len(result) < len(kept) or len(found) > 1:
        raise CheckpointError(
            f"The weights are those of several networks, under the prefixes {', '.join(map(repr, found))}. Save one of "
            "them alone: torch.save(network.state_dict(), FILE)."
        )
    prefix = found[0] if found else ""
    return {key.removeprefix(prefix): value for key, value in result.items() if key.startswith(prefix)}


def infer_architecture(state: Mapping[str, Tensor]) -> ModelDescription:
    """Description of the model whose state dict this is (keys without ``module.``).

    Raises:
        CheckpointError: it is of neither architecture, or of an unknown size.
    """
    architecture = next((name for name, (_, last) in _LANDMARKS.items() if _is(name, state)), None)
    if architecture is None:
        shown = ", ".join(list(state)[:3]) or "nothing"
        raise CheckpointError(
            f"The weights are of neither known architecture: found keys such as {shown}; expected "
            + " or ".join(f"`{prefix}*` with `{last}` ({name})" for name, (prefix, last) in _LANDMARKS.items())
            + "."
        )
    prefix, last = _LANDMARKS[architecture]
    embedding = state.get("proj_head.3.weight")
    return ModelDescription(
        architecture=architecture,
        size=_size(state, prefix),
        num_classes=_rows(state[last]),
        projection=embedding is not None,
        embedding_dim=256 if embedding is None else _rows(embedding),
    )


def model_from_state(state: Mapping[str, Tensor]) -> SegmentationModel:
    """The model whose state dict this is, with its weights, in eval mode.

    A classifier with one output channel z, a sigmoid's, becomes one of two classes with the logits 0 and z: their
    softmax is (1 − sigmoid(z), sigmoid(z)), so that the second class is predicted where the sigmoid exceeds 0.5.

    Raises:
        CheckpointError: as :func:`infer_architecture`, or entries are missing, superfluous, of another shape or kind,
            or NaN or infinite.
    """
    refuse_other_kinds(state)
    state = _with_background(state)
    description = infer_architecture(state)
    with torch.device("meta"):
        model = description.build()
    expected = model.state_dict()
    complete = _with_mask_token(state, expected)
    problems = [f"{key} is missing" for key in expected if key not in complete]
    problems += [f"{key} is not part of it" for key in complete if key not in expected]
    problems += [
        f"{key} is of {complete[key].dtype}"
        for key, value in expected.items()
        if key in complete and value.is_floating_point() and not complete[key].is_floating_point()
    ]
    problems += [
        f"{key} has shape {tuple(complete[key].shape)}, not {tuple(value.shape)}"
        for key, value in expected.items()
        if key in complete and complete[key].shape != value.shape
    ]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise CheckpointError(
            f"The weights do not fit {description.architecture} {description.size} with {description.num_classes} "
            f"classes: {'; '.join(problems[:3])}{more}. Is the file complete, and of an unchanged architecture?"
        )
    model.load_state_dict(complete, assign=True)
    model = model.float().eval()
    refuse_non_finite(model.state_dict())
    return model


def _is(architecture: str, state: Mapping[str, Tensor]) -> bool:
    prefix, last = _LANDMARKS[architecture]
    return prefix + _PATCHES in state and last in state


def _rows(value: Tensor) -> int:
    """Length of the first dimension; 0 for a single number."""
    return value.shape[0] if value.ndim else 0


def _size(state: Mapping[str, Tensor], prefix: str) -> str:
    """The size with the encoder's width and depth."""
    dim = _rows(state[prefix + _PATCHES])
    depth = len({key.split(".blocks.")[1].split(".")[0] for key in state if key.startswith(f"{prefix}blocks.")})
    for name, size in SIZES.items():
        if (size.dim, size.depth) == (dim, depth):
            return name
    known = ", ".join(f"{name} ({size.dim}, {size.depth})" for name, size in SIZES.items())
    raise CheckpointError(f"The encoder has width {dim} and {depth} blocks; expected one of {known}.")


def _with_background(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """``state`` with two output channels where its classifier has one; otherwise as it is."""
    last = next((weight for name, (_, weight) in _LANDMARKS.items() if _is(name, state)), None)
    if last is None or _rows(state[last]) != 1:
        return state
    keys = (last, last.removesuffix("weight") + "bias")
    return dict(state) | {key: torch.cat([torch.zeros_like(state[key]), state[key]]) for key in keys if key in state}


def _with_mask_token(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> State:
    """``state`` with zeros for the mask token, which nothing uses and timm's files lack."""
    missing = [key for key in expected if key.endswith("mask_token") and key not in state]
    return dict(state) | {key: torch.zeros(expected[key].shape) for key in missing}
