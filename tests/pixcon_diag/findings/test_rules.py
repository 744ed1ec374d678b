"""Each rule finds a planted fault and lets a near miss pass."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pixcon_diag.findings.facts import Facts, Labeled, Load, Member, Method, Shifts
from pixcon_diag.findings.finding import Finding, Fine
from pixcon_diag.findings.rules import RULES
from pixcon_diag.findings.training import averaging_window
from tests.pixcon_diag.findings.facts import bank, budget, counts, filter_, measured, noise, pair, training, verdict

BY_NAME = {rule.name: rule for rule in RULES}


def statistics(predicted: int) -> np.ndarray:
    """100 pixels of the last class in each image, of which so many in 100 images are predicted."""
    rows = np.tile([[50, 50, 0], [100, 100, 0], [100, 100, 100]], (100, 1, 1))
    rows[:predicted, 1, 2] = 1
    return rows


def confused(rate: float) -> np.ndarray:
    wrong = int(1000 * rate)
    return np.array([[1000 - wrong, wrong, 0], [2 * wrong, 1000 - 2 * wrong, 0], [0, 0, 1000]])


PEAK = {epoch: 0.5 if epoch < 5 else 0.6 - 0.005 * (epoch - 5) for epoch in range(1, 13)}
"""Best after epoch 5 of 12; the last five are 2.5 points below."""
FLAT = {epoch: 0.5 if epoch < 5 else 0.6 - 0.001 * (epoch - 5) for epoch in range(1, 13)}
LATE = {epoch: 0.5 if epoch < 7 else 0.6 - 0.01 * (epoch - 7) for epoch in range(1, 13)}

CASES: list[tuple[str, Any, Any, tuple[str, ...]]] = [
    ("trained-on", measured(trained_on=0.02), measured(trained_on=0.01), ("2 %", "10 images")),
    (
        "shifted-labels",
        measured(shifts=Shifts(20, {0: 0.1, -1: 0.21, 1: 0.05})),
        measured(shifts=Shifts(20, {0: 0.1, -1: 0.19, 1: 0.05})),
        ("one too high", "10.0 %", "21.0 % with -1", "20 images"),
    ),
    (
        "far-from-stated",
        measured(load=Load(0.6, 0.5968, same_list=True, fitting="corrmatch")),
        measured(load=Load(0.6, 0.5972, same_list=True)),
        ("59.68 %", "0.32 points below", "60.00 %", "--recipe corrmatch"),
    ),
    ("long-warmup", training(warmup=201), training(warmup=200), ("201 iterations", "1,000")),
    ("long-warmup", training(warmup=1000), training(warmup=199), ("never reaches its peak",)),
    (
        "slow-teacher",
        training(decay=0.996, retention=(0.0, 0.01)),
        training(decay=0.95, retention=(0.0, 0.0)),
        ("250 of the run's 1,000 iterations", "25 %", "0.996", "1.0 % of the unlabeled pixels"),
    ),
    (
        "slow-teacher",
        training(decay=0.9, teacher={10: 0.5}, student={10: 0.6}, iterations=100),
        training(decay=0.9, teacher={10: 0.5}, student={10: 0.54}, iterations=100),
        ("10 of the run's 100", "10.0 points of mIoU below"),
    ),
    ("slow-teacher", training(decay=0.9951), training(decay=0.995), ("204 of the run's 1,000",)),
    (
        "teacher-below-student",
        training(teacher={10: 0.5}, student={10: 0.551}),
        training(teacher={10: 0.5}, student={10: 0.549}),
        ("5.1 points", "50.0 %", "55.1 %"),
    ),
    ("nothing-retained", training(retention=(0.5, 0.01)), training(retention=(0.0, 0.011)), ("1.0 %", "τ = 0.95")),
    (
        "nothing-retained",
        measured(filter=filter_(counts=counts(1000, 10, 1))),
        measured(filter=filter_(counts=counts(1000, 11, 1))),
        ("1.0 % of the pixels measured", "95 %:", "τ = 0.95 would retain 50 % of the pixels, 4.0 % of them wrong"),
    ),
    ("early-best", training(teacher=PEAK), training(teacher=FLAT), ("epoch 5 of 12", "60.0 %", "2.5 points lower")),
    ("early-best", training(teacher={}, student=PEAK), training(teacher=LATE), ("epoch 5 of 12",)),
    (
        "absent-from-labeled",
        measured(labeled=Labeled(20, absent=(2,), rule="clean", starved=(2,))),
        measured(labeled=Labeled(20, absent=(), rule="clean", starved=(2,))),
        ("pole", "20 images"),
    ),
    (
        "absent-from-bank",
        measured(labeled=Labeled(20, absent=(), rule="clean", starved=(1, 2))),
        measured(labeled=Labeled(20, absent=(2,), rule="clean", starved=(2,))),
        ("car and pole", "`clean`"),
    ),
    (
        "dirty-bank",
        measured(labeled=Labeled(20, (), "confidence", (), bank(0.051, 0.149))),
        measured(labeled=Labeled(20, (), "confidence", (), bank(0.05, 0.15))),
        ("holds 10.0 % wrong entries (95 %: 5.10 to 14.90)", "pole (20.0 %)"),
    ),
    ("never-predicted", measured(statistics=statistics(10)), measured(statistics=statistics(11)), ("pole", "33.3 of")),
    (
        "never-retained",
        measured(filter=filter_(retained=(3000, 1500, 1))),
        measured(filter=filter_(retained=(3000, 1500, 2))),
        ("pole", "τ = 0.95", "10.0 % of its predictions"),
    ),
    (
        "filter-verdict",
        measured(filter=filter_(verdict=verdict("floor", 0.9, 0.94))),
        measured(filter=filter_(verdict=verdict("strict", 0.95, 0.97))),
        ("92.00 %", "(95 %: 90.00 to 94.00)", "adaptive floor"),
    ),
    (
        "filter-verdict",
        measured(filter=filter_(verdict=verdict("undecided", 0.94, 0.96))),
        measured(),
        ("undecided, as the interval contains τ = 0.95", "more images"),
    ),
    (
        "hidden-macro",
        measured(filter=filter_(macro_rho_f=0.083)),
        measured(filter=filter_(macro_rho_f=0.081)),
        ("4.1 %", "8.3 %", "60 % of the retained pixels are road", "95 %:"),
    ),
    (
        "confused-pair",
        measured(confusion=confused(0.05)),
        measured(confusion=confused(0.049)),
        ("5.0 % of road", "10.0 % the other way", "cosine 0.90", "+3.00 mIoU"),
    ),
    (
        "confused-pair",
        measured(confusion=confused(0.1)),
        measured(confusion=confused(0.1), cosine=np.array([[1, 0.5, 0.3], [0.5, 1, 0.3], [0.3, 0.3, 1]])),
        ("close",),
    ),
    (
        "region-errors",
        measured(budget=budget(boundary=2.0, missed=2.5)),
        measured(budget=budget(boundary=2.6, missed=2.5)),
        ("whole regions are missed", "+2.50 mIoU (95 %: 2.10 to 2.90)", "+2.00"),
    ),
    (
        "boundary-errors",
        measured(budget=budget(boundary=4.0)),
        measured(budget=budget(boundary=3.9)),
        ("50 %", "at most 5 pixels", "+4.00 mIoU (95 %: 3.60 to 4.40)"),
    ),
    (
        "image-noise",
        pair(image_noise=noise(0.5, 0.51)),
        pair(image_noise=noise(0.5, 0.49)),
        ("+0.50 mIoU (95 %: −0.01 to 1.01)", "50 images"),
    ),
    # With two seeds t = 12.7: the interval is ±12.7 · sd / √2.
    (
        "seed-noise",
        pair(seeds=(0.01, 0.012)),
        pair(seeds=(0.01, 0.0115)),
        ("+1.10 mIoU (95 %: −0.17 to 2.37)", "2 seeds"),
    ),
    (
        "one-class",
        pair(by_class=(0.0, 0.01, 0.04)),
        pair(by_class=(0.0, 0.011, 0.04)),
        ("pole", "+4.00", "+0.50", "+1.67"),
    ),
    ("boundary-ranking", pair(inner=noise(-0.1, 0.2)), pair(inner=noise(0.1, 0.2)), ("+2.00", "−0.10")),
    ("few-seeds", Method("none", 2, compared=True), Method("none", 3, compared=True), ("2 seeds",)),
]


@pytest.mark.parametrize(("name", "planted", "near", "words"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_a_planted_fault_is_found_and_a_near_miss_is_not(
    name: str, planted: Any, near: Any, words: tuple[str, ...]
) -> None:
    found = BY_NAME[name].judge(planted)
    assert isinstance(found, Finding), found
    told = f"{found.sentence} {found.remedy}"
    assert [word for word in words if word not in told] == [], told
    assert found.size > 0 and found.evidence
    assert not re.search(r"\bnan\b", told)
    for sentence in (found.sentence, found.remedy):
        assert sentence[0].isupper() or sentence.startswith(("net", "run", "none", "50 %", "2 %", "92", "95")), sentence
        assert sentence.endswith("."), sentence
    assert isinstance(BY_NAME[name].judge(near), Fine)


def test_every_rule_has_a_case() -> None:
    assert [rule.name for rule in RULES if rule.name not in {case[0] for case in CASES}] == []
    assert len(BY_NAME) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_passes_what_is_fine_and_says_nothing_of_what_is_unknown(rule: Any) -> None:
    fine = {
        "members": [training(), measured()],
        "pairs": [pair()],
        "methods": [Method("none", 3, compared=True)],
    }
    facts = Facts(tuple(fine["members"]), tuple(fine["pairs"]), tuple(fine["methods"]))
    outcomes = [rule.judge(subject) for subject in rule.subjects(facts)]
    # Boundaries are half of the errors of the faultless network, as a category has to be the largest.
    assert all(not isinstance(outcome, Finding) for outcome in outcomes) or rule.name == "boundary-errors"
    assert any(isinstance(outcome, Fine) for outcome in outcomes) or rule.name == "boundary-errors"
    unknown = Facts((Member("log", "log"),), (replace(pair(), image_noise=None, inner=None, by_class=(), seeds=()),))
    assert [rule.judge(subject) for subject in rule.subjects(unknown)] == [None] * len([*rule.subjects(unknown)])


def test_a_difference_of_few_images_is_no_difference() -> None:
    few = BY_NAME["image-noise"].judge(pair(image_noise=replace(noise(2.0, 0.5), images=19)))
    assert isinstance(few, Finding) and "is of 19 images, too few for its interval to hold: at least 20" in few.sentence
    assert isinstance(BY_NAME["image-noise"].judge(pair(image_noise=replace(noise(2.0, 0.5), images=20))), Fine)


def test_an_identical_method_is_said_to_be_one() -> None:
    same = BY_NAME["image-noise"].judge(pair(image_noise=noise(0.0, 0.0)))
    assert isinstance(same, Finding) and "both predict the same" in same.sentence


def test_causes_stand_before_their_symptoms() -> None:
    places = {rule.name: place for place, rule in enumerate(RULES)}
    for rule in RULES:
        assert all(places[cause] < places[rule.name] for cause in rule.causes), rule.name


def test_that_nothing_is_retained_is_no_finding_on_each_class() -> None:
    assert BY_NAME["never-retained"].judge(measured(filter=filter_(retained=(100, 0, 0)))) is None
    assert isinstance(BY_NAME["never-retained"].judge(measured(filter=filter_(retained=(101, 0, 0)))), Finding)


def test_a_method_that_is_compared_with_none_needs_no_seeds() -> None:
    assert BY_NAME["few-seeds"].judge(Method("none", 1, compared=False)) is None


@pytest.mark.parametrize(("iterations", "window"), [(100, 100), (250, 250), (251, 250), (10_000, 250)])
def test_the_window_holds_the_weight_of_the_average(iterations: int, window: float) -> None:
    """Against the weights that γ_i = min(1 − 1/(i + 1), γ) gives to each iteration."""
    assert averaging_window(0.996, iterations) == pytest.approx(window)
    weights = np.zeros(iterations)
    for i in range(iterations):
        decay = min(1 - 1 / (i + 1), 0.996)
        weights *= decay
        weights[i] = 1 - decay
    assert weights.sum() == pytest.approx(1)
    # The share that the last `window` iterations hold: all of a plain mean, 1 − 1/e of an exponential one.
    held = weights[-round(window) :].sum()
    assert held == pytest.approx(1) if iterations <= 250 else 0.6 < held <= 1


@pytest.mark.parametrize(
    ("iterations", "decay"), [(384, "0.948"), (100_000, "0.9998"), (1_000_000, "0.99998"), (10, "0")]
)
def test_the_remedy_of_a_slow_teacher_is_a_smaller_decay(iterations: int, decay: str) -> None:
    """1, as three digits would give for long runs, is no average at all."""
    found = BY_NAME["slow-teacher"].judge(training(decay=1 - 1e-7, iterations=iterations))
    assert f"Set ema_decay to {decay} or lower" in found.remedy  # type: ignore[union-attr]


def test_images_without_a_valid_pixel_show_no_shift() -> None:
    nan = float("nan")
    assert BY_NAME["shifted-labels"].judge(measured(shifts=Shifts(1, {0: nan, -1: nan, 1: nan}))) is None


def test_never_is_said_of_classes_without_a_pixel_alone() -> None:
    never, hardly = (BY_NAME["never-predicted"].judge(measured(statistics=statistics(n))) for n in (0, 10))
    assert "net never predicts pole" in never.sentence and "net hardly ever predicts pole" in hardly.sentence  # type: ignore[union-attr]
    none, few = (BY_NAME["never-retained"].judge(measured(filter=filter_(retained=(3000, 1500, n)))) for n in (0, 1))
    assert none.sentence.startswith("No pixel") and few.sentence.startswith("Hardly any pixel")  # type: ignore[union-attr]


def test_a_class_that_is_only_predicted_is_part_of_the_mean() -> None:
    """Of four classes in the mean, one is lost: 25 points, although only three are in the targets."""
    rows = np.array([[[50, 50, 0, 0], [90, 90, 0, 20], [100, 100, 10, 0]]])
    found = BY_NAME["never-predicted"].judge(measured(classes=(*"abcd",), statistics=rows))
    assert "25.0 of its 100 points" in found.sentence  # type: ignore[union-attr]
