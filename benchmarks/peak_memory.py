"""Peak memory of a pass: over one large image in sliding windows, and over many small images.

Run: python -m benchmarks.peak_memory [--classes 19 150] [--height 8000] [--width 12000] [--images 500 4000]

Each pass runs with every measurement and its cache, as `pixcon-diag` runs it, in a process of its own whose peak memory
is read when it ends. The network is a stub of two layers, as its own memory is that of one window and no subject here;
features have 64 channels, as those of the small networks. For many images the growth by image between two list lengths
is reported, of the pass, of a command that reads it from its cache, and of reading all statistics that it holds.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from benchmarks.results import Row, add_options, report
from benchmarks.timing import Command, run_command, spread
from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.checkpoints.wrapping import wrap_module
from pixcon_diag.data.evaluation_data import DataChoice, choose_data
from pixcon_diag.passes.options import RunChoice

CHANNELS = 64
SMALL = 64
"""Edge of the small images."""
TARGETS = {19: 2000.0, 150: 4000.0}
"""MB by number of classes."""
BY_IMAGE = 4.0
"""kB."""
WAYS = MADE, READ, READ_WHOLE = "made", "read", "read with all its statistics"
"""A pass of many images; what most commands read of it, and what a report reads."""


class Stub(nn.Module):
    """A feature of a fourteenth of the resolution and a classifier."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.feature = nn.Conv2d(3, CHANNELS, 14, 14)
        self.classifier = nn.Conv2d(CHANNELS, num_classes, 1)
        generator = torch.Generator().manual_seed(0)
        for parameter in self.parameters():
            parameter.data.copy_(0.5 * torch.randn(parameter.shape, generator=generator))

    def forward(self, images: Tensor) -> Tensor:
        """Logits at the feature's resolution."""
        logits: Tensor = self.classifier((self.feature(images) / 8).tanh())
        return logits


def write_data(folder: Path, num_classes: int, count: int, height: int, width: int) -> None:
    """``count`` images of coloured squares and masks of up to four classes each, with void between them."""
    names = ", ".join(f"c{k}" for k in range(num_classes))
    palette = ", ".join(f"[{k}, {k}, {k}]" for k in range(num_classes))
    (folder / "spec.yaml").write_text(f"classes: [{names}]\npalette: [{palette}]\nvoid: 255\n")
    random = np.random.default_rng(0)
    lines = []
    for number in range(count):
        rows, columns = -(-height // 16), -(-width // 16)
        labels = random.choice(num_classes, 4)[random.integers(0, 4, (rows, columns))].astype(np.uint8)
        labels[random.random(labels.shape) < 0.05] = 255
        colors = random.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
        for name, values in ((f"{number}.jpg", colors), (f"{number}.png", labels)):
            Image.fromarray(values).resize((width, height), Image.Resampling.NEAREST).save(folder / name)
        lines.append(f"{number}.jpg {number}.png\n")
    (folder / "val.txt").write_text("".join(lines))


def run_case(folder: Path, num_classes: int, count: int, window: int, way: str) -> None:
    """One pass over the first ``count`` images, cached in their folder; windows of ``window`` pixels, 0 for none."""
    torch.set_num_threads(1)
    feature = None if window else "feature"
    network: LoadedCheckpoint = wrap_module(Stub(num_classes), num_classes, feature=feature, multiple=14)
    data = choose_data(DataChoice(str(folder / "spec.yaml"), folder, limit=count), network)
    run = RunChoice(device="cpu", workers=0, window=window)
    measured = measure(network, data, run=run, cache=folder / f"cache-{count}")
    print(f"mIoU {measured.iou.miou('skip')}, {measured.contamination().at(0.95).overall}")
    if way == READ_WHOLE:
        cells, centroids = measured.cells, measured.centroid_rows
        print(f"{cells.counts.sum()} pixels, margin {centroids.geometry(range(num_classes), 1).margin}")


def peak(folder: Path, num_classes: int, count: int, window: int, way: str) -> Command:
    """The pass in a process of its own."""
    case = [str(folder), str(num_classes), str(count), str(window), way]
    return run_command([sys.executable, "-m", "benchmarks.peak_memory", "--case", *case])


def large_image(num_classes: int, height: int, width: int, window: int) -> Row:
    """Peak of a pass over one image."""
    with tempfile.TemporaryDirectory() as name:
        write_data(Path(name), num_classes, 1, height, width)
        command = peak(Path(name), num_classes, 1, window, MADE)
    about = {"classes": num_classes, "height": height, "width": width, "window": window, "clock": command.clock}
    what = f"{width:,}×{height:,} px, windows of {window}, K = {num_classes}"
    target = TARGETS.get(num_classes) if (height, width) == (8000, 12000) else None
    return Row(what, spread([command.memory]), "MB", target, values=about)


def many_images(num_classes: int, counts: list[int]) -> list[Row]:
    """Growth by image of a pass, and of reading it from the cache."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder, num_classes, max(counts), SMALL, SMALL)
        ways = {way: {count: peak(folder, num_classes, count, 0, way) for count in counts} for way in WAYS}
        sizes = {count: _size(folder / f"cache-{count}") for count in counts}
    few, many = min(counts), max(counts)
    rows = []
    for way, found in ways.items():
        by_image = 1000 * (found[many].memory - found[few].memory) / (many - few)
        values = {"memory": {count: command.memory for count, command in found.items()}, "classes": num_classes}
        values["clock"] = {count: command.clock for count, command in found.items()}
        what = f"an image of {SMALL}×{SMALL} px more in a pass that is {way}, K = {num_classes}"
        rows.append(Row(what, spread([by_image]), "kB", BY_IMAGE, values=values))
    stored = (sizes[many] - sizes[few]) / (many - few) / 1000
    rows.append(Row(f"statistics of such an image on disk, K = {num_classes}", spread([stored]), "kB"))
    return rows


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.npz"))


def main() -> int:
    """Print the table and save the JSON; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, "peak_memory", repeats=1)
    parser.add_argument("--classes", type=int, nargs="*", default=[19, 150], help="of the large image (%(default)s)")
    parser.add_argument("--height", type=int, default=8000, help="(%(default)s)")
    parser.add_argument("--width", type=int, default=12000, help="(%(default)s)")
    parser.add_argument("--window", type=int, default=518, help="edge in pixels (%(default)s)")
    parser.add_argument("--images", type=int, nargs="*", default=[500, 4000], help="small images (%(default)s)")
    parser.add_argument("--image-classes", type=int, default=21, help="of the small images (%(default)s)")
    parser.add_argument("--case", nargs=5, metavar=("FOLDER", "K", "COUNT", "WINDOW", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        folder, *numbers, way = options.case
        run_case(Path(folder), *map(int, numbers), way)
        return 0
    rows = [large_image(k, options.height, options.width, options.window) for k in options.classes]
    if options.images:
        rows += many_images(options.image_classes, options.images)
    return report("Peak memory of a pass", rows, options.out, channels=CHANNELS)


if __name__ == "__main__":
    sys.exit(main())
