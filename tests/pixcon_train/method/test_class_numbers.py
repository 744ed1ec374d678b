"""Void and class 255 in what a step counts, against plain loops: 255 is void of up to 255 classes, a class of more."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from pixcon_train.method.admission import known
from pixcon_train.method.consistency import ConsistencyRules, pseudo_labels
from pixcon_train.method.label_noise import Noise
from pixcon_train.method.step_inputs import StepBatch
from pixcon_train.method.thresholds import BINS, Threshold, confidence_counts

NUMBERS = [2, 255, 256, 300, 1000]


class Teacher:
    """Gives the same logits for any image."""

    def __init__(self, logits: Tensor) -> None:
        self.logits, self.num_classes = logits, logits.shape[1]

    def __call__(self, images: Tensor) -> Any:
        return SimpleNamespace(logits=self.logits)


def scene(classes: int) -> tuple[Tensor, Tensor, list[tuple[int, int, int, int]]]:
    """Logits (2, K, 6, 8), the target with void, and image, row, column and label of its known pixels; half are
    predicted right."""
    generator = torch.Generator().manual_seed(classes)
    target = torch.randint(classes, (2, 6, 8), generator=generator)
    target[:, 0], target[:, 1] = min(255, classes - 1), classes - 1
    logits = torch.randn(2, classes, 6, 8, generator=generator)
    logits.scatter_(1, target[:, None], 9.0 * (torch.rand(2, 1, 6, 8, generator=generator) < 0.5))
    target[:, :, :2] = 255 if classes <= 255 else 65535
    places = [(i, y, x, int(target[i, y, x])) for i in range(2) for y in range(6) for x in range(2, 8)]
    return logits, target, places


@pytest.mark.parametrize("classes", NUMBERS)
def test_wrong_pseudo_labels(classes: int) -> None:
    logits, target, places = scene(classes)
    padding = torch.zeros(target.shape, dtype=torch.bool)
    padding[:, :, 7] = True
    batch = StepBatch(*[torch.zeros(2, 3, 6, 8)] * 3, (torch.zeros(0), torch.zeros(0)), padding, target)
    found = pseudo_labels(Teacher(logits), batch, ConsistencyRules(Threshold(0.0)), None).counts  # type: ignore[arg-type]
    predicted = logits.argmax(1)
    counted = [(int(predicted[i, y, x]), label) for i, y, x, label in places if x < 7]
    assert (found["retained"], found["known"]) == (2 * 6 * 7, len(counted))
    assert 0 < found["wrong"] == sum(one != label for one, label in counted) < len(counted)


@pytest.mark.parametrize("classes", NUMBERS)
def test_counts_by_class(classes: int) -> None:
    logits, target, places = scene(classes)
    predicted = logits.argmax(1)
    pairs = Counter((label, int(predicted[i, y, x])) for i, y, x, label in places)
    confusion = Noise(classes, 0.1, "confusion").observe(logits, target).view(classes, classes)
    assert {tuple(cell): int(confusion[tuple(cell)]) for cell in confusion.nonzero().tolist()} == pairs
    found = confidence_counts(torch.full(target.shape, 0.5), predicted, target, num_classes=classes)
    assert found[:, :, BINS // 2].sum() == found.sum()
    for k in range(classes):
        of_class = {pair: pixels for pair, pixels in pairs.items() if pair[1] == k}
        wrong = sum(pixels for pair, pixels in of_class.items() if pair[0] != k)
        assert found[k, :, BINS // 2].tolist() == [wrong, sum(of_class.values())]


def test_what_is_known() -> None:
    labels = torch.tensor([0, 254, 255, 65535])
    assert known(labels, 256).tolist() == [0, 254, 255, -1]
    assert known(labels[:3], 255).tolist() == [0, 254, -1]
