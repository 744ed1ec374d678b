"""Cost against numbers of classes, pixels and images, with fitted exponents, in one figure.

Run: python -m benchmarks.scaling [--images 100 400 1600] [--repeats 3] [--figure scaling.png]

The pass makes all measurements of random images with a nano network with random weights; images are held in memory.
An exponent is the slope of a line through the logarithms: 1 means that the cost is proportional.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from benchmarks import contrastive
from benchmarks.gpu.harness import enliven, synthetic_batch
from benchmarks.results import Row, add_options, report
from benchmarks.timing import alternate, spread
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.options import MeasureOptions, PassOptions
from pixcon_diag.passes.run import run_pass
from pixcon_train.models.build import build_model

CLASSES = (21, 150, 1000)
EDGES = (112, 224, 448, 896)
SMALL = 56
"""Edge of the images where their number varies."""

Points = Mapping[int, list[float]]
"""Seconds of each round by the number of classes, pixels or images."""


def branch_by_classes(repeats: int) -> Points:
    """The contrastive branch at B = 4, D = 256, 148×148."""
    cases = {
        classes: contrastive.build_case(classes, batch=4, dim=256, edge=148, device=torch.device("cpu"))
        for classes in CLASSES
    }
    return _timed({classes: partial(contrastive.run_iteration, case) for classes, case in cases.items()}, repeats)


def pass_by_classes(repeats: int) -> Points:
    """One image of 448×448."""
    return _timed({classes: one_pass(classes, 448, 1) for classes in CLASSES}, repeats)


def pass_by_area(repeats: int) -> Points:
    """One square image, 21 classes."""
    return _timed({edge * edge: one_pass(21, edge, 1) for edge in EDGES}, repeats)


def pass_by_images(repeats: int, counts: Sequence[int]) -> Points:
    """Images of 56×56, 21 classes."""
    return _timed({count: one_pass(21, SMALL, count) for count in counts}, repeats)


def one_pass(classes: int, edge: int, count: int) -> Callable[[], object]:
    """A pass with all measurements over ``count`` images."""
    torch.manual_seed(0)
    model = enliven(build_model("pixcon", "nano", classes, projection=False)).eval()
    batch, _ = synthetic_batch(1, edge, classes, torch.device("cpu"), seed=0, void=True)
    items: Any = [{"image": batch["image"][0], "mask": batch["mask"][0], "name": f"{i}.png"} for i in range(count)]
    passing = PassOptions("pixcon", None, "cpu", batch_size=1, workers=0)

    def work() -> None:
        collector = Collector(classes, MeasureOptions())
        run_pass(model, items, [collector.update], passing)
        collector.snapshot()

    return work


def exponent(points: Points) -> float:
    """Slope of log(median seconds) by log(number)."""
    sizes, seconds = zip(*((math.log(at), math.log(spread(found).median)) for at, found in points.items()), strict=True)
    return float(np.polyfit(sizes, seconds, 1)[0])


def rows_of(name: str, points: Points) -> Iterator[Row]:
    """Seconds at each number, then the exponent."""
    for at, seconds in points.items():
        yield Row(f"{name} {at:,}", spread(seconds), "s", values={"at": at, "seconds": seconds})
    slope = exponent(points)
    yield Row(f"{name}: exponent", spread([slope]), "", values={"exponent": slope})


def draw(curves: Mapping[str, Points], path: Path) -> None:
    """One panel for each curve, both axes logarithmic."""
    figure, panels = plt.subplots(1, len(curves), figsize=(3.2 * len(curves), 3), layout="constrained")
    for panel, (name, points) in zip(panels, curves.items(), strict=True):
        medians = [spread(seconds).median for seconds in points.values()]
        panel.loglog(list(points), medians, marker="o")
        panel.set_xticks(list(points), [f"{at:,}" for at in points], rotation=30)
        panel.set_yticks(medians, [f"{median:.2g}" for median in medians])
        panel.minorticks_off()
        what, _, by = name.partition(", ")
        panel.set(title=f"{what}: exponent {exponent(points):.2f}", xlabel=by, ylabel="processor seconds")
        panel.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[100, 400, 1600], help="numbers of images")
    parser.add_argument("--figure", type=Path, help="the figure's path; by default beside the JSON")
    add_options(parser, "scaling", repeats=3)
    return parser.parse_args()


def main() -> int:
    """Measure, print, save and draw."""
    options = parse()
    torch.set_num_threads(options.threads)
    curves = {
        "contrastive branch, classes": branch_by_classes(options.repeats),
        "pass, classes": pass_by_classes(options.repeats),
        "pass, pixels": pass_by_area(options.repeats),
        "pass, images": pass_by_images(options.repeats, options.images),
    }
    rows = [row for name, points in curves.items() for row in rows_of(name, points)]
    failed = report("Cost against size", rows, options.out, threads=options.threads)
    path = options.figure or options.out.with_suffix(".png")
    draw(curves, path)
    print(f"Saved {path}")
    return failed


def _timed(ways: Mapping[int, Callable[[], object]], repeats: int) -> Points:
    found = alternate({str(at): work for at, work in ways.items()}, repeats)
    return {int(at): seconds for at, seconds in found.items()}


if __name__ == "__main__":
    raise SystemExit(main())
