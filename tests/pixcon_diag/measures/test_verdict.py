"""The verdict on the filter: the published numbers, the undecided and the refused cases."""

import math

import numpy as np
import pytest

from pixcon_diag.measures.verdict import MIN_IMAGES, NONE_UNSEEN, judge, verdict_at


def spread(rate: float, images: int = 400, pixels: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """Images whose rates vary around ``rate`` by a third of it."""
    rates = rate * (1 + 0.33 * np.linspace(-1, 1, images))
    return np.round(rates * pixels), np.full(images, pixels)


@pytest.mark.parametrize(("rho_f", "decision"), [(0.018, "strict"), (0.106, "floor"), (0.05, "undecided")])
def test_the_published_rule(rho_f: float, decision: str) -> None:
    """CW-BASS v2 at τ = 0.95: Pascal keeps strict filtering, ADE20K gets the floor."""
    verdict = judge(0.95, *spread(rho_f))
    assert verdict.decision == decision and verdict.pi_kept == pytest.approx(1 - rho_f, abs=1e-4)
    assert verdict.interval.contains(verdict.pi_kept) and verdict.reason == ""


def test_the_same_rate_in_fewer_images_is_undecided() -> None:
    assert judge(0.95, *spread(0.045)).decision == "strict"
    wrong = np.zeros(25)
    wrong[0] = 10_000
    assert judge(0.95, wrong, np.full(25, 10_000)).decision == "undecided"


def test_too_few_images_have_no_verdict() -> None:
    retained = np.r_[np.full(MIN_IMAGES - 1, 100), np.zeros(50)]
    verdict = judge(0.9, np.zeros_like(retained), retained)
    assert verdict.decision == "none" and verdict.images == MIN_IMAGES - 1
    assert verdict.words == "no verdict: 19 images with a retained pixel, fewer than 20"
    assert judge(0.5, np.zeros(MIN_IMAGES), np.full(MIN_IMAGES, 1000)).decision == "strict"
    one = judge(0.9, np.zeros(3), np.array([0, 5, 1]))
    assert (one.images, one.retained, one.pi_kept) == (2, 6, 1.0), "an image with a single pixel counts"
    enough = np.full(80, 100)
    assert judge(0.9, np.zeros(80), enough).decision == "strict"


def test_nothing_retained_has_no_verdict() -> None:
    verdict = judge(0.99, np.zeros(30), np.zeros(30))
    assert (verdict.decision, verdict.reason) == ("none", "nothing is retained")
    assert math.isnan(verdict.pi_kept) and math.isnan(verdict.interval.low)


def test_images_of_the_labeled_list_alone_have_no_verdict() -> None:
    verdict = judge(0.95, np.zeros(0), np.zeros(0))
    assert (verdict.decision, verdict.reason) == ("none", NONE_UNSEEN)


def test_classes_are_judged_on_their_own_pixels() -> None:
    wrong, retained = spread(0.01)
    bad, few = spread(0.2)[0], np.zeros(400)
    by_class = np.stack([np.stack((retained - w, w), 1) for w in (wrong, bad)] + [np.stack((few, few), 1)], 1)
    result = verdict_at(0.95, wrong + bad, 2 * retained, by_class)
    assert [verdict.decision for verdict in result.classes] == ["strict", "floor", "none"]
    assert result.overall.decision == "floor"
    assert result.clustering.pixels == 8_000_000


def test_the_level_is_that_of_all_intervals() -> None:
    wrong, retained = spread(0.05, images=50)
    by_class = np.stack((retained - wrong, wrong), 1)[:, None]
    result = verdict_at(0.95, wrong, retained, by_class, level=0.6)
    (one,) = result.classes
    assert (
        one.interval.level == result.overall.interval.level == judge(0.95, wrong, retained, 0.6).interval.level == 0.6
    )
    assert one.interval == result.overall.interval and one.retained == int(retained.sum())
    usual = judge(0.95, wrong, retained).interval
    assert usual.low < one.interval.low < one.interval.high < usual.high


def test_each_decision_in_words() -> None:
    words = {judge(0.95, *spread(rho_f)).words for rho_f in (0.018, 0.106, 0.05)}
    assert words == {
        "at least τ = 0.95: keep strict filtering",
        "below τ = 0.95: lower the threshold to an adaptive floor",
        "undecided, as the interval contains τ = 0.95",
    }


def test_a_threshold_without_cells_has_no_verdict_by_class() -> None:
    assert verdict_at(0.935, *spread(0.01)).classes == ()


@pytest.mark.parametrize("rate", [0.02, 0.08])
def test_a_wrong_verdict_is_rare(rate: float) -> None:
    """At τ = 0.95 and 100 images with half of the errors in few of them, the wrong one of strict and floor is given in
    at most 4 % of 400 repetitions."""
    rng = np.random.default_rng(0)
    rates = np.minimum(rng.gamma(0.25, 4 * rate, (400, 100)), 1)
    retained = np.full(100, 1000)
    decisions = [judge(0.95, rng.binomial(retained, row), retained).decision for row in rates]
    wrong, right = ("floor", "strict") if rate < 0.05 else ("strict", "floor")
    assert decisions.count(wrong) <= 16 and decisions.count(right) > decisions.count(wrong)
