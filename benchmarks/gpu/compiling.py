"""torch.compile in its default mode: compile time, speed-up of a step, and equality of the losses with eager mode."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

import torch

from benchmarks.gpu.harness import TINY, Run, new_run, without_dropout
from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, at_most, measured
from benchmarks.gpu.timing import clock_of, median, seconds_of

STEPS = 3

NEAR = 2e-2
"""Largest relative difference of a loss in bf16; the compiler changes the order of roundings."""


class Sizes(NamedTuple):
    """Values of the configuration, the compiler backend, and the number of timed steps."""

    values: dict[str, Any]
    backend: str
    repeats: int


FULL = Sizes({"model.size": "small", "data.crop": 518, "schedule.batch": 4}, "inductor", 5)
SMALL = Sizes(TINY, "eager", 1)


def run(options: Options) -> Iterator[Row]:
    """The same steps in eager and compiled mode."""
    sizes = SMALL if options.small else FULL
    eager, compiled = (_prepared(sizes, options, compile_it) for compile_it in (False, True))
    plain, _ = _course(eager)
    yield measured("a step, eager", f"{_step_time(eager, sizes) * 1e3:.1f} ms")
    losses, seconds = _course(compiled)
    yield measured(f"first {STEPS} steps, compiling", f"{sum(seconds):.0f} s", seconds=seconds)
    worst = max(abs(found - expected) / abs(expected) for found, expected in zip(losses, plain, strict=True))
    yield at_most("losses, compiled", worst, NEAR, compiled=losses, eager=plain)
    yield measured("a step, compiled", f"{_step_time(compiled, sizes) * 1e3:.1f} ms")


def _prepared(sizes: Sizes, options: Options, compile_it: bool) -> Run:
    values: dict[str, Any] = {
        **sizes.values,
        "consistency.tau": 0.0,
        "runtime.device": options.device,
        "runtime.precision": "bf16",
        "runtime.compile": compile_it,
    }
    with patch.object(torch, "compile", partial(torch.compile, backend=sizes.backend)):
        run = new_run(values, options.scratch)
    without_dropout(run.parts)
    return run


def _course(run: Run) -> tuple[list[float], list[float]]:
    """Supervised losses and seconds of the first steps."""
    batch, losses = run.batch(), list[float]()

    def step(iteration: int) -> None:
        losses.append(float(run.stepper.step([batch], iteration).scalars["loss_x"]))

    seconds = [clock_of(partial(step, iteration), run.device) for iteration in range(STEPS)]
    return losses, seconds


def _step_time(run: Run, sizes: Sizes) -> float:
    batch = run.batch()
    return median(seconds_of(lambda: run.stepper.step([batch], STEPS), run.device, sizes.repeats))
