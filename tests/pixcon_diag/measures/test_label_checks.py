"""Every measurement of labels refuses those that no class has, in the same words, and takes any integer type."""

from collections.abc import Callable

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
from pixcon_diag.measures.image_cells import ImageCells
from pixcon_diag.measures.image_counts import ImageCounts
from pixcon_train.core.errors import PixConError
from pixcon_train.evaluation.iou import SegmentationIoU
from pixcon_train.evaluation.label_checks import LabelMeasurement

K, VOID = 3, 255
GENERATOR = torch.Generator().manual_seed(0)
PREDICTION = torch.randint(0, K, (2, 9, 11), generator=GENERATOR)
TRUTH = torch.randint(0, K, (2, 9, 11), generator=GENERATOR)
TRUTH[:, 5] = VOID
CONFIDENCE = torch.rand(2, 9, 11, generator=GENERATOR)
FEATURES = torch.randn(2, 4, 5, 6, generator=GENERATOR)

Feed = Callable[[Tensor, Tensor, int], LabelMeasurement]


def _fed(metric: LabelMeasurement, *arguments: Tensor) -> LabelMeasurement:
    metric.update(*arguments)
    return metric


METRICS: dict[str, Feed] = {
    "iou": lambda p, t, void: _fed(SegmentationIoU(K, void), p, t),
    "image counts": lambda p, t, void: _fed(ImageCounts(K, void=void), CONFIDENCE, p, t),
    "image cells": lambda p, t, void: _fed(ImageCells(K, void=void), CONFIDENCE, p, t),
    "contamination": lambda p, t, void: _fed(Contamination(K, void=void), CONFIDENCE, p, t),
    "boundary": lambda p, t, void: _fed(BoundaryError(K, void=void), p, t),
    "boundary, nearest": lambda p, t, void: _fed(BoundaryError(K, void=void, void_mode="nearest"), p, t),
    "geometry": lambda p, t, void: _fed(Geometry(K, 4, void=void, min_pixels=1), FEATURES, t),
    "coverage": lambda p, t, void: _fed(Coverage(K, batch_size=1, void=void), t, p.long()),
}
OF_TRUTH_ALONE = ("geometry", "coverage")


def content(metric: LabelMeasurement) -> str:
    result = metric.compute()
    return str(result.to_dict() if hasattr(result, "to_dict") else result)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_masks_as_files_hold_them_count_as_int64_does(name: str, dtype: torch.dtype) -> None:
    expected = content(METRICS[name](PREDICTION, TRUTH, VOID))
    assert content(METRICS[name](PREDICTION.to(dtype), TRUTH.to(dtype), VOID)) == expected
    if dtype != torch.uint8:
        negative = torch.where(TRUTH == VOID, -1, TRUTH).to(dtype)
        assert content(METRICS[name](PREDICTION.to(dtype), negative, -1)) == expected


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize(("value", "void"), [(K, VOID), (-1, VOID), (9, VOID), (VOID, 254)])
def test_a_label_that_no_class_has_is_refused_in_the_same_words(name: str, value: int, void: int) -> None:
    """A void value that was forgotten or mistaken is the last of them: it is neither void nor a class."""
    truth = torch.where(TRUTH == VOID, value, TRUTH)
    found = rf"22 valid pixels of the ground truth hold label {value}, outside 0\.\.2 \(void is {void}\)"
    with pytest.raises(PixConError, match=found):
        METRICS[name](PREDICTION, truth, void).compute()


@pytest.mark.parametrize("name", [name for name in METRICS if name not in OF_TRUTH_ALONE])
@pytest.mark.parametrize("value", [K, -1, 10**6])
def test_so_is_such_a_prediction(name: str, value: int) -> None:
    prediction = PREDICTION.clone()
    prediction[0, 0, 0] = value
    with pytest.raises(PixConError, match=f"1 valid pixels of the prediction hold label {value}, outside"):
        METRICS[name](prediction, TRUTH, VOID).compute()


@pytest.mark.parametrize("name", METRICS)
def test_shapes_and_types_are_checked(name: str) -> None:
    with pytest.raises(ValueError, match=r"\(B, H, W\)"):
        METRICS[name](PREDICTION[0], TRUTH[0], VOID)
    with pytest.raises(ValueError, match=r"integers\) as (target|truth|labels), got torch\.float32"):
        METRICS[name](PREDICTION, TRUTH.float(), VOID)
    if name not in OF_TRUTH_ALONE:
        with pytest.raises(ValueError, match=r"integers\) as prediction, got torch\.float32"):
            METRICS[name](PREDICTION.float(), TRUTH, VOID)


def test_coverage_checks_what_is_admitted() -> None:
    with pytest.raises(PixConError, match="1 admitted pixels hold label 7, outside"):
        _fed(Coverage(K, batch_size=1), TRUTH[:1, :1, :2], torch.tensor([[[-1, 7]]])).compute()


@pytest.mark.parametrize(
    ("labels", "entered", "truth", "held", "found"),
    [
        ([0, 3, -1], [0, 1], [0, 1], [1, 1], "1 anchors hold label 3"),
        ([0, -2, 1], [0, 1], [0, 1], [1, 1], "1 anchors hold label -2"),
        ([0, 1, 1], [0, 5], [0, 1], [1, 1], "1 entries, by the class they were entered under, hold label 5"),
        ([0, 1, 1], [0, 1], [-1, 1], [1, 1], "1 entries, by their truth, hold label -1"),
        ([0, 1, -1], [0, 5], [0, -1], [1, 0], None),
    ],
)
def test_the_gradient_checks_anchors_and_what_entries_are_held(
    labels: list[int], entered: list[int], truth: list[int], held: list[int], found: str | None
) -> None:
    anchors = F.normalize(torch.randn(3, 4, generator=torch.Generator().manual_seed(1)), dim=1)
    entries = Entries(torch.eye(4)[:2], torch.tensor(entered), torch.tensor(truth), torch.tensor(held).bool())
    metric = ContaminationGradient(2)
    metric.update(anchors, torch.tensor(labels), entries)
    if found is None:
        assert metric.compute().eq3.overall.anchors == 1
    else:
        with pytest.raises(PixConError, match=found):
            metric.compute()
