"""Labels that are no class, met while a metric is fed and named when it is asked."""

import pytest
import torch
from torch import Tensor

from pixcon_train.core.errors import PixConError
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.label_checks import check_maps
from pixcon_train.evaluation.strays import TRUTH

MASK = torch.tensor([[[0, 0, 1, 2], [0, 1, 1, 255], [2, 2, 255, 0]]])
PREDICTION = torch.tensor([[[0, 1, 1, 2], [0, 1, 2, 0], [2, 2, 1, 0]]])


def counted(prediction: Tensor = PREDICTION, mask: Tensor = MASK, void: int = 255) -> SegmentationIoU:
    metric = SegmentationIoU(3, void)
    metric.update(prediction, mask)
    return metric


def with_label(labels: Tensor, *values: int) -> Tensor:
    """The first row's first pixels hold other values."""
    changed = labels.clone()
    changed[0, 0, : len(values)] = torch.tensor(values)
    return changed


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_labels_of_any_integer_type_count_as_int64_does(dtype: torch.dtype) -> None:
    assert counted(PREDICTION.to(dtype), MASK.to(dtype)).compute() == counted().compute()


@pytest.mark.parametrize("void", [-1, 200, 65535])
def test_void_may_be_any_value_that_is_no_class(void: int) -> None:
    assert counted(mask=torch.where(MASK == 255, void, MASK), void=void).compute() == counted().compute()


@pytest.mark.parametrize(
    ("mask", "void", "found"),
    [
        (with_label(MASK, 3), 255, r"1 valid pixels of the ground truth hold label 3, outside 0\.\.2 \(void is 255\)"),
        (with_label(MASK, -1, -1), 255, r"2 valid pixels of the ground truth hold label -1, "),
        (MASK, 254, r"2 valid pixels of the ground truth hold label 255, outside 0\.\.2 \(void is 254\)"),
        (with_label(MASK, 9, -1, 7), 255, "3 valid pixels of the ground truth hold labels from -1 to 9, "),
    ],
    ids=["K", "-1", "another void", "several"],
)
def test_a_label_that_no_class_has_is_refused_and_named(mask: Tensor, void: int, found: str) -> None:
    with pytest.raises(PixConError, match=found + ".*Expected class indices"):
        counted(mask=mask, void=void).compute()


def test_predictions_are_checked_where_the_truth_is_valid() -> None:
    with pytest.raises(PixConError, match="2 valid pixels of the prediction hold labels from -1 to 3"):
        counted(with_label(PREDICTION, 3, -1)).compute()
    beyond = PREDICTION.clone()
    beyond[MASK == 255] = 99
    assert counted(beyond).compute() == counted().compute()


def test_what_one_batch_held_is_remembered_over_batches_and_processes() -> None:
    metric, other = counted(mask=with_label(MASK, 3)), counted(mask=with_label(MASK, -2, 5))
    metric.update(PREDICTION, MASK)
    metric.merge_state(other)
    with pytest.raises(PixConError, match="3 valid pixels of the ground truth hold labels from -2 to 5"):
        metric.compute()
    metric.reset()
    metric.update(PREDICTION, MASK)
    assert metric.compute() == counted().compute()


def test_other_pixels_are_counted_as_ever() -> None:
    """Nothing spills into another class's cell."""
    strays = counted(mask=with_label(MASK, 3, 1000), prediction=with_label(PREDICTION, 1, 1, 7))
    without = counted(mask=with_label(MASK, 255, 255, 255))
    assert torch.equal(strays.counts, without.counts)


def test_both_ways_to_find_strays_agree() -> None:
    """The short one is for the CPU, which is not waited for; it never finds what the long one does not."""
    metric = counted()
    fast = metric.classes_only(TRUTH, MASK, MASK != 255)
    metric._all_classes = lambda labels, counted: False  # type: ignore[method-assign]
    assert torch.equal(metric.classes_only(TRUTH, MASK, MASK != 255), fast)
    metric.refuse_strays()


def test_misuse_is_named() -> None:
    with pytest.raises(ValueError, match=r"prediction, target of one shape \(B, H, W\), got \(1, 3, 4\), \(1, 3, 3\)"):
        counted(mask=MASK[:, :, :3])
    with pytest.raises(ValueError, match=r"one shape \(B, H, W\), got \(3, 4\)"):
        check_maps(labels=MASK[0])
    with pytest.raises(ValueError, match=r"integers\) as prediction, got torch\.float32\. Was argmax"):
        counted(PREDICTION.float())
