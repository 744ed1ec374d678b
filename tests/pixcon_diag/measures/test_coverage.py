import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pixcon_diag.measures.coverage import Coverage, coverage_statistics
from pixcon_diag.measures.coverage_result import CoverageResult
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.files import to_json
from pixcon_train.method.admission import admit
from pixcon_train.method.class_bank import ClassBank
from pixcon_train.method.contrastive import select_anchors

VOID = 255


def measure(labels: Tensor, admitted: Tensor, **options: Any) -> CoverageResult:
    metric = Coverage(**{"num_classes": 3, "batch_size": 2, "cap": 3, "bank_size": 7, **options})
    metric.update(labels, admitted)
    return metric.compute()


def pixels(*counts: tuple[int, int]) -> Tensor:
    """One image with `count` pixels of class 0 and of class 1, then void, (1, 1, 12)."""
    images = [[0] * zero + [1] * one + [VOID] * (12 - zero - one) for zero, one in counts]
    return torch.tensor(images)[:, None]


def scene(seed: int, *, images: int = 11, classes: int = 4) -> tuple[Tensor, Tensor]:
    """Labels with void, and logits that favour them; class 3 is rare."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, classes, (images, 5, 6), generator=generator)
    rare = torch.rand(labels.shape, generator=generator) < 0.95
    labels = torch.where((labels == 3) & rare, VOID, labels)
    logits = torch.randn(images, classes, 5, 6, generator=generator)
    truth = torch.where(labels == VOID, 0, labels)
    return labels, logits.scatter_add(1, truth[:, None], torch.full_like(logits[:, :1], 2.0))


def test_hand_computed_table_with_caps() -> None:
    # Batches of two images, cap 3, capacity 7; everything labelled is admitted.
    labels = pixels((5, 1), (0, 1), (2, 0), (2, 1), (4, 0))
    result = measure(labels, torch.where(labels == VOID, -1, labels))
    classes = result.classes
    assert classes.images == (4, 3, 0)
    assert classes.labeled == classes.eligible == (13, 3, 0)
    # Class 0: min(3, 5), min(3, 4), min(3, 4) = 9, of which the queue keeps 7; class 1: 2 + 1 + 0.
    assert classes.admitted == (9, 3, 0)
    assert classes.fill == (7, 3, 0)
    assert classes.images_until_full == (5, None, None)  # in the last, smaller batch
    assert (result.images, result.with_entry, result.at_capacity) == (5, 2, 1)
    assert (result.median_eligible, result.min_eligible) == (3, 0)
    assert result.starved == result.absent == (2,)


def test_full_counts_whole_batches() -> None:
    labels = pixels((3, 3), (3, 3), (3, 3), (3, 3))
    result = measure(labels, torch.where(labels == VOID, -1, labels), cap=6, bank_size=6)
    assert result.classes.images_until_full == (2, 2, None)


def test_a_class_that_is_labeled_but_never_admitted_is_starved_not_absent() -> None:
    labels = pixels((2, 4))
    result = measure(labels, torch.where(labels == 1, 1, -1))
    assert result.classes.eligible == (0, 4, 0)
    assert result.classes.images == (1, 1, 0), "those with a labeled pixel, admitted or not"
    assert result.starved == (0, 2)
    assert result.absent == (2,)
    assert math.isnan(result.classes.rho_f[0])


def test_entries_under_another_label_are_contamination() -> None:
    labels = pixels((4, 4))
    admitted = torch.where(labels == 1, 1, -1)
    admitted[0, 0, :2] = 1  # two pixels of class 0 enter under 1
    result = measure(labels, admitted)
    assert result.classes.rho_f[1] == pytest.approx(2 / 6)
    clean = measure(labels, torch.where(labels == VOID, -1, labels))
    assert clean.classes.rho_f[:2] == (0, 0)


@pytest.mark.parametrize("rule", ["clean", "labeled", "confidence"])
def test_equals_what_the_training_code_does(rule: str) -> None:
    """The same rule, cap and queue as training: the real bank ends with the same fill."""
    labels, logits = scene(1)
    admitted = admit(rule, logits, labels, tau=0.6)
    generator = torch.Generator().manual_seed(0)
    bank, entered = ClassBank(4, 10, 2), torch.zeros(4, dtype=torch.long)
    full: list[int | None] = [None] * 4
    for number, batch in enumerate(admitted.split(3), start=1):
        anchors = select_anchors(batch, num_classes=4, cap=5, generator=generator)
        bank.enqueue(torch.zeros(len(anchors.labels), 2), anchors.labels)
        entered += torch.bincount(anchors.labels[anchors.labels >= 0], minlength=4)
        for k in (bank.filled == 10).nonzero().flatten().tolist():
            full[k] = full[k] or min(3 * number, 11)
    result = measure(labels, admitted, num_classes=4, batch_size=3, cap=5, bank_size=10)
    assert result.classes.fill == tuple(bank.filled.tolist())
    assert result.classes.admitted == tuple(entered.tolist())
    assert result.classes.images_until_full == tuple(full)
    assert 0 < result.at_capacity < 4  # the scene tries both
    if rule != "confidence":
        assert set(result.classes.rho_f) == {0.0}


def test_statistics_equal_a_naive_loop() -> None:
    labels, logits = scene(2)
    admitted = admit("confidence", logits, labels, tau=0.5)
    expected = np.zeros((11, 3, 4), dtype=int)
    for (i, y, x), truth in np.ndenumerate(labels.numpy()):
        entered = int(admitted[i, y, x])
        if truth != VOID:
            expected[i, 0, truth] += 1
        if entered >= 0:
            expected[i, 1, entered] += 1
            expected[i, 2, entered] += int(entered == truth)
    assert np.array_equal(coverage_statistics(labels, admitted, 4).numpy(), expected)


def test_the_network_s_batches_do_not_matter() -> None:
    labels, logits = scene(3)
    admitted = admit("clean", logits, labels, tau=0.95)
    options: dict[str, Any] = {"num_classes": 4, "batch_size": 4, "cap": 6, "bank_size": 14}
    whole, parts = Coverage(**options), Coverage(**options)
    whole.update(labels, admitted)
    for first, second in zip(labels.split(3), admitted.split(3), strict=True):
        parts.update(first, second)
    assert whole.compute() == parts.compute()


def test_a_cap_or_a_bank_without_bound_changes_nothing_else() -> None:
    labels, logits = scene(4)
    admitted = admit("labeled", logits, labels, tau=0.95)
    result = measure(labels, admitted, num_classes=4, cap=10**6, bank_size=10**6)
    assert result.classes.fill == result.classes.admitted == result.classes.eligible == result.classes.labeled
    assert result.at_capacity == 0


def test_no_image_at_all() -> None:
    result = measure(torch.zeros(0, 2, 2, dtype=torch.long), torch.zeros(0, 2, 2, dtype=torch.long))
    assert (result.images, result.with_entry) == (0, 0)
    assert result.starved == (0, 1, 2)
    assert result.classes.images_until_full == (None,) * 3
    assert '"rho_f": [\n      null' in to_json(result.to_dict())


def test_one_pixel_is_an_entry() -> None:
    labels = pixels((2, 1))
    result = measure(labels, torch.where(labels == VOID, -1, labels))
    assert (result.batch_size, result.cap, result.bank_size) == (2, 3, 7)
    assert (result.with_entry, result.starved, result.absent) == (2, (2,), (2,))
    assert result.classes.images == (1, 1, 0)


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_before_any_image() -> None:
    result = Coverage(3, batch_size=2).compute()
    assert (result.images, result.with_entry, result.cap, result.bank_size) == (0, 0, 64, 256)
    assert result.classes.labeled == (0, 0, 0) and all(type(count) is int for count in result.classes.labeled)


def test_misuse_is_named() -> None:
    with pytest.raises(ConfigError, match="cap of at least 1"):
        Coverage(num_classes=2, batch_size=1, cap=0)
    with pytest.raises(ValueError, match="one shape"):
        measure(torch.zeros(1, 2, 2), torch.zeros(1, 4, 4))
