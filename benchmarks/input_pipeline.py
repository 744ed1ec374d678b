"""Time of an unlabeled item with two strong views in one loader worker, against the recipe's PIL pipeline.

Run: python -m benchmarks.input_pipeline [--crop 518] [--images FOLDER]

The images are synthetic JPEG files of 500×375 pixels unless a folder of images is given. Both pipelines read the same
files, which lie in the system's cache.
"""

import argparse
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from benchmarks.baselines import input_pipeline as baseline
from benchmarks.results import Row, add_options, report
from benchmarks.timing import alternate, ratio, spread
from pixcon_train.data.datasets import UnlabeledDataset
from pixcon_train.data.lists import Pair
from pixcon_train.data.specs import get_spec
from pixcon_train.data.transforms import Geometry

SPEEDUP = 2.5
"""Least images a second of the baseline's."""


def synthetic_images(folder: Path, count: int) -> None:
    """JPEG files of 500×375 pixels and about 90 kB, like those of Pascal VOC: noise with smooth and sharp shapes."""
    rng = np.random.default_rng(0)
    for index in range(count):
        noise = Image.fromarray(rng.integers(256, size=(375, 500, 3), dtype=np.uint8))
        smooth = Image.fromarray(rng.integers(256, size=(6, 8, 3), dtype=np.uint8)).resize((500, 375))
        image = Image.blend(smooth, noise.filter(ImageFilter.GaussianBlur(0.6)), 0.45)
        for _ in range(5):
            left, top = (int(rng.integers(edge)) for edge in (400, 300))
            image.paste(tuple(rng.integers(256, size=3).tolist()), (left, top, left + 80, top + 60))
        image.save(folder / f"{index}.jpg", quality=90)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, "input_pipeline", repeats=9)
    parser.add_argument("--images", type=Path, help="folder of images (synthetic ones)")
    parser.add_argument("--crop", type=int, default=518, help="edge of the crop in pixels (%(default)s)")
    parser.add_argument("--count", type=int, default=24, help="images a round (%(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random.seed(0)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.images or Path(temporary)
        if options.images is None:
            synthetic_images(folder, options.count)
        return measure(folder, options)


def measure(folder: Path, options: argparse.Namespace) -> int:
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))[: options.count]
    pairs = [Pair(path.name, None) for path in paths]
    data = UnlabeledDataset(get_spec("pascal"), folder, pairs, Geometry(options.crop, None), seed=0)

    def ours() -> None:
        data.epoch += 1  # other draws in each round, as in the baseline
        for index in range(len(paths)):
            data[index]

    seconds = alternate(
        {
            "baseline": lambda: [baseline.unlabeled_item(path, options.crop) for path in paths],
            "ours": ours,
            "decode": lambda: [Image.open(path).convert("RGB") for path in paths],
        },
        options.repeats,
    )
    milliseconds = {name: [1000 * value / len(paths) for value in values] for name, values in seconds.items()}
    rows = [
        Row("PIL pipeline", spread(milliseconds["baseline"]), "ms an image"),
        Row("ours", spread(milliseconds["ours"]), "ms an image"),
        Row("decoding", spread(milliseconds["decode"]), "ms an image"),
        Row(
            "PIL pipeline ÷ ours",
            ratio(milliseconds["baseline"], milliseconds["ours"]),
            target=SPEEDUP,
            better="more",
            values=seconds,
        ),
        Row("decoding ÷ ours", ratio(milliseconds["decode"], milliseconds["ours"])),
    ]
    return report(f"Input pipeline, crop {options.crop}", rows, options.out, images=len(paths))


if __name__ == "__main__":
    raise SystemExit(main())
