"""Checks of state dicts: dense tensors of known types, finite values, expected entries."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pixcon_train.core.errors import CheckpointError

_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_COUNTS = (torch.int64, torch.int32)
_SHOWN = 3
"""Most entries that a message names."""


def refuse_other_kinds(state: Mapping[str, Tensor]) -> None:
    """Check that every entry is a dense tensor of floats, or of integers as batch norm counts with.

    Raises:
        CheckpointError: some are quantised, sparse, complex, expanded, without values, …; the message names the first.
    """
    others = [f"{key} is {found}" for key, value in state.items() if (found := _other_kind(value))]
    if others:
        raise CheckpointError(
            f"{len(others)} of {len(state)} weights are of a kind that no layer here has: {_first(others)}. "
            "Expected dense tensors of float32, float16, bfloat16 or float64: save the weights as such."
        )


def refuse_non_finite(state: Mapping[str, Tensor]) -> None:
    """Check that no weight is NaN or infinite.

    Raises:
        CheckpointError: some are; the message names the first entries and counts their values.
    """
    floats = {key: value for key, value in state.items() if value.is_floating_point()}
    bad = {key: int((~value.isfinite()).sum()) for key, value in floats.items() if not value.isfinite().all()}
    if bad:
        shown = [f"{key} ({count} of {floats[key].numel()})" for key, count in bad.items()]
        raise CheckpointError(
            f"{sum(bad.values())} values of the weights are NaN or infinite, in {len(bad)} of {len(state)} tensors: "
            f"{_first(shown)}. Such a network predicts nothing: take a checkpoint from before the training diverged."
        )


def _other_kind(value: Tensor) -> str | None:
    """The fault of a tensor's type or layout; None if there is none."""
    if value.is_meta:
        return "without values (on the meta device)"
    if value.is_nested or value.layout != torch.strided:
        return "sparse or nested"
    if value.dtype not in _FLOATS + _COUNTS:
        return f"of {value.dtype}"
    if any(stride == 0 and size > 1 for stride, size in zip(value.stride(), value.shape, strict=True)):
        return "expanded from fewer values"
    return None


def _first(entries: list[str]) -> str:
    more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    return ", ".join(entries[:_SHOWN]) + more


def misfits(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """Why ``state`` cannot replace ``expected``, a phrase per entry: missing, unexpected, another type or shape."""
    common = [(key, state[key], value) for key, value in expected.items() if key in state]
    return [
        *(f"{key} is missing" for key in expected if key not in state),
        *(f"{key} is not part of it" for key in state if key not in expected),
        *(
            f"{key} is of {found.dtype}"
            for key, found, value in common
            if value.is_floating_point() and not found.is_floating_point()
        ),
        *(
            f"{key} has shape {tuple(found.shape)}, not {tuple(value.shape)}"
            for key, found, value in common
            if found.shape != value.shape
        ),
    ]
