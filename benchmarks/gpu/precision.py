"""20 steps on two fixed batches in each precision: finite and decreasing losses near fp32's, few skipped steps."""

import math
import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.gpu.harness import TINY, new_run, without_dropout
from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, at_most, holds, skipped
from benchmarks.gpu.timing import median, seconds_of

STEPS = 20

NEAR = 0.05
"""Largest mean relative difference of the supervised loss from fp32's."""

MOST_SKIPPED = 5
"""Of 20: loss scaling begins at 65536 and halves with every skipped step."""

CASES: dict[str, dict[str, Any]] = {
    "fp32": {},
    "bf16": {"runtime.precision": "bf16"},
    "fp16": {"runtime.precision": "fp16"},
    "fp32 channels_last": {"runtime.channels_last": True},
    "bf16 channels_last": {"runtime.precision": "bf16", "runtime.channels_last": True},
}


class Sizes(NamedTuple):
    """Values of the configuration, and the number of timed steps."""

    values: dict[str, Any]
    repeats: int


FULL = Sizes({"model.size": "small", "data.crop": 224, "schedule.batch": 4, "optimizer.lr": 1e-5}, 5)
SMALL = Sizes({**TINY, "optimizer.lr": 5e-5}, 1)


class Course(NamedTuple):
    """Results of 20 steps."""

    losses: list[float]
    """Supervised loss of each step."""
    finite: bool
    """All losses of all steps."""
    skipped: int
    seconds: float
    """Median of a step, after the 20."""


def run(options: Options) -> Iterator[Row]:
    """Rows of each case, compared with the losses in fp32."""
    reference: list[float] = []
    for name, values in CASES.items():
        if options.device == "cpu" and values.get("runtime.precision") == "fp16":
            yield skipped(name, "needs CUDA: fp16 with loss scaling is refused on a CPU")
            continue
        course = follow(values, options)
        reference = reference or course.losses
        yield from judge(name, course, reference)


def follow(values: dict[str, Any], options: Options) -> Course:
    """Run the steps, then time a few more."""
    sizes = SMALL if options.small else FULL
    common = {"consistency.threshold.rule": "quantile", "runtime.device": options.device}
    run = new_run({**sizes.values, **common, **values}, options.scratch)
    without_dropout(run.parts)
    batches = [run.batch(seed) for seed in range(2)]
    losses, finite, skipped_steps = [], True, 0
    scaler = run.parts.accelerator.scaler
    for iteration in range(STEPS):
        scale = 1.0 if scaler is None else scaler.get_scale()
        scalars = run.stepper.step([batches[iteration % 2]], iteration).scalars
        losses.append(float(scalars["loss_x"]))
        finite = finite and all(math.isfinite(float(value)) for value in scalars.values())
        # The fused optimizer skips a step in its kernel, so accelerate does not notice it; the scale shows it.
        skipped_steps += scaler is not None and scaler.get_scale() < scale
    times = seconds_of(lambda: run.stepper.step(batches[:1], STEPS), run.device, sizes.repeats)
    return Course(losses, finite, skipped_steps, median(times))


def judge(name: str, course: Course, reference: list[float]) -> Iterator[Row]:
    """Rows of one case."""
    first, last = statistics.mean(course.losses[:4]), statistics.mean(course.losses[-4:])
    sound = course.finite and last < first
    result = f"{first:.3f} to {last:.3f}"
    yield holds(f"{name}: finite, going down", result, sound, losses=course.losses, seconds=course.seconds)
    if name != "fp32":
        pairs = zip(course.losses, reference, strict=True)
        near = statistics.mean(abs(found - expected) / expected for found, expected in pairs)
        yield at_most(f"{name}: against fp32", near, NEAR)
    if name.startswith("fp16"):
        yield at_most(f"{name}: skipped steps of {STEPS}", course.skipped, MOST_SKIPPED)
