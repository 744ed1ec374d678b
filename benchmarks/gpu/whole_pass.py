"""A pass with all measurements and label maps compared with inference alone, on images in memory."""

import statistics
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from benchmarks.gpu.harness import synthetic_batch
from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, measured
from benchmarks.gpu.timing import clock_of, median
from pixcon_diag.data.label_maps import MapWriter
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.options import MeasureOptions, PassOptions
from pixcon_diag.passes.run import PredictedBatch, run_pass
from pixcon_train.data.specs import voc_palette
from pixcon_train.models.build import build_model


class Sizes(NamedTuple):
    """Network and list."""

    encoder: str
    classes: int
    edge: int
    images: int
    repeats: int


FULL, SMALL = Sizes("small", 21, 504, 48, 3), Sizes("nano", 3, 28, 4, 1)


def run(options: Options) -> Iterator[Row]:
    """Alternating times of both, and the ratio of each pair."""
    sizes, device = SMALL if options.small else FULL, torch.device(options.device)
    model = build_model("pixcon", sizes.encoder, sizes.classes, projection=False).eval().to(device)
    items: Any = _items(sizes)
    passing = PassOptions("pixcon", None, str(device), batch_size=4, workers=0)

    folder = options.scratch / "maps"
    for maps in ("labels", "confidence"):
        (folder / maps).mkdir(parents=True)

    def alone() -> None:
        run_pass(model, items, [], passing)

    def whole() -> None:
        collector = Collector(sizes.classes, MeasureOptions())
        labels = MapWriter(folder / "labels", tuple(voc_palette(sizes.classes)))
        confidence = MapWriter(folder / "confidence", None)

        def keep(batch: PredictedBatch) -> None:
            labels.write(batch.names, batch.prediction.to(torch.uint8).cpu().numpy())
            confidence.write(batch.names, batch.bins(MeasureOptions().edges).to(torch.uint8).cpu().numpy())

        run_pass(model, items, [collector.update, keep], passing)
        collector.snapshot()

    turns = [(clock_of(alone, device), clock_of(whole, device)) for _ in range(sizes.repeats + 1)][1:]
    first, second = (median(list(times)) for times in zip(*turns, strict=True))
    ratio = statistics.median(full / bare for bare, full in turns)
    note = f"{sizes.images} images of {sizes.edge}x{sizes.edge}"
    yield measured("inference alone", f"{first:.2f} s", seconds=first, list=note)
    yield measured("with all measurements", f"{second:.2f} s, x{ratio:.2f}", seconds=second, ratio=ratio, turns=turns)


def _items(sizes: Sizes) -> list[dict[str, Any]]:
    labeled, _ = synthetic_batch(sizes.images, sizes.edge, sizes.classes, torch.device("cpu"), seed=0, void=True)
    pairs = zip(labeled["image"], labeled["mask"], strict=True)
    return [{"image": image, "mask": mask, "name": f"image{i}.png"} for i, (image, mask) in enumerate(pairs)]
