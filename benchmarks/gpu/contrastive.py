"""Time of one step's contrastive branch, compared with the matrix products that it needs at least."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import torch

from benchmarks.contrastive import bare_products, build_case, run_iteration
from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, measured
from benchmarks.gpu.timing import median, seconds_of


class Sizes(NamedTuple):
    """The setting of the released branch's published figures, or a small one."""

    classes: tuple[int, ...]
    batch: int
    dim: int
    edge: int
    repeats: int


FULL, SMALL = Sizes((21, 150), 4, 256, 148, 20), Sizes((3,), 2, 16, 12, 2)


def run(options: Options) -> Iterator[Row]:
    """A row for each number of classes."""
    sizes, device = SMALL if options.small else FULL, torch.device(options.device)
    for classes in sizes.classes:
        case = build_case(classes, batch=sizes.batch, dim=sizes.dim, edge=sizes.edge, device=device)
        branch = median(seconds_of(partial(run_iteration, case), device, sizes.repeats))
        products = median(seconds_of(bare_products(case), device, sizes.repeats))
        result = f"{branch * 1e3:.2f} ms, x{branch / products:.1f}"
        yield measured(f"K={classes}: branch, of products", result, branch=branch, products=products)
