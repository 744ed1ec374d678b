"""One object for all metrics: each must find what it finds alone."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pixcon_diag.measures.boundary import BoundaryError
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.measures.geometry import Geometry
from pixcon_diag.measures.image_cells import ImageCells
from pixcon_diag.measures.pixel_sample import PixelSampler
from pixcon_diag.passes.cells_collector import CellsCollector
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.predictions import MeasuredPass
from pixcon_diag.passes.run import PredictedBatch
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json
from pixcon_train.data.lists import Pair
from pixcon_train.evaluation.inference import ModelPrediction
from pixcon_train.evaluation.iou import SegmentationIoU

CLASSES, CHANNELS, VOID = 3, 5, 255
OPTIONS = MeasureOptions(taus=(0.4321, 0.95), widths=(2,), distance="euclidean", per_class=7, sample_seed=3)


def batches(*, feature: bool = True) -> Iterator[PredictedBatch]:
    """Two batches; of the second one the network saw more than the image."""
    generator = torch.Generator().manual_seed(0)
    for number, (count, height, width, covered) in enumerate([(2, 12, 16, (12, 16)), (1, 11, 15, (12, 16))]):
        probabilities = (2 * torch.randn(count, CLASSES, height, width, generator=generator)).softmax(1)
        target = torch.randint(0, CLASSES, (count, height, width), generator=generator)
        target[torch.rand(target.shape, generator=generator) < 0.2] = VOID
        fused = torch.randn(count, CHANNELS, 6, 8, generator=generator)
        names = tuple(f"{number}-{index}.jpg" for index in range(count))
        inference = ModelPrediction(*probabilities.max(1), fused if feature else None, covered)
        yield PredictedBatch(names, target, inference)


def collected(**options: Any) -> Collector:
    collector = Collector(CLASSES, OPTIONS)
    for batch in batches(**options):
        collector.update(batch)
    return collector


def found(collector: Collector) -> MeasuredPass:
    """What the collector's arrays say."""
    pairs = [Pair(name, None) for batch in batches() for name in batch.names]
    data: Any = SimpleNamespace(spec=SimpleNamespace(num_classes=CLASSES), pairs=pairs)
    provenance: Any = None
    return MeasuredPass("mine", provenance, data, None, OPTIONS, collector.snapshot())


def test_every_metric_finds_what_it_finds_alone() -> None:
    measured = found(collected())
    cells = ImageCells(CLASSES, void=VOID, taus=OPTIONS.taus)
    iou, contamination = (
        SegmentationIoU(CLASSES, VOID),
        Contamination(CLASSES, void=VOID, taus=OPTIONS.taus, widths=(2,), distance="euclidean"),
    )
    boundary = BoundaryError(CLASSES, void=VOID, widths=(2,), distance="euclidean")
    geometry = Geometry(CLASSES, CHANNELS, void=VOID, min_pixels=1)
    sampler = PixelSampler(CLASSES, void=VOID, per_class=7, seed=3)
    for batch in batches():
        iou.update(batch.prediction, batch.target)
        contamination.update(batch.confidence, batch.prediction, batch.target)
        boundary.update(batch.prediction, batch.target)
        cells.update(batch.confidence, batch.prediction, batch.target)
        assert batch.inference.fused is not None
        geometry.update(batch.inference.fused, batch.target, batch.inference.covered)
        sampler.update(batch.inference.fused, batch.target, batch.names, batch.inference.covered)
    assert measured.iou == iou.compute()
    assert to_json(measured.contamination().to_dict()) == to_json(contamination.compute().to_dict())
    assert measured.counts.boundary.sum(0).tolist() == boundary.counts.tolist()
    alone = cells.compute()
    assert (measured.cells.counts != alone.counts).nnz == 0 and measured.cells.edges == alone.edges
    assert (measured.cells.confidence == alone.confidence).all()
    ours, theirs = measured.centroid_rows.geometry(range(CLASSES), 1), geometry.compute()
    assert ours.classes.pixels == theirs.classes.pixels
    assert (ours.compactness, ours.mean_inter) == pytest.approx((theirs.compactness, theirs.mean_inter), rel=1e-12)
    sample, drawn = measured.sample(), sampler.compute()
    assert sample.pixels == drawn.pixels and np.array_equal(sample.features, drawn.features)
    assert sample.counts == (7, 7, 7)


@pytest.mark.parametrize("pixels", [1, 100, 170])
def test_images_are_measured_in_strips_of_rows_as_whole(pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, cells = collected().snapshot(), CellsCollector(CLASSES, OPTIONS)
    monkeypatch.setattr("pixcon_diag.passes.run.STRIP", pixels)
    assert [len(list(batch.strips())) > 1 for batch in batches()] == [True, pixels < 11 * 15]
    found = collected().snapshot()
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    for batch in batches():
        cells.update(batch)
    assert all(np.array_equal(value, expected[name]) for name, value in cells.snapshot().items())


def test_it_can_be_put_aside_after_any_batch() -> None:
    first, second = batches()
    before, after = Collector(CLASSES, OPTIONS), Collector(CLASSES, OPTIONS)
    before.update(first)
    after.restore(before.snapshot())
    after.update(second)
    whole = collected()
    expected, resumed = whole.snapshot(), after.snapshot()
    assert expected.keys() == resumed.keys()
    assert all(np.array_equal(expected[name], resumed[name]) for name in expected)
    assert found(after).sample().pixels == found(whole).sample().pixels  # which has the images' names


def test_the_rows_of_the_images_can_be_taken_after_any_batch() -> None:
    """The sample, which is one of all images, stays."""
    collector, expected = Collector(CLASSES, OPTIONS), collected().snapshot()
    taken = []
    for batch in batches():
        collector.update(batch)
        taken.append(collector.take_rows())
    state = collector.snapshot()
    assert not state.keys() & taken[0].keys() and {*state} | {*taken[0]} == {*expected}
    rows = {name: np.concatenate([part[name] for part in taken]) for name in taken[0]}
    assert all(np.array_equal(values, expected[name]) for name, values in (state | rows).items())
    assert "sampler.keys" in state and "cells.pixels" in rows and "centroids.sums" in rows


def test_a_snapshot_is_what_arrays_can_hold() -> None:
    state = collected().snapshot()
    assert {name.partition(".")[0] for name in state} == {"images", "contamination", "cells", "centroids", "sampler"}
    assert all(value.dtype != object for value in state.values())


def test_a_missing_statistic_is_an_error() -> None:
    state = collected().snapshot()
    del state["contamination.zones"]
    with pytest.raises(KeyError, match="zones"):
        Collector(CLASSES, OPTIONS).restore(state)


def test_without_a_feature_everything_else_is_counted() -> None:
    """As with sliding windows; geometry and t-SNE say what is missing."""
    measured = found(collected(feature=False))
    assert to_json(measured.iou.to_dict()) == to_json(found(collected()).iou.to_dict())
    for ask in (lambda: measured.centroid_rows, measured.sample):
        with pytest.raises(ConfigError, match=r"3 images have no decoder feature.*--window 0"):
            ask()


def test_a_feature_of_some_images_only_is_not_taken_for_all() -> None:
    """Images smaller than a window are predicted whole, and have one."""
    collector = Collector(CLASSES, OPTIONS)
    collector.update(next(batches(feature=False)))
    collector.update(list(batches())[1])
    with pytest.raises(ConfigError, match="2 images have no decoder feature"):
        found(collector).sample()
