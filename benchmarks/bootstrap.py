"""Time and memory of the paired bootstrap of a difference in mIoU, against a plain loop over draws.

Run: python -m benchmarks.bootstrap [--draws 10000] [--loops 100] [--repeats 5]

Two checkpoints on the same images: 1,449 images of 21 classes, three in each, as in Pascal VOC, and 2,000 of 150
classes, nine in each, as in ADE20K. In the dense case, the most expensive one, large images hold every class. The loop
makes fewer draws, and its seconds are scaled to all of them.
"""

import argparse
import tracemalloc
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from benchmarks.baselines import bootstrap as plain
from benchmarks.results import Row, add_options, report
from benchmarks.timing import Spread, alternate, ratio, spread
from pixcon_diag.measures.uncertainty import paired_bootstrap, pooled_miou


@dataclass(frozen=True)
class Case:
    """Some images; the targets are seconds."""

    name: str
    images: int
    classes: int
    present: int
    """Classes in each image."""
    pixels: int
    """Of each image."""
    target: float | None = None


CASES = (
    Case("1,449 × 21", 1449, 21, 3, 180_000, 0.6),
    Case("2,000 × 150", 2000, 150, 9, 350_000, 1.0),
    Case("2,000 × 150, dense", 2000, 150, 150, 4_000_000),
)
MEMORY = 1024.0
"""Target in MiB."""


def counts_of(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Two checkpoints' hits, predicted and true pixels (I, 3, K) on the same images; some classes are frequent."""
    rng = np.random.default_rng(0)
    frequency = np.arange(1, case.classes + 1) ** -0.7
    first, second = np.zeros((2, case.images, 3, case.classes), dtype=np.int64)
    for index in range(case.images):
        chosen = rng.choice(case.classes, case.present, replace=False, p=frequency / frequency.sum())
        target = rng.multinomial(case.pixels, rng.dirichlet(np.ones(case.present)))
        for checkpoint in (first, second):
            hit = rng.binomial(target, 0.8)
            checkpoint[index][:, chosen] = hit, hit + rng.permutation(target - hit), target
    return first, second


def memory_of(case: Case, first: np.ndarray, second: np.ndarray, draws: int) -> float:
    """Peak of what the bootstrap allocates, in MiB."""
    tracemalloc.start()
    paired_bootstrap([first], [second], pooled_miou, rng=np.random.default_rng(0), draws=draws)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def rows_of(case: Case, draws: int, loops: int, repeats: int) -> list[Row]:
    """Seconds, the loop's seconds by comparison, and memory."""
    first, second = counts_of(case)
    rng = np.random.default_rng(0)
    ours = partial(paired_bootstrap, [first], [second], pooled_miou, rng=rng, draws=draws)
    seconds = alternate({"ours": ours, "loop": partial(plain.differences, first, second, loops, rng)}, repeats)
    scaled = [taken * draws / loops for taken in seconds["loop"]]
    peak = memory_of(case, first, second, draws)
    return [
        Row(case.name, spread(seconds["ours"]), "s", target=case.target, values={"seconds": seconds}),
        Row(f"{case.name}: loop ÷ ours", ratio(scaled, seconds["ours"]), values={"loop_draws": loops}),
        Row(f"{case.name}: memory", Spread(peak, peak, peak), "MiB", target=MEMORY),
    ]


def main() -> int:
    """Rows for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--loops", type=int, default=100, help="draws of the plain loop (%(default)s)")
    add_options(parser, "bootstrap", repeats=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = [row for case in CASES for row in rows_of(case, options.draws, options.loops, options.repeats)]
    title = f"Paired bootstrap, {options.draws:,} draws; the loop is scaled from {options.loops}"
    return report(title, rows, options.out, draws=options.draws)


if __name__ == "__main__":
    raise SystemExit(main())
