"""Facts of a study in which every check is passed, to plant one fault at a time."""

from dataclasses import replace
from typing import Any

import numpy as np

from pixcon_diag.findings.facts import Filter, Labeled, Load, Measurements, Member, Pair, Shifts, Training
from pixcon_diag.measures.bank_contamination import BankContamination
from pixcon_diag.measures.error_budget import CATEGORIES
from pixcon_diag.measures.error_budget_result import BudgetResult, CategoryBudget, PairBudget
from pixcon_diag.measures.uncertainty import ImageNoise
from pixcon_diag.measures.verdict import Decision, Verdict
from pixcon_diag.statistics.intervals import Interval

CLASSES = ("road", "car", "pole")


def training(**changes: Any) -> Member:
    """A run of 1,000 iterations without a fault."""
    curve = {epoch: 0.5 + 0.02 * epoch for epoch in range(1, 11)}
    run = Training(
        iterations=1000,
        decay=0.95,
        warmup=50,
        tau=0.95,
        teacher=curve,
        student={epoch: miou - 0.01 for epoch, miou in curve.items()},
        retention=(0.1, 0.5, 0.6),
    )
    return Member("run", "run", training=replace(run, **changes))


def counts(valid: int, retained: int, wrong: int, images: int = 10) -> np.ndarray:
    """Equal counts of each image, with a little variation."""
    rows = np.tile([valid, retained, wrong], (images, 1))
    rows[::2, 2] = max(0, wrong - 1)
    return rows


def verdict(decision: Decision, low: float, high: float) -> Verdict:
    """On the filter at τ = 0.95."""
    return Verdict(0.95, 10, 5000, (low + high) / 2, Interval(low, high, 0.95), decision, "")


def bank(low: float, high: float) -> BankContamination:
    """The bank that the rule ``confidence`` fills; its worst class is the last one."""
    return BankContamination(20, (low + high) / 2, Interval(low, high, 0.95), (0.0, 0.1, 0.2))


def filter_(**changes: Any) -> Filter:
    """Half of the pixels retained, 4 % of them wrong, each class alike."""
    fine = Filter(
        tau=0.95,
        counts=counts(1000, 500, 21),
        macro_rho_f=0.05,
        predicted=(6000, 3000, 1000),
        retained=(3000, 1500, 500),
        taus=(0.0, 0.5, 0.8, 0.95),
        retention=(1.0, 0.9, 0.7, 0.5),
        rho_f=(0.3, 0.2, 0.1, 0.04),
        verdict=verdict("strict", 0.96, 0.99),
    )
    return replace(fine, **changes)


def budget(**gains: float) -> BudgetResult:
    """An error budget with these gains by category, in points; shares are in proportion."""
    values = {name: gains.get(name, 1.0) / 100 for name in CATEGORIES}
    total = sum(values.values())
    categories = tuple(
        CategoryBudget(name, 100, value / total, 5, value, value - 0.004, value + 0.004, value, 0.0)
        for name, value in values.items()
    )
    return BudgetResult(5, 0.6, 0.7, 10000, 500, 0.95, categories, (PairBudget(0, 1, 10, 20, 0.03),))


def measured(**changes: Any) -> Member:
    """A checkpoint of which everything is measured and fine."""
    confusion = np.array([[5800, 100, 100], [100, 2800, 100], [20, 20, 960]])
    statistics = np.stack((confusion.diagonal(), confusion.sum(0), confusion.sum(1)))
    fine = Measurements(
        classes=CLASSES,
        images=10,
        list_name="val.txt",
        statistics=np.tile(statistics // 10, (10, 1, 1)),
        trained_on=0.0,
        load=Load(0.600, 0.601, same_list=True),
        filter=filter_(),
        budget=budget(boundary=4.0),
        confusion=confusion,
        shifts=Shifts(10, {0: 0.6, -1: 0.1, 1: 0.1}),
        cosine=np.array([[1.0, 0.9, 0.2], [0.9, 1.0, 0.1], [0.2, 0.1, 1.0]]),
        labeled=Labeled(20, absent=(), rule="clean", starved=(), by_confidence=bank(0.01, 0.05)),
    )
    return Member("net", "net", measured=replace(fine, **changes))


def noise(difference: float, half: float) -> ImageNoise:
    """A difference in points with half of its interval's width."""
    low, high = difference - half, difference + half
    return ImageNoise(0.6, 0.6 + difference / 100, difference / 100, low / 100, high / 100, 0.95, 100, 0, 50, (1, 1))


def pair(**changes: Any) -> Pair:
    """A clear difference of 2 points."""
    fine = Pair(
        "none",
        "clean",
        CLASSES,
        image_noise=noise(2.0, 0.5),
        inner=noise(1.5, 0.5),
        by_class=(0.01, 0.03, 0.02),
        seeds=(0.019, 0.02, 0.021),
    )
    return replace(fine, **changes)
