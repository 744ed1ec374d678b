"""One step of UniMatch V2 against a plain statement of the published step, and its share outside forward and backward.

Run: python -m benchmarks.training_step [--crop 140 252 --batch 2 4] [--precision fp32] [--compile] [--device cuda]

The plain step is always in fp32 and eager, on the same networks with attention written out; with ``--fused`` also with
the fused kernel that the project uses, so that this ratio is that of the step alone.
"""

import argparse
import copy
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.baselines.training_step import PlainBatch, PlainRecipe, PlainStep, plain_attention
from benchmarks.gpu.harness import Run, new_run
from benchmarks.results import Row, add_options, report
from benchmarks.timing import alternate, ratio, seconds_of, spread
from pixcon_train.engine import stepper as stepping
from pixcon_train.engine.stepper import MicroBatch
from pixcon_train.method.perturbations import box_masks

TARGETS = {"eager": 0.82, "compiled": 0.75, "bf16": 0.45}
MOST_OUTSIDE = 5.0
"""Per cent of a step outside forward and backward."""


def main() -> int:
    """A few rows for each size."""
    options = parse()
    torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        for crop, batch in zip(options.crop, options.batch, strict=True):
            rows += measure(unimatch_run(options, crop, batch, Path(scratch)), options)
    title = f"One UniMatch V2 step, {options.size}, {options.classes} classes, {options.device}, {way_of(options)}"
    return report(title, rows, options.out, precision=options.precision, compile=options.compile)


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, "training_step", repeats=3)
    parser.add_argument("--device", default="cpu", help="cpu or cuda (%(default)s)")
    parser.add_argument("--size", default="small", help="encoder (%(default)s)")
    parser.add_argument("--classes", type=int, default=21)
    parser.add_argument("--crop", type=int, nargs="+", default=[140, 252], help="edges in pixels (%(default)s)")
    parser.add_argument("--batch", type=int, nargs="+", default=[2, 4], help="images for each crop (%(default)s)")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32", help="of this project's step")
    parser.add_argument("--fused", action="store_true", help="also compare with the plain step with fused attention")
    parser.add_argument("--compile", action="store_true", help="compile this project's step")
    options = parser.parse_args()
    if len(options.crop) != len(options.batch):
        parser.error("--crop and --batch need as many values")
    return options


def way_of(options: argparse.Namespace) -> str:
    """The way this project's step runs, a key of the targets."""
    return "compiled" if options.compile else "eager" if options.precision == "fp32" else "bf16"


def unimatch_run(options: argparse.Namespace, crop: int, batch: int, scratch: Path) -> Run:
    """A run of the preset with untrained networks."""
    values: dict[str, Any] = {
        "preset": "unimatch-v2",
        "classes": options.classes,
        "model.size": options.size,
        "data.crop": crop,
        "schedule.batch": batch,
        "runtime.device": options.device,
        "runtime.precision": options.precision,
        "runtime.compile": options.compile,
    }
    return new_run(values, scratch)


def measure(run: Run, options: argparse.Namespace) -> list[Row]:
    """Seconds, ratios to the plain step, and the share outside forward and backward."""
    micro = run.batch()
    plain = plain_batch(run, micro)
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: run.stepper.step([micro], 1),
        "plain": partial(plain_step(run, written_out=True).step, plain, 1),
    }
    if options.fused:
        ways["fused"] = partial(plain_step(run, written_out=False).step, plain, 1)
    seconds = alternate(ways, options.repeats, device=run.device)
    name = f"crop {run.config.data.crop}, batch {len(plain.images)}"
    target = TARGETS[way_of(options)]
    shares = list(outside(run, micro, min(options.repeats, 2)))
    rows = [
        Row(f"{name}: a step", spread(seconds["ours"]), "s"),
        Row(f"{name}: ÷ plain", ratio(seconds["ours"], seconds["plain"]), target=target, values=seconds),
        Row(f"{name}: outside", spread(shares), "%", target=MOST_OUTSIDE),
    ]
    if options.fused:
        rows.append(Row(f"{name}: ÷ plain, fused attention", ratio(seconds["ours"], seconds["fused"])))
    return rows


def plain_step(run: Run, *, written_out: bool) -> PlainStep:
    """The plain step on copies of the run's networks."""
    networks = (copy.deepcopy(run.parts.student), copy.deepcopy(run.parts.teacher))
    if written_out:
        networks = (plain_attention(networks[0]), plain_attention(networks[1]))
    optimizer, tau = run.config.optimizer, run.config.consistency.tau
    recipe = PlainRecipe(
        run.parts.iterations,
        lr=optimizer.lr,
        lr_factor=optimizer.lr_factor,
        weight_decay=optimizer.weight_decay,
        power=optimizer.power,
        tau=tau,
        ceiling=run.config.ema_decay,
    )
    return PlainStep(*networks, recipe)


def plain_batch(run: Run, micro: MicroBatch, iteration: int = 1) -> PlainBatch:
    """The batch and the random choices of the run's step at ``iteration``, on its device."""
    labeled, unlabeled = micro
    chosen = run.stepper._randomness(len(labeled["image"]), (iteration, 0))
    assert chosen.encoder_scale is not None
    first, second = (box_masks(boxes, labeled["mask"].shape[-2:]) for boxes in chosen.boxes)
    images = [item.to(run.device) for item in (labeled["image"], labeled["mask"], unlabeled["weak"])]
    strong = (unlabeled["strong1"].to(run.device), unlabeled["strong2"].to(run.device))
    return PlainBatch(*images, strong, unlabeled["ignore"].to(run.device), (first, second), chosen.encoder_scale)


def outside(run: Run, micro: MicroBatch, repeats: int) -> Iterator[float]:
    """Per cent of each of ``repeats`` steps that is neither in the forward passes and losses nor in the backward."""
    inside: list[float] = []

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def run_timed(*arguments: Any) -> Any:
            results: list[Any] = []
            inside.append(seconds_of(lambda: results.append(work(*arguments)), run.device))
            return results[0]

        return run_timed

    accelerator = run.parts.accelerator
    with (
        patch.object(stepping, "training_step", timed(stepping.training_step)),
        patch.object(accelerator, "backward", timed(accelerator.backward)),
    ):
        for _ in range(repeats):
            inside.clear()
            whole = seconds_of(lambda: run.stepper.step([micro], 1), run.device)
            yield 100 * (1 - sum(inside) / whole)


if __name__ == "__main__":
    raise SystemExit(main())
