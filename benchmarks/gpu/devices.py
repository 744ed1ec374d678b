"""One optimizer step on the CPU in fp32 against the same step on the device: losses, gradients, weights, teacher.

Anchors are drawn from the device's generator, so every labeled pixel is used as an anchor, and dropout layers are off.
The remaining difference is rounding. TF32 is off, because its ten mantissa bits are not fp32.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmarks.gpu.harness import Run, fill_bank, new_run, without_dropout
from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, at_most, holds

LIMITS = {"fp32": (1e-4, 5e-3, 0.2), "bf16": (2e-2, 0.1, 0.6), "fp16": (5e-3, 0.1, 0.6)}
"""Largest relative difference of losses and running statistics, of gradient norms, and of the weights' update.

Losses depend smoothly on rounding. Gradients do not: when a ReLU's input changes its sign, a pixel's gradient appears
or disappears. On a CPU the step in fp64 differs from that in fp32 by up to 1.2e-3 in a norm and 0.07 of the update
(AdamW's first step is almost the gradient's sign); a missing update differs by 1.
"""

_SCALE = 1024.0
"""Initial loss scale of fp16: with PyTorch's default of 65536, the only compared step may be skipped."""

_LEAST = 1e-3
"""Smallest denominator of a relative difference between gradient norms, as a fraction of the largest norm."""


class Sizes(NamedTuple):
    """Network and crop."""

    encoder: str
    crop: int
    classes: int


FULL, SMALL = Sizes("small", 112, 21), Sizes("nano", 28, 3)


class NetworkState(NamedTuple):
    """Weights and running statistics."""

    weights: dict[str, Tensor]
    buffers: dict[str, Tensor]


@dataclass(frozen=True)
class StepState:
    """Results of a step, on the CPU in float32."""

    losses: dict[str, Tensor]
    gradients: dict[str, Tensor]
    before: dict[str, Tensor]
    student: NetworkState
    teacher: NetworkState


def one_step(run: Run) -> StepState:
    """Iteration 9 of ``run``, at which the teacher's decay is 0.9."""
    scaler = run.parts.accelerator.scaler
    if scaler is not None:
        scaler.load_state_dict(scaler.state_dict() | {"scale": _SCALE})
    gradients: dict[str, Tensor] = {}

    def note(*_: Any) -> None:  # the fused AdamW divides by the loss scale itself
        scale = 1.0 if scaler is None else _SCALE
        gradients.update((name, _plain(p.grad) / scale) for name, p in named if p.grad is not None)

    named = list(run.parts.student.named_parameters())
    before = _state(run.parts.student).weights
    hook = run.parts.optimizer.optimizer.register_step_pre_hook(note)
    scalars = run.stepper.step([run.batch()], 9).scalars
    hook.remove()
    losses = {name: _plain(value) for name, value in scalars.items() if name.startswith("loss")}
    return StepState(losses, gradients, before, _state(run.parts.student), _state(run.parts.teacher))


def run(options: Options) -> Iterator[Row]:
    """Both architectures in the three precisions."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    sizes = SMALL if options.small else FULL
    for preset in ("unimatch-v2", "pixcon"):
        expected = one_step(_prepared(preset, "cpu", "fp32", sizes, options))
        for precision in LIMITS:
            if options.device == "cpu" and precision == "fp16":  # accelerate refuses it there
                continue
            found = one_step(_prepared(preset, options.device, precision, sizes, options))
            yield from compare(f"{preset}, {precision}", found, expected, LIMITS[precision])


def compare(name: str, found: StepState, expected: StepState, limits: tuple[float, float, float]) -> Iterator[Row]:
    """Rows of one step against another."""
    if not found.gradients:
        yield holds(f"{name}: a step", "was skipped", False)
        return
    losses = {key: _relative(found.losses[key], value) for key, value in expected.losses.items()}
    statistics = _distance(found.student.buffers, expected.student.buffers)
    worst_loss = max(*losses.values(), statistics)
    yield at_most(f"{name}: losses, batch norm", worst_loss, limits[0], losses=losses, statistics=statistics)
    norms = {key: float(value.norm()) for key, value in expected.gradients.items()}
    least = _LEAST * max(norms.values())
    off = {key: abs(float(found.gradients[key].norm()) - norm) / max(norm, least) for key, norm in norms.items()}
    worst = max(off, key=lambda key: off[key])
    yield at_most(f"{name}: gradient norms", off[worst], limits[1], worst=worst, norms=norms)
    moved = {
        which: _update_difference(before, after, other)
        for which, before, after, other in (
            ("student", expected.before, expected.student.weights, found.student.weights),
            ("teacher", expected.before, expected.teacher.weights, found.teacher.weights),
        )
    }
    yield at_most(f"{name}: update", max(moved.values()), limits[2], **moved)


def _prepared(preset: str, device: str, precision: str, sizes: Sizes, options: Options) -> Run:
    pixels = 2 * sizes.crop * sizes.crop // 12  # at least as many as the pixels of the feature
    values = {
        "preset": preset,
        "classes": sizes.classes,
        "model.size": sizes.encoder,
        "data.crop": sizes.crop,
        "schedule.batch": 2,
        "consistency.tau": 0.0,
        "bank.rule": "labeled",
        "bank.size": 16,
        "bank.dim": 64,
        "bank.cap": pixels,
        "bank.max_anchors": pixels * sizes.classes,
        "runtime.device": device,
        "runtime.precision": precision,
    }
    run = new_run(values, options.scratch)
    fill_bank(run.parts, 16)
    without_dropout(run.parts)
    return run


def _state(module: torch.nn.Module) -> NetworkState:
    weights = {key: _plain(value) for key, value in module.named_parameters()}
    buffers = {key: _plain(value) for key, value in module.named_buffers() if value.is_floating_point()}
    return NetworkState(weights, buffers)


def _plain(tensor: Tensor) -> Tensor:
    return tensor.detach().float().cpu().clone()


def _relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs() / expected.abs().clamp(min=1e-12))


def _distance(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """||found - expected|| / ||expected||, all entries taken as one vector."""
    return _norm({key: found[key] - value for key, value in expected.items()}) / _norm(expected)


def _update_difference(before: dict[str, Tensor], after: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """||other - after|| / ||after - before||, all weights taken as one vector."""
    update = _norm({key: value - before[key] for key, value in after.items()})
    return _norm({key: other[key] - value for key, value in after.items()}) / update


def _norm(vectors: dict[str, Tensor]) -> float:
    return sum(float(value.double().square().sum()) for value in vectors.values()) ** 0.5
