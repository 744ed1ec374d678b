"""Large loads: 100 checkpoints in one comparison, 20,000 images, an image of 96 megapixels, a sweep of twelve runs."""

import os
import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from pixcon_cli.diag import main
from pixcon_diag.cache.measure import measure
from pixcon_train.core.void import VOID
from pixcon_train.runs.checkpoint import save_checkpoint
from pixcon_train.runs.file_names import BEST_EMA
from tests.cli.farm import own_checkpoint, write_data
from tests.faults.sweep import killed_sweep
from tests.faults.trial import Tally
from tests.pixcon_diag.passes.small import SIZES, cpu, images, listed, network
from tests.pixcon_train.data.files import Pair

CHECKPOINTS = 100
IMAGES = 20_000
MOST_A_IMAGE = 40_000
"""Bytes of memory."""
TILE, LARGE = (400, 600), (8000, 12_000)
"""Height and width of a small image, and of the one that consists of its copies."""
MOST_MEMORY = 6 * 2**30
"""Bytes of memory for the large image: its logits have 1.2 GB."""


def many_checkpoints(root: Path) -> Tally:
    """`compare` of many checkpoints, twice: the second time from the cache."""
    tally = Tally(f"{CHECKPOINTS} checkpoints in one `compare`", "a row for each, the same twice")
    data = write_data(root / "data")
    folders = [root / "runs" / f"farm-{number}" for number in range(CHECKPOINTS)]
    for number, folder in enumerate(folders):
        save_checkpoint(folder / BEST_EMA, own_checkpoint(data, number / 100))
    command = ["compare", *map(str, folders), "--json", "--workers", "0", "--device", "cpu"]
    first, second = (CliRunner().invoke(main, command) for _ in range(2))
    losses = [] if first.exit_code == second.exit_code == 0 else [f"{first.output[-1500:]} {second.output[-1500:]}"]
    losses += [] if first.stdout == second.stdout else ["the second time, the numbers are others"]
    losses += [f"no {folder.name}" for folder in folders if f'"{folder.name}"' not in first.stdout]
    tally.add(losses)
    return tally


def many_images(root: Path) -> Tally:
    """One pass over many images, which are copies of a few: the counts are those of the few, many times."""
    tally = Tally(
        f"a pass over {IMAGES:,} images", "the counts are exact, and at most 40 kB of memory per image is used"
    )
    few = images(root, SIZES)
    alone = measure(network(), few, run=cpu(batch_size=len(SIZES))).statistics.sum(0)
    pairs = [Pair(f"images/{number:05d}.png", f"masks/{number:05d}.png") for number in range(IMAGES)]
    for number, pair in enumerate(pairs):
        for kind, name in (("images", pair.image), ("masks", str(pair.mask))):
            os.link(root / kind / f"{number % len(SIZES)}.png", root / name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data, cache = listed(root, pairs, "many.txt"), root / "cache"
    run = cpu(batch_size=len(SIZES))
    first = measure(network(), data, run=run, cache=cache).statistics
    used = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    again = measure(network(), data, run=run, cache=cache).statistics
    losses = [] if np.array_equal(first.sum(0), alone * (IMAGES // len(SIZES))) else ["the counts are others"]
    losses += [] if np.array_equal(first, again) else ["from the cache, the counts are others"]
    losses += [] if used < MOST_A_IMAGE * IMAGES else [f"{used:,} bytes are used"]
    tally.add(losses)
    return tally


def large_image(root: Path) -> Tally:
    """A pass over an image that consists of copies of a small one, apart from whose edges every label is the same."""
    tally = Tally(
        f"a pass over an image of {LARGE[1]:,}×{LARGE[0]:,} pixels",
        f"labels are those of the parts, counts those of the label map, at most {MOST_MEMORY / 2**30:.0f} GiB are used",
    )
    small, copies = images(root, [TILE]), tuple(whole // part for whole, part in zip(LARGE, TILE, strict=True))
    for kind in ("images", "masks"):
        pixels = np.array(Image.open(root / kind / "0.png"))
        tiled = np.tile(pixels, (*copies, 1)[: pixels.ndim])
        Image.fromarray(tiled).save(root / kind / "large.png", compress_level=1)
    large = listed(root, [Pair("images/large.png", "masks/large.png")], "large.txt")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    part, whole = (measure(network(), data, run=cpu(), cache=root / "cache") for data in (small, large))
    used = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    labels, truth = whole.label_maps.read(0), tiled
    tiles = labels.reshape(copies[0], TILE[0], copies[1], TILE[1])[:, 2:-2, :, 2:-2]
    same = (tiles == part.label_maps.read(0)[None, 2:-2, None, 2:-2]).all()
    known = truth != VOID
    pairs = np.bincount(3 * truth[known].astype(np.int32) + labels[known], minlength=9).reshape(3, 3)
    losses = [] if same else ["labels are others"]
    found = (whole.iou.intersection, whole.iou.predicted, whole.iou.target)
    counts = (pairs.diagonal(), pairs.sum(0), pairs.sum(1))
    losses += [] if np.array_equal(found, counts) else ["the counts are others"]
    losses += [] if used < MOST_MEMORY else [f"{used:,} bytes are used"]
    tally.add(losses)
    return tally


LOADS: dict[str, Callable[[Path], Tally]] = {
    "checkpoints": many_checkpoints,
    "images": many_images,
    "large-image": large_image,
    "sweep": killed_sweep,
}
