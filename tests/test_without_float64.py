"""All measurements on a device without float64 give what they give on the CPU."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pixcon_diag.measures.bank_entries import Entries
from pixcon_diag.measures.boundary import BoundaryError
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.measures.coverage import Coverage
from pixcon_diag.measures.geometry import Geometry
from pixcon_diag.measures.gradient import ContaminationGradient
from pixcon_diag.measures.gradient_sweep import contamination_sweep
from pixcon_diag.measures.image_cells import ImageCells
from pixcon_diag.measures.image_centroids import ImageCentroids
from pixcon_diag.passes.bank_collector import BankCollector
from pixcon_diag.passes.collector import Collector
from pixcon_diag.passes.options import MeasureOptions
from pixcon_diag.passes.replayed_banks import ReplayOptions
from pixcon_diag.passes.run import PredictedBatch
from pixcon_train.evaluation.inference import ModelPrediction
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.measurement import Measurement
from tests.without_float64 import OnDevice, pretended

K, VOID, CHANNELS = 4, 255, 6


@pytest.fixture
def device() -> Iterator[torch.device]:
    with pretended() as device:
        yield device


def scene(seed: int = 0) -> PredictedBatch:
    """Three images on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, K, 12, 16, generator=generator)
    truth = torch.randint(0, K, (3, 12, 16), generator=generator)
    truth[:, 4:6] = VOID
    fused = torch.randn(3, CHANNELS, 6, 8, generator=generator)
    names = tuple(f"{seed} {image}.jpg" for image in range(3))
    return PredictedBatch(names, truth, ModelPrediction(*logits.softmax(1).max(1), fused, (12, 16), logits))


def moved(batch: PredictedBatch, device: torch.device) -> PredictedBatch:
    found = batch.inference
    there = {name: value.to(device) for name, value in found._asdict().items() if isinstance(value, Tensor)}
    return PredictedBatch(batch.names, batch.target.to(device), found._replace(**there))


def test_the_device_refuses_float64(device: torch.device) -> None:
    """What the others rest on: without it they could not fail."""
    there = torch.zeros(3).to(device)
    assert isinstance(there, OnDevice) and there.device == device and not isinstance(there.cpu(), OnDevice)
    for refused in (
        lambda: there.double(),
        lambda: there.new_zeros(2, dtype=torch.float64),
        lambda: torch.zeros(2, dtype=torch.float64, device=device),
        lambda: torch.zeros(2, dtype=torch.float64).to(device),
        lambda: torch.rand(2, dtype=torch.float64).to(device),
    ):
        with pytest.raises(TypeError, match="float64"):
            refused()
    with pytest.raises(AssertionError, match="two devices"):
        there + torch.zeros(3)


METRICS: dict[str, tuple[Callable[[], Measurement], Callable[[PredictedBatch], tuple[Any, ...]]]] = {
    "iou": (lambda: SegmentationIoU(K, VOID), lambda b: (b.prediction, b.target)),
    "contamination": (lambda: Contamination(K, void=VOID), lambda b: (b.confidence, b.prediction, b.target)),
    "boundary": (lambda: BoundaryError(K, void=VOID), lambda b: (b.prediction, b.target)),
    "boundary, nearest": (
        lambda: BoundaryError(K, void=VOID, void_mode="nearest", distance="euclidean"),
        lambda b: (b.prediction, b.target),
    ),
    "coverage": (lambda: Coverage(K, batch_size=2), lambda b: (b.target, b.prediction)),
    "geometry": (lambda: Geometry(K, CHANNELS, void=VOID, min_pixels=1), lambda b: (b.inference.fused, b.target)),
    "cells": (lambda: ImageCells(K, void=VOID), lambda b: (b.confidence, b.prediction, b.target)),
    "centroids": (lambda: ImageCentroids(K, void=VOID), lambda b: (b.inference.fused, b.target)),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics_count_there_what_they_count_here(name: str, device: torch.device) -> None:
    """Also when they are put aside there and gone on with, and when two of them are merged."""
    make, arguments = METRICS[name]
    here, there, after, other = make(), make().to(device), make().to(device), make().to(device)
    for seed in (0, 1):
        here.update(*arguments(scene(seed)))
    there.update(*arguments(moved(scene(0), device)))
    after.restore(there.snapshot())
    after.update(*arguments(moved(scene(1), device)))
    expected = {key: value.tolist() for key, value in here.snapshot().items()}
    assert {key: value.tolist() for key, value in after.snapshot().items()} == expected
    assert str(after.compute()) == str(here.compute())
    other.update(*arguments(moved(scene(1), device)))
    there.merge_state(other)
    if name not in ("coverage", "cells", "centroids"):  # whose images' order is that of the merge
        assert str(there.compute()) == str(here.compute())


def unit(rows: Tensor) -> Tensor:
    return F.normalize(rows, dim=1)


def collectors() -> tuple[Collector, BankCollector]:
    bank = ReplayOptions(tau=0.5, size=9, cap=4, batch_size=2)
    return Collector(K, MeasureOptions(per_class=5)), BankCollector(K, unit, bank, images=6)


def test_a_pass_and_a_replay_learn_there_what_they_learn_here(device: torch.device) -> None:
    here, there = collectors(), collectors()
    for seed in (0, 1):
        for own, batch in ((here, scene(seed)), (there, moved(scene(seed), device))):
            own[0].update(batch)
            own[1].update(batch)
    for first, second in zip(here, there, strict=True):
        one, two = first.snapshot(), second.snapshot()
        assert {key: value.tolist() for key, value in two.items()} == {key: v.tolist() for key, v in one.items()}


def gradient_scene() -> tuple[Tensor, Tensor, Entries[Tensor]]:
    generator = torch.Generator().manual_seed(3)
    vectors, anchors = (unit(torch.randn(each, 5, generator=generator)) for each in (24, 10))
    labels, held = torch.arange(24) % K, torch.arange(24) % 5 > 0
    truth = torch.where(torch.arange(24) % 3 == 0, (labels + 1) % K, labels)
    return anchors, torch.arange(10) % K, Entries(vectors, labels, truth, held)


def test_the_gradient_is_split_there_as_it_is_here(device: torch.device) -> None:
    anchors, labels, entries = gradient_scene()
    there = Entries(*(each.to(device) for each in entries))
    here, metric = ContaminationGradient(K), ContaminationGradient(K).to(device)
    here.update(anchors, labels, entries)
    metric.update(anchors.to(device), labels.to(device), there)
    assert str(metric.compute()) == str(here.compute())
    clean = entries._replace(truth=entries.labels), there._replace(truth=there.labels)
    points = [
        contamination_sweep(a, y, bank, num_classes=K, generator=torch.Generator().manual_seed(0), fractions=(0.0, 0.3))
        for a, y, bank in ((anchors, labels, clean[0]), (anchors.to(device), labels.to(device), clean[1]))
    ]
    assert [str(asdict(point)) for point in points[0]] == [str(asdict(point)) for point in points[1]]
