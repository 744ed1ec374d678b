"""Time and peak memory of an optimizer step by size, compared with the table of docs/launching.md."""

import time
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import torch

from benchmarks.gpu.harness import TINY, Run, new_run
from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, measured, skipped
from benchmarks.gpu.timing import median, peak_of, seconds_of


class Predicted(NamedTuple):
    """A row of the table in docs/launching.md, in GB."""

    fixed: float
    image: float
    """Saved tensors in one forward pass of one image, in fp32."""
    checkpointed: float
    """The same with activation checkpointing."""


TABLE = {
    "small": Predicted(0.7, 1.36, 0.96),
    "base": Predicted(2.0, 1.83, 1.02),
    "large": Predicted(6.3, 3.35, 1.20),
}

HALF = 0.65
"""Saved tensors in bf16, as a share of those in fp32: at most 0.64 was measured on an H100."""

IMAGES = 3
"""Images in the student's forward pass for each image of the micro-batch."""


class Sizes(NamedTuple):
    """The measured cases."""

    values: dict[str, Any]
    encoders: tuple[str, ...]
    micro: tuple[int, ...]
    precisions: tuple[str, ...]
    repeats: int


FULL = Sizes({"data.crop": 518}, ("small", "base", "large"), (2, 4), ("bf16", "fp32"), 3)
SMALL = Sizes(TINY, ("nano",), (2,), ("bf16",), 1)

_MARGIN = 8.0
"""Time in seconds that another case requires."""


def run(options: Options) -> Iterator[Row]:
    """A row for each case, bf16 first."""
    sizes = SMALL if options.small else FULL
    for precision, encoder in product(sizes.precisions, sizes.encoders):
        if _late(options):
            yield skipped(f"{encoder} {precision}", "too little time is left")
            continue
        own = {"model.size": encoder, "runtime.precision": precision, "runtime.device": options.device}
        run = new_run({"schedule.batch": 2, **sizes.values, **own}, options.scratch)
        for micro, checkpointing in product(sizes.micro, (False, True)):
            name = f"{encoder} {precision} m={micro}{' ckpt' if checkpointing else ''}"
            if _late(options):
                yield skipped(name, "too little time is left")
                continue
            changes = {"schedule.batch": micro, "runtime.activation_checkpointing": checkpointing}
            yield _case(name, run.changed(changes), sizes.repeats)
        del run


def _case(name: str, run: Run, repeats: int) -> Row:
    batch = run.batch()
    try:
        times = seconds_of(lambda: run.stepper.step([batch], 0), run.device, repeats)
        peak = peak_of(lambda: run.stepper.step([batch], 0), run.device)
    except torch.OutOfMemoryError:
        run.parts.optimizer.zero_grad()
        return measured(name, "out of memory")
    finally:
        if run.device.type == "cuda":
            torch.cuda.empty_cache()
    return _row(name, run, median(times), peak)


def _row(name: str, run: Run, seconds: float, peak: int | None) -> Row:
    predicted = prediction(run)
    gigabytes = None if peak is None else peak / 1e9
    result = f"{seconds:.3f} s" + ("" if gigabytes is None else f", {gigabytes:.1f} GB")
    ratio = gigabytes / predicted if gigabytes is not None and predicted is not None else None
    values = {"seconds": seconds, "gigabytes": gigabytes, "predicted": predicted, "ratio": ratio}
    limit = "" if predicted is None else f"({predicted:.1f} GB)"
    return Row(name, result, "measured", limit, values)


def prediction(run: Run) -> float | None:
    """Estimate of docs/launching.md in GB; None for nano."""
    row = TABLE.get(run.parts.student.size)
    if row is None:
        return None
    runtime = run.config.runtime
    image = row.checkpointed if runtime.activation_checkpointing else row.image
    return row.fixed + IMAGES * run.parts.layout.micro * image * (1.0 if runtime.precision == "fp32" else HALF)


def _late(options: Options) -> bool:
    return time.time() > options.deadline - _MARGIN
