"""Counts image by image, against loops over pixels."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from pixcon_diag.measures.binning import bin_of
from pixcon_diag.measures.boundary import BoundaryError, boundary_bands
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.measures.image_counts import ImageCounts
from pixcon_diag.measures.image_counts_result import ImageCountsResult
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.iou_result import IoUResult

VOID, CLASSES, TAUS = 255, 4, (0.3, 0.95)


def scene(images: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """Confidence, prediction and target of some images; one of them all void."""
    generator = torch.Generator().manual_seed(0)
    confidence = torch.rand(images, 6, 7, generator=generator)
    confidence[0, 0, :3] = torch.tensor([0.95, 0.3, 1.0])
    prediction, target = torch.randint(0, CLASSES, (2, images, 6, 7), generator=generator)
    target[torch.rand(target.shape, generator=generator) < 0.2] = VOID
    target[-1] = VOID
    return confidence, prediction, target


def counted(parts: Sequence[int] = (5,)) -> ImageCountsResult:
    metric = ImageCounts(CLASSES, void=VOID, taus=TAUS)
    for batch in zip(*(each.split(list(parts)) for each in scene()), strict=True):
        metric.update(*batch)
    return metric.compute()


def test_statistics_and_histograms_are_those_of_loops() -> None:
    result = counted()
    confidence, prediction, target = (each.numpy() for each in scene())
    for image in range(5):
        statistics = np.zeros((3, CLASSES), dtype=int)
        kept = {tau: [0, 0, 0] for tau in TAUS}
        for c, p, y in zip(confidence[image].flat, prediction[image].flat, target[image].flat, strict=True):
            if y == VOID:
                continue
            statistics[1, p] += 1
            statistics[2, y] += 1
            statistics[0, p] += p == y
            for tau in TAUS:
                retained = c >= np.float32(tau)
                kept[tau] = [kept[tau][0] + 1, kept[tau][1] + retained, kept[tau][2] + (retained and p != y)]
        assert (result.statistics[image] == statistics).all()
        for tau in TAUS:
            assert result.retained(tau)[image].tolist() == kept[tau]
    assert result.retained(0.95)[-1].tolist() == [0, 0, 0]


def test_sums_over_images_are_those_of_the_pooled_measurements() -> None:
    result, (confidence, prediction, target) = counted(), scene()
    iou, contamination = SegmentationIoU(CLASSES, VOID), Contamination(CLASSES, void=VOID, taus=TAUS)
    iou.update(prediction, target)
    contamination.update(confidence, prediction, target)
    assert IoUResult.from_counts(result.statistics.sum(0)) == iou.compute()
    assert result.edges == contamination.edges
    assert (result.histogram.sum(0) == contamination.by_truth.sum(0).numpy()).all()
    overall = contamination.compute().at(0.95).overall
    assert result.retained(0.95).sum(0).tolist() == [
        overall.pixels,
        overall.retained,
        overall.retained - overall.correct,
    ]


def test_boundary_counts_of_images_add_up_to_the_pooled_measurement() -> None:
    confidence, prediction, target = scene()
    boundary = BoundaryError(CLASSES, void=VOID, widths=(1, 2))
    boundary.update(prediction, target)
    metric = ImageCounts(CLASSES, void=VOID)
    metric.update(confidence, prediction, target, boundary_bands(target, (1, 2), void=VOID))
    assert metric.compute().boundary.shape == (5, 3, 2)
    assert metric.compute().boundary.sum(0).tolist() == boundary.counts.tolist()
    assert counted().boundary.sum(0).tolist() == boundary.counts[-1:].tolist(), "no width, no band"


@pytest.mark.parametrize("parts", [(1, 1, 1, 1, 1), (2, 3)])
def test_the_split_into_batches_does_not_matter(parts: tuple[int, ...]) -> None:
    split, whole = counted(parts), counted()
    assert (split.statistics == whole.statistics).all() and (split.histogram == whole.histogram).all()


def test_further_rows_add_to_their_images() -> None:
    whole, metric, maps = ImageCounts(CLASSES, void=VOID), ImageCounts(CLASSES, void=VOID), scene()
    whole.update(*maps)
    metric.update(*(values[:2] for values in maps))
    metric.update(*(values[2:, :4] for values in maps))
    metric.update(*(values[2:, 4:] for values in maps), continued=True)
    found, expected = metric.compute(), whole.compute()
    for name in ("statistics", "histogram", "boundary"):
        assert (getattr(found, name) == getattr(expected, name)).all()


def test_bins_that_the_caller_has_are_taken() -> None:
    confidence, prediction, target = scene()
    metric = ImageCounts(CLASSES, void=VOID, taus=TAUS)
    metric.update(torch.zeros_like(confidence), prediction, target, bins=bin_of(confidence, metric.edges))
    assert (metric.compute().histogram == counted().histogram).all()


def test_a_threshold_that_is_no_edge_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        counted().retained(0.123456)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_no_image_no_row() -> None:
    result = ImageCounts(CLASSES, void=VOID).compute()
    assert result.statistics.shape == (0, 3, CLASSES) and result.histogram.shape == (0, 2, len(result.edges))
    assert result.retained(0.95).shape == (0, 3) and result.boundary.shape == (0, 1, 2)
