"""IoU against the reference, a naive loop, and its invariances."""

import numpy as np
import pytest
import torch

from pixcon_train.evaluation.iou import SegmentationIoU, image_statistics


@pytest.mark.reference
def test_counts_and_both_conventions_match_the_releases(golden: dict[str, np.ndarray]) -> None:
    metric = SegmentationIoU(7)
    metric.update(
        torch.from_numpy(golden["iou/pred"])[None].long(), torch.from_numpy(golden["iou/target"])[None].long()
    )
    result = metric.compute()
    assert result.intersection == golden["iou/intersection"].tolist()
    assert result.union == golden["iou/union"].tolist()
    assert 100 * result.miou("zero") == pytest.approx(float(golden["iou/miou_unimatch_v2"]), rel=1e-12)
    assert 100 * result.miou("skip") == pytest.approx(float(golden["iou/miou_pixcon"]), rel=1e-12)


def _random(seed: int, batch: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randint(4, (batch, 6, 7), generator=generator)
    truth = torch.randint(5, (batch, 6, 7), generator=generator)
    return prediction, torch.where(truth == 4, 255, truth)


def test_statistics_equal_a_naive_loop() -> None:
    prediction, truth = _random(0)
    expected = np.zeros((5, 3, 4), int)
    for image in range(5):
        for p, t in zip(prediction[image].flatten().tolist(), truth[image].flatten().tolist(), strict=True):
            if t != 255:
                expected[image, 0, t] += p == t
                expected[image, 1, p] += 1
                expected[image, 2, t] += 1
    np.testing.assert_array_equal(image_statistics(prediction, truth, truth != 255, 4), expected)


def test_batches_and_order_do_not_matter() -> None:
    prediction, truth = _random(1)
    whole, parts = SegmentationIoU(4), SegmentationIoU(4)
    whole.update(prediction, truth)
    for image in (3, 0, 4, 1, 2):
        parts.update(prediction[image : image + 1], truth[image : image + 1])
    assert whole.compute() == parts.compute()


def test_void_never_counts() -> None:
    prediction, truth = _random(2)
    metric, changed = SegmentationIoU(4), SegmentationIoU(4)
    metric.update(prediction, truth)
    changed.update(torch.where(truth == 255, 3 - prediction, prediction), truth)
    assert metric.compute() == changed.compute()


def test_nothing_seen_is_undefined() -> None:
    result = SegmentationIoU(3).compute()
    assert np.isnan(result.miou("skip"))
    assert result.miou("zero") == 0
    assert np.isnan(result.accuracy)
