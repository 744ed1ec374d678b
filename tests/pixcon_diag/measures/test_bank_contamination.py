"""Contamination of a class-balanced bank: by hand, against a bank that is filled, and its interval's coverage."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.clustered_images import ClassPopulation
from benchmarks.interval_coverage import bank_coverage
from pixcon_diag.measures.bank_contamination import bank_contamination, expected_entries, gradient_share
from pixcon_diag.statistics.intervals import Interval
from tests.simulations import HIGH, LOW, REPETITIONS


def counts(*images: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Images of (eligible, correct) per class, all labeled pixels being eligible."""
    pairs = np.array(images)
    return np.stack((pairs[..., 0], pairs[..., 0], pairs[..., 1]), 1)


def test_the_bank_is_weighted_by_what_each_class_fills() -> None:
    """Two batches of one image, m = 10, N = 15. Class 0: 10 of 100 and 10 of 100 enter, of which a tenth and none is
    wrong: ρ 1/20, fill 15. Class 1: 4 and 2 enter, of which 1 and 1 is wrong: ρ 2/6, fill 6. Class 2 is in no image."""
    result = bank_contamination(
        counts(((100, 90), (4, 3), (0, 0)), ((100, 100), (2, 1), (0, 0))), batch_size=1, cap=10, bank_size=15
    )
    assert result.classes[:2] == pytest.approx((1 / 20, 2 / 6)) and math.isnan(result.classes[2])
    assert result.rho_f == pytest.approx((15 / 20 + 6 * 2 / 6) / 21)
    assert result.images == 2 and result.interval.contains(result.rho_f)


def test_images_of_a_batch_share_its_cap() -> None:
    """30 and 10 pixels compete for 10 places: 7.5 and 2.5 enter, of the second image's all are wrong."""
    entries = expected_entries(counts(((30, 30),), ((10, 0),), ((4, 4),)), batch_size=2, cap=10)
    assert entries[:, 0].tolist() == [[0, 7.5], [2.5, 2.5], [0, 4]]


def test_a_single_wrong_entry_fills_the_bank_with_error() -> None:
    """One eligible pixel in all enters whole, is the only entry of its class, and is wrong."""
    result = bank_contamination(counts(((1, 0),)), batch_size=1, cap=1, bank_size=15)
    assert result.classes == (1.0,) and result.rho_f == 1.0
    assert expected_entries(counts(((1, 0),)), batch_size=1, cap=1).tolist() == [[[1.0, 1.0]]]


def test_the_level_is_that_of_the_interval() -> None:
    images = counts(*[((50, 40 + i % 5),) for i in range(20)])
    narrow, wide = (
        bank_contamination(images, batch_size=1, cap=10, bank_size=15, level=level).interval for level in (0.5, 0.95)
    )
    assert (narrow.level, wide.level) == (0.5, 0.95)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_rare_classes_count_more_than_in_rho_f() -> None:
    """ρ_F of the eligible pixels is that of the frequent class; the bank's is the mean."""
    images = counts(*[((10_000, 9_990), (300, 150 + 30 * (i % 3))) for i in range(30)])
    result = bank_contamination(images, batch_size=1, cap=64, bank_size=256)
    eligible, correct = images[:, 1].sum(), images[:, 2].sum()
    assert 1 - correct / eligible < 0.015
    assert result.rho_f == pytest.approx((0.001 + 0.4) / 2)


def test_a_rule_without_wrong_pixels_is_known_exactly() -> None:
    clean = counts(*[((50, 50), (5, 5))] * 4)
    exact = bank_contamination(clean, batch_size=1, cap=10, bank_size=15, exact=True)
    assert (exact.rho_f, exact.interval) == (0.0, Interval(0.0, 0.0, 0.95))
    assert bank_contamination(clean, batch_size=1, cap=10, bank_size=15).interval.high > 0.3


@pytest.mark.parametrize("exact", [True, False])
def test_an_empty_bank_is_undefined(exact: bool) -> None:
    for images in (counts(((0, 0), (0, 0))), np.zeros((0, 3, 2), dtype=np.int64)):
        result = bank_contamination(images, batch_size=2, cap=10, bank_size=15, exact=exact)
        assert math.isnan(result.rho_f) and math.isnan(result.interval.low) and result.images == 0


def test_the_expectation_is_that_of_banks_filled_at_random() -> None:
    """Drawing min(m, eligible) pixels of every batch gives these rates on average."""
    rng = np.random.default_rng(0)
    images = ClassPopulation().draw(rng, 12)
    entries = expected_entries(images, batch_size=4, cap=20)
    drawn = np.zeros((400, 5, 2))
    for repetition in drawn:
        for batch in np.split(images, 3):
            eligible, correct = batch[:, 1].sum(0), batch[:, 2].sum(0)
            entered = np.minimum(eligible, 20)
            repetition[:, 0] += rng.hypergeometric(eligible - correct, correct, entered)
            repetition[:, 1] += entered
    assert drawn.mean(0) == pytest.approx(entries.sum(0), abs=0.5)


def point(rho_f: float, ratio: float) -> Any:
    rates = SimpleNamespace(overall=SimpleNamespace(rho_f=rho_f, ratio=ratio))
    return SimpleNamespace(result=SimpleNamespace(eq3=rates, supcon=rates))


def test_the_share_of_the_gradient_is_interpolated_in_the_sweep() -> None:
    points = [point(0.2, 0.25), point(0.0, 0.0), point(0.5, 1.0), point(math.nan, math.nan)]
    assert gradient_share(points, "eq3", 0.2) == pytest.approx(0.2)
    assert gradient_share(points, "supcon", 0.1) == pytest.approx(0.1)
    assert gradient_share(points, "eq3", 0.35) == pytest.approx(0.35)
    assert math.isnan(gradient_share(points, "eq3", 0.6)) and math.isnan(gradient_share([], "eq3", 0.1))
    assert math.isnan(gradient_share(points, "eq3", math.nan))
    assert math.isnan(gradient_share([point(0.2, 0.25), point(0.5, 1.0)], "eq3", 0.1))


def test_the_interval_covers() -> None:
    assert bank_coverage(500, 300) == pytest.approx(0.95, abs=0.035)


@pytest.mark.slow
def test_coverage_in_full() -> None:
    """Also of few images, whose interval may be wide rather than wrong."""
    for images in (500, 1500):
        assert LOW <= bank_coverage(images, REPETITIONS) <= HIGH, images
    for images in (60, 220):
        assert LOW <= bank_coverage(images, REPETITIONS) <= 0.99, images
