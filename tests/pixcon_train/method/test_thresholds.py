"""Threshold rules: bounds, floors, the quantile kept, and the calibration by hand."""

import math

import pytest
import torch
from torch import Tensor

from pixcon_train.method.thresholds import (
    BINS,
    DynamicThreshold,
    Floor,
    FlooredThreshold,
    GateThreshold,
    PerClassThreshold,
    QuantileThreshold,
    TeacherPrediction,
    Threshold,
    confidence_counts,
    coverage_penalty,
)
from tests.waiting import NoWaiting

K = 4


def teaching(seed: int, *, padded: float = 0.2, lowest: float = 1 / K) -> TeacherPrediction:
    """Random confidences above ``lowest``, random pseudo-labels, and padding."""
    generator = torch.Generator().manual_seed(seed)
    confidence = lowest + (1 - lowest) * torch.rand(2, 9, 11, generator=generator)
    pseudo = torch.randint(K, (2, 9, 11), generator=generator)
    return TeacherPrediction(confidence, pseudo, torch.rand(2, 9, 11, generator=generator) >= padded)


def step(rule: Threshold, batch: TeacherPrediction) -> Tensor:
    """One step of a rule; the thresholds it had."""
    tau = rule(batch)
    rule.update(rule.observe(batch, (batch.confidence >= tau) & batch.counted))
    return tau


def every_rule() -> list[Threshold]:
    floor = [Floor(0.5, 0.9, 0.9) for _ in range(2)]
    per_class = PerClassThreshold(torch.full((K,), 0.1), start=0.95, minimum=0.5, delta=0.05, floor=floor[1])
    return [
        Threshold(0.95),
        QuantileThreshold(0.3),
        DynamicThreshold(K, 0.9),
        FlooredThreshold(K, 0.9, floor[0]),
        per_class,
        _opened(GateThreshold(K, tau=0.95, floor=Floor(0.5, 0.9, 0.9))),
    ]


def _opened(gate: GateThreshold) -> GateThreshold:
    gate.calibrate(torch.tensor([0, 1]))
    return gate


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: type(rule).__name__)
def test_thresholds_stay_within_bounds_and_above_their_floor(rule: Threshold) -> None:
    for seed in range(30):
        tau = step(rule, teaching(seed, lowest=0.25 + 0.02 * seed))
        assert float(tau.min()) >= 1 / K
        assert float(tau.max()) <= 1
        if isinstance(rule, FlooredThreshold | PerClassThreshold | GateThreshold):
            assert float(tau.min()) >= 0.5
    if isinstance(rule, FlooredThreshold | PerClassThreshold):
        assert 0.5 < float(rule.floor()) <= 0.9, "the floor has followed the confidence of what is retained"


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: type(rule).__name__)
def test_a_batch_without_pixels_teaches_nothing(rule: Threshold) -> None:
    step(rule, teaching(0))
    before = {name: value.clone() for name, value in rule.state_dict().items()}
    nothing = teaching(1)._replace(counted=torch.zeros(2, 9, 11, dtype=torch.bool))
    step(rule, nothing)
    assert all(torch.equal(value, before[name]) for name, value in rule.state_dict().items())


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: type(rule).__name__)
def test_no_rule_makes_the_host_wait(rule: Threshold) -> None:
    batch = teaching(0)
    with NoWaiting():
        step(rule, batch)


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: type(rule).__name__)
def test_what_is_learnt_does_not_depend_on_how_a_batch_is_cut(rule: Threshold) -> None:
    batch = teaching(3)
    halves = [TeacherPrediction(*(part[i : i + 1] for part in batch)) for i in range(2)]
    tau = rule(batch)
    whole, parts = (
        sum((rule.observe(piece, (piece.confidence >= tau_of) & piece.counted) for piece, tau_of in pieces), 0.0)
        for pieces in (
            [(batch, tau)],
            [(half, tau if tau.ndim == 0 else tau[i : i + 1]) for i, half in enumerate(halves)],
        )
    )
    torch.testing.assert_close(whole, parts)


@pytest.mark.parametrize("quantile", [0.0, 0.1, 0.2, 0.5, 0.97])
@pytest.mark.parametrize("padded", [0.0, 0.5])
def test_the_quantile_retains_its_share_of_the_pixels_that_count(quantile: float, padded: float) -> None:
    batch = teaching(5, padded=padded)
    tau = QuantileThreshold(quantile)(batch)
    number = int(batch.counted.sum())
    retained = int(((batch.confidence >= tau) & batch.counted).sum())
    assert retained == number - math.floor(quantile * number + 1e-4)


def test_the_dynamic_threshold_by_hand() -> None:
    """τ_0 = 1/4; a step's mean of 0.8 moves it to 0.9·0.25 + 0.1·0.8 = 0.305, and is not used before."""
    rule = DynamicThreshold(4, 0.9)
    batch = TeacherPrediction(
        torch.tensor([[[0.7, 0.9, 0.1]]]), torch.zeros(1, 1, 3).long(), torch.tensor([[[True, True, False]]])
    )
    assert step(rule, batch).item() == pytest.approx(0.25)
    assert rule(batch).item() == pytest.approx(0.305)


def test_the_floor_by_hand() -> None:
    """Retained are c ≥ max(1/4, 0.5), so 0.9 alone: r = 0.5·0 + 0.5·0.9 = 0.45; 0.9·r is below 0.5; then r grows."""
    rule = FlooredThreshold(4, 0.5, Floor(0.5, 0.9, 0.5))
    batch = TeacherPrediction(
        torch.tensor([[[0.4, 0.9]]]), torch.zeros(1, 1, 2).long(), torch.ones(1, 1, 2, dtype=torch.bool)
    )
    assert step(rule, batch).item() == pytest.approx(0.5)
    assert rule.floor.mean.item() == pytest.approx(0.45)
    assert rule.tau.item() == pytest.approx(0.5 * 0.25 + 0.5 * 0.65)
    assert step(rule, batch).item() == pytest.approx(0.5)
    assert rule(batch).item() == pytest.approx(max(0.9 * 0.675, 0.5))


def test_the_risk_is_minimised_over_all_candidates() -> None:
    """Against the formula written out with loops, over random counts."""
    generator = torch.Generator().manual_seed(0)
    total = torch.randint(0, 400, (K, BINS), generator=generator)
    wrong = (total * torch.rand(K, BINS, generator=generator) * torch.linspace(0.8, 0, BINS)).long()
    total[3] = wrong[3] = 0  # never predicted
    penalty = torch.tensor([0.02, 0.1, 0.4, 0.1])
    rule = PerClassThreshold(penalty, start=0.95, minimum=0.3, delta=0.1, floor=Floor(0.0, 0.9, 0.9))
    rule.calibrate(torch.stack([wrong, total], 1))
    for k in range(3):
        risks = {}
        for edge in range(30, BINS):
            n, e = int(total[k, edge:].sum()), int(wrong[k, edge:].sum())
            bound = min(1.0, e / n + math.sqrt(math.log(10) / (2 * n))) if n else 1.0
            coverage = n / int(total[k].sum())
            risks[edge] = bound * coverage + penalty[k].item() * (1 - coverage)
        assert rule.thresholds[k].item() == pytest.approx(min(risks, key=risks.__getitem__) / BINS)
    assert rule.thresholds[3].item() == pytest.approx(0.95)


def test_a_rare_class_gets_the_lower_threshold() -> None:
    """Two classes with the same errors; the one with a sixteenth of the pixels is let in with more of them."""
    total = torch.full((2, BINS), 1000)
    wrong = (total * (0.5 * torch.linspace(1, 0, BINS)) ** 1.0).long()
    penalty = coverage_penalty(torch.tensor([16_000, 1_000]), weight=0.05, power=0.5)
    assert penalty.tolist() == pytest.approx([0.05, 0.2])
    rule = PerClassThreshold(penalty, start=0.95, minimum=0.0, delta=0.05, floor=Floor(0.0, 0.9, 0.9))
    rule.calibrate(torch.stack([wrong, total], 1))
    common, rare = rule.thresholds.tolist()
    assert rare < common
    # λ_0 is the error rate at which a pixel is still let in: 0.5·(1 − τ) = 0.05 and 0.2.
    assert [common, rare] == pytest.approx([0.9, 0.6], abs=0.03)


def test_each_pixel_has_its_class_threshold() -> None:
    rule = PerClassThreshold(torch.ones(2), start=0.9, minimum=0.5, delta=0.05, floor=Floor(0.5, 0.9, 0.9))
    rule.thresholds.copy_(torch.tensor([0.2, 0.8]))
    batch = TeacherPrediction(torch.zeros(1, 1, 3), torch.tensor([[[0, 1, 1]]]), torch.ones(1, 1, 3, dtype=torch.bool))
    torch.testing.assert_close(rule(batch), torch.tensor([[[0.5, 0.8, 0.8]]]))
    assert rule.per_class() == pytest.approx([0.5, 0.8])
    assert Threshold(0.9).per_class() is None


def test_confidence_counts_by_hand() -> None:
    confidence = torch.tensor([[[0.005, 0.995, 1.0, 0.5]]])
    predicted, truth = torch.tensor([[[0, 1, 1, 1]]]), torch.tensor([[[0, 0, 1, 255]]])
    counts = confidence_counts(confidence, predicted, truth, num_classes=2)
    expected = torch.zeros(2, 2, BINS, dtype=torch.long)
    expected[0, 1, 0] = 1
    expected[1, 0, BINS - 1] = 1
    expected[1, 1, BINS - 1] = 2
    assert torch.equal(counts, expected)


def test_the_gate_is_strict_while_what_it_keeps_is_as_precise_as_the_threshold_asks() -> None:
    gate = GateThreshold(K, tau=0.75, floor=Floor(0.5, 0.9, 0.0))
    batch = teaching(0)
    assert float(gate(batch)) == 0.75 and gate.decision() == {"strict": True, "pi_kept": None, "kept": 0}
    # Of five pixels with c ≥ τ one is void; of the other four, `correct` are.
    confidence = torch.tensor([[[0.75, 0.8, 0.9, 1.0, 0.99, 0.7499, 0.1]]])
    target = torch.tensor([[[0, 1, 2, 3, 255, 0, 1]]])
    for correct, strict in ((4, True), (3, True), (2, False), (0, False)):
        predicted = torch.where(torch.arange(7) < correct, target, (target + 1) % K)
        counts = gate.held_out_counts(confidence, predicted, target)
        assert counts.tolist() == [correct, 4]
        gate.calibrate(counts)
        assert gate.decision() == {"strict": strict, "pi_kept": correct / 4, "kept": 4}
        assert float(gate(batch)) == (0.75 if strict else 0.5)
    gate.update(torch.tensor([6.0, 10.0]))  # the floor: 0.9 · 0.6 = 0.54
    assert float(gate(batch)) == pytest.approx(0.54)
    gate.update(torch.tensor([9.9, 10.0]))  # 0.9 · 0.99 is above τ
    assert float(gate(batch)) == 0.75
    gate.calibrate(torch.tensor([5, 5]))
    gate.calibrate(torch.tensor([0, 0]))
    assert gate.decision() == {"strict": False, "pi_kept": None, "kept": 0}, "nothing is kept, so that the gate opens"
