"""Checks of what a run goes on from, before any of it is loaded: a file may come from anyone, or from another run."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from torch import Tensor

from pixcon_train.core.errors import CheckpointError
from pixcon_train.core.records import validated
from pixcon_train.core.weight_checks import misfits, refuse_non_finite, refuse_other_kinds
from pixcon_train.engine.components import RunComponents
from pixcon_train.method.class_bank import require_bank
from pixcon_train.runs.checkpoint import Checkpoint, Count

_MOMENTS = ("exp_avg", "exp_avg_sq")
"""What AdamW keeps of each weight, beside the number of its steps."""


class _Part(BaseModel):
    """A part of a saved state; entries that are not read may be anything."""

    model_config = ConfigDict(strict=True, arbitrary_types_allowed=True)


class _Means(_Part):
    """The state of :class:`pixcon_train.engine.running_means.RunningMeans`."""

    names: list[str]
    window: Tensor | None
    window_count: Count
    epoch: list[float]
    epoch_count: Count


class _Progress(_Part):
    step: Count
    stale: Count
    finished: bool
    meters: _Means


class _Best(_Part):
    epoch: Count
    miou: float
    score: float


class _Group(_Part):
    lr: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    params: list[int]


class _Optimizer(_Part):
    state: dict[int, dict[str, Tensor]]
    param_groups: list[_Group]


class _Scaler(_Part):
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    growth_factor: Annotated[float, Field(gt=1, allow_inf_nan=False)]
    backoff_factor: Annotated[float, Field(gt=0, lt=1)]
    growth_interval: Count
    growth_tracker: Count = Field(alias="_growth_tracker")


_PROGRESS, _BEST = TypeAdapter(_Progress), TypeAdapter(dict[str, _Best])
_OPTIMIZER, _SCALER = TypeAdapter(_Optimizer), TypeAdapter(_Scaler)


def require_resumable(checkpoint: Checkpoint, parts: RunComponents, otherwise: str) -> None:
    """Require that a run with ``parts`` can go on from ``checkpoint``.

    Args:
        otherwise: what to do where copying the file again does not help.

    Raises:
        CheckpointError: an entry is missing, of another type or shape, not finite, or contradicts another one.
    """
    try:
        problem = next(_problems(checkpoint, parts), None)
    except (ValueError, CheckpointError) as error:
        problem = str(error)
    if problem is not None:
        raise CheckpointError(
            f"The state of the run does not fit it: {problem.removesuffix('.')}. Expected the file as pixcon-train "
            f"wrote it: copy it again, or {otherwise}."
        )


def parse_optimizer(saved: Mapping[str, Any]) -> dict[int, dict[str, Tensor]]:
    """AdamW's saved entries by the place of the weight, which is that of its group and within it.

    Raises:
        ValueError: an entry is missing or of another type.
    """
    return validated(_OPTIMIZER, saved, "optimizer").state


def optimizer_state(checkpoint: Checkpoint, parts: RunComponents) -> dict[str, Any]:
    """The optimizer's saved state; of its groups only the learning rates are the file's, as they alone change."""
    groups = parts.optimizer.state_dict()["param_groups"]
    saved = checkpoint.optimizer["param_groups"]
    return {
        "state": checkpoint.optimizer["state"],
        "param_groups": [{**group, "lr": old["lr"]} for group, old in zip(groups, saved, strict=True)],
    }


def _problems(checkpoint: Checkpoint, parts: RunComponents) -> Iterator[str]:
    yield from _of_progress(checkpoint, parts)
    yield from _of_weights("student", checkpoint.student, parts.student.state_dict())
    yield from _of_weights("ema", checkpoint.ema, parts.teacher.state_dict())
    yield from _of_optimizer(checkpoint.optimizer, parts)
    if parts.bank is not None and checkpoint.bank is not None:
        bank = {**parts.bank.state_dict(), **checkpoint.bank}
        require_bank(bank)
        yield from _of_weights("bank", {**bank, "filled": bank["filled"].long()}, parts.bank.state_dict())
    for name, rule in parts.rules.modules().items():
        saved = {**rule.state_dict(), **checkpoint.rules.get(name, {})}
        yield from _of_weights(f"rules.{name}", saved, rule.state_dict())
        yield from (f"rules.{name}.{key} is negative" for key, value in saved.items() if bool((value < 0).any()))
    if parts.accelerator.scaler is not None and checkpoint.scaler is not None:
        validated(_SCALER, checkpoint.scaler, "scaler")


def _of_progress(checkpoint: Checkpoint, parts: RunComponents) -> Iterator[str]:
    progress = validated(_PROGRESS, checkpoint.progress, "progress")
    validated(_BEST, checkpoint.best, "best")
    steps, epochs = parts.sampler.steps, parts.iterations // parts.sampler.steps
    if checkpoint.epoch > epochs or progress.step > steps or (checkpoint.epoch == epochs and progress.step):
        yield f"step {progress.step} after {checkpoint.epoch} epochs, of {epochs} epochs of {steps} steps"
    if checkpoint.iteration != checkpoint.epoch * steps + progress.step:
        yield f"iteration {checkpoint.iteration} after {checkpoint.epoch} epochs of {steps} steps and {progress.step}"
    means, count = progress.meters, len(progress.meters.names)
    window = means.window
    if window is not None and (window.shape != (count,) or window.dtype != torch.float32 or not means.window_count):
        yield f"progress.meters.window is {window.dtype} of shape {tuple(window.shape)}, for {count} names"
    if len(means.epoch) not in (0, count) or (means.epoch and not means.epoch_count):
        yield f"progress.meters.epoch has {len(means.epoch)} sums of {means.epoch_count} steps, for {count} names"
    if set(checkpoint.lists) - set(parts.data.lists):
        yield f"lists has {', '.join(sorted(checkpoint.lists)[:5])}; expected {', '.join(parts.data.lists)}"


def _of_weights(name: str, saved: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> Iterator[str]:
    """Problems of one part's tensors."""
    refuse_other_kinds({f"{name}.{key}": value for key, value in saved.items() if value.dtype != torch.bool})
    yield from (f"{name}.{problem}" for problem in misfits(saved, expected))
    refuse_non_finite({f"{name}.{key}": value for key, value in saved.items()})


def _of_optimizer(saved: Mapping[str, Any], parts: RunComponents) -> Iterator[str]:
    """Problems of AdamW's state."""
    found = validated(_OPTIMIZER, saved, "optimizer")
    groups = parts.optimizer.state_dict()["param_groups"]
    if [group.params for group in found.param_groups] != [group["params"] for group in groups]:
        yield "optimizer.param_groups has other groups of weights"
        return
    weights = [weight for group in parts.optimizer.param_groups for weight in group["params"]]
    if not set(found.state) <= set(range(len(weights))):
        yield f"optimizer.state has other weights than the {len(weights)} of the network"
        return
    for place, entries in found.state.items():
        shape = weights[place].shape
        yield from _of_moments(f"optimizer.state.{place}", entries, shape)


def _of_moments(name: str, entries: Mapping[str, Tensor], shape: torch.Size) -> Iterator[str]:
    expected = {"step": torch.Size(), **dict.fromkeys(_MOMENTS, shape)}
    found = {key: value.shape for key, value in entries.items()}
    if found != expected:
        yield f"{name} has {', '.join(f'{key} {tuple(size)}' for key, size in list(found.items())[:5]) or 'nothing'}"
        return
    for key, value in entries.items():
        if not value.is_floating_point() or not bool(value.isfinite().all()):
            yield f"{name}.{key} is of {value.dtype}, or not finite"
        elif key != "exp_avg" and bool((value < 0).any()):
            yield f"{name}.{key} is negative"
