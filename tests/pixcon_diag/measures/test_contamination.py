import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pixcon_diag.measures.boundary import boundary_bands
from pixcon_diag.measures.boundary_result import Distance, VoidMode
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.measures.contamination_result import ContaminationCounts, ContaminationResult, Rates
from pixcon_train.core.errors import ConfigError, PixConError
from pixcon_train.core.files import to_json

VOID = 255
TAUS = (0.0, 0.5, 0.7, 0.95, 0.99995, 1.0)


def scene(seed: int, *, images: int = 6, classes: int = 5, size: int = 24) -> tuple[Tensor, Tensor, Tensor]:
    """Confidence, prediction and target of a teacher that is right three times in four, with void and saturation."""
    generator = torch.Generator().manual_seed(seed)
    shape = (images, size, size)
    target = torch.randint(0, classes, shape, generator=generator)
    target = target.repeat_interleave(6, 1)[:, :size].repeat_interleave(6, 2)[:, :, :size]
    other = torch.randint(0, classes, shape, generator=generator)
    prediction = torch.where(torch.rand(shape, generator=generator) < 0.75, target, other)
    confidence = 1 - torch.rand(shape, generator=generator) ** 4 * (1 - 1 / classes)
    confidence[0, 0, :4] = torch.tensor(TAUS[2:])  # exactly on the thresholds
    return confidence, prediction, torch.where(torch.rand(shape, generator=generator) < 0.1, VOID, target)


def naive(confidence: Tensor, prediction: Tensor, target: Tensor, tau: float, classes: int) -> dict[str, Any]:
    """The definition, pixel by pixel."""
    counts: dict[str, Any] = {"pixels": 0, "retained": 0, "correct": 0}
    for group in ("by_predicted", "by_truth"):
        counts[group] = {name: [0] * classes for name in ("pixels", "retained", "correct")}
    pixels = zip(confidence.flatten().numpy(), prediction.flatten().tolist(), target.flatten().tolist(), strict=True)
    for c, predicted, truth in pixels:
        if truth == VOID:
            continue
        kept = c >= np.float32(tau)
        for name, holds in (("pixels", True), ("retained", kept), ("correct", kept and predicted == truth)):
            counts[name] += int(holds)
            counts["by_predicted"][name][predicted] += int(holds)
            counts["by_truth"][name][truth] += int(holds)
    return counts


def measure(batches: Sequence[tuple[Tensor, ...]], **options: Any) -> ContaminationResult:
    metric = Contamination(**{"num_classes": 5, "void": VOID, "taus": TAUS, **options})
    for batch in batches:
        metric.update(*batch)
    return metric.compute()


@pytest.mark.parametrize("tau", TAUS)
def test_counts_equal_a_naive_loop(tau: float) -> None:
    batch = scene(1)
    expected = naive(*batch, tau, 5)
    result = measure([batch]).at(tau)
    for name in ("pixels", "retained", "correct"):
        assert getattr(result.overall, name) == expected[name]
        assert list(getattr(result.by_predicted, name)) == expected["by_predicted"][name]
        assert list(getattr(result.by_truth, name)) == expected["by_truth"][name]
    if expected["retained"]:
        assert result.overall.rho_f == pytest.approx(1 - expected["correct"] / expected["retained"], abs=1e-12)


def test_hand_computed_table() -> None:
    confidence = torch.tensor([[[0.96, 0.99, 0.97, 0.80, 0.99, 1.0]]])
    prediction = torch.tensor([[[0, 0, 1, 1, 0, 0]]])
    target = torch.tensor([[[0, 1, 1, 1, VOID, 0]]])
    result = measure([(confidence, prediction, target)], num_classes=3, taus=(0.95,), widths=()).at(0.95)
    assert result.overall == Rates(5, 4, 3, 0.8, 0.75, 0.25)
    assert result.by_predicted.retained == (3, 1, 0)
    assert result.by_predicted.rho_f[:2] == (1 / 3, 0.0)
    assert math.isnan(result.by_predicted.rho_f[2])
    assert result.by_predicted.empty == (2,) and result.by_predicted.retained_classes == (0, 1)
    assert result.by_predicted.macro_rho_f == pytest.approx(1 / 6)
    assert result.by_truth.pixels == (2, 3, 0)
    assert result.by_truth.retention[:2] == (1.0, 2 / 3)
    assert result.by_truth.rho_f[:2] == (0.0, 0.5)
    assert result.by_truth.macro_retention == pytest.approx(5 / 6)


def same(first: ContaminationResult, second: ContaminationResult) -> bool:
    """Equality to the last bit, with NaN equal to NaN."""
    return to_json(first.to_dict()) == to_json(second.to_dict())


def test_batch_split_and_order_do_not_matter() -> None:
    batch = scene(2)
    whole = measure([batch])
    singles = [tuple(each[index : index + 1] for each in batch) for index in range(len(batch[0]))]
    assert same(measure(singles), whole)
    assert same(measure(singles[::-1]), whole)


def test_states_of_two_processes_add_up() -> None:
    first, second = scene(3), scene(4)
    both, other = Contamination(5, void=VOID), Contamination(5, void=VOID)
    both.update(*first)
    other.update(*second)
    both.merge_state(other)
    assert same(both.compute(), measure([first, second], taus=(0.95,)))


def test_void_never_counts() -> None:
    confidence, prediction, target = scene(5)
    void = target == VOID
    changed = torch.where(void, 1.0, confidence), torch.where(void, 4 - prediction, prediction), target
    assert same(measure([changed]), measure([(confidence, prediction, target)]))


def test_all_void_is_undefined_not_zero() -> None:
    confidence, prediction, target = scene(6)
    result = measure([(confidence, prediction, torch.full_like(target, VOID))], taus=(0.95,))
    at = result.at(0.95)
    assert at.overall.pixels == 0
    assert math.isnan(at.overall.rho_f) and math.isnan(at.by_predicted.macro_rho_f) and math.isnan(at.overall.retention)
    assert at.by_truth.empty == (0, 1, 2, 3, 4)
    assert math.isnan(result.calibration.ece)


def test_a_planted_fault_shows_where_it_was_planted() -> None:
    """Confident mistakes of one class into another: ρ_F of the predicted class, and of the class it was taken from."""
    target = torch.arange(4).repeat_interleave(100).reshape(1, 20, 20)
    prediction = target.clone()
    prediction[target == 2] = torch.where(torch.arange(100) < 25, 3, 2)
    result = measure([(torch.full(target.shape, 0.99), prediction, target)], num_classes=4, taus=(0.95,)).at(0.95)
    assert result.overall.rho_f == 25 / 400
    assert result.by_predicted.rho_f == (0.0, 0.0, 0.0, 25 / 125)
    assert result.by_truth.rho_f == (0.0, 0.0, 0.25, 0.0)


def test_band_and_interior_partition_the_valid_pixels() -> None:
    batch = scene(7, size=48)
    for at in measure([batch], widths=(3, 1)).thresholds:
        assert [zone.width for zone in at.zones] == [1, 3]
        for zone in at.zones:
            for name in ("pixels", "retained", "correct"):
                parts = getattr(zone.band, name) + getattr(zone.interior, name)
                assert parts == getattr(at.overall, name)
        assert at.zones[0].band.pixels < at.zones[1].band.pixels


def test_errors_along_an_edge_are_in_the_band_only() -> None:
    target = torch.zeros(1, 10, 10, dtype=torch.long)
    target[..., 5:] = 1
    prediction = torch.zeros_like(target)
    prediction[..., 6:] = 1  # the first column right of the edge is missed
    zone = measure([(torch.ones(1, 10, 10), prediction, target)], num_classes=2, widths=(1,)).at(1.0).zones[0]
    assert (zone.band.pixels, zone.band.rho_f) == (20, 0.5)
    assert (zone.interior.pixels, zone.interior.rho_f) == (80, 0.0)


def test_bands_may_be_handed_in() -> None:
    confidence, prediction, target = scene(8)
    inside = torch.zeros_like(target, dtype=torch.bool)
    inside[:, :3] = True
    zone = measure([(confidence, prediction, target, [inside])], widths=(1,)).at(0.0).zones[0]
    assert zone.band.pixels == int(((target != VOID) & inside).sum())


@pytest.mark.parametrize("distance", ["chessboard", "euclidean"])
@pytest.mark.parametrize("void_mode", ["label", "ignore", "nearest"])
def test_each_width_has_its_own_band(distance: Distance, void_mode: VoidMode) -> None:
    confidence, prediction, target = scene(16, images=2)
    options: dict[str, Any] = {"distance": distance, "void_mode": void_mode}
    bands = boundary_bands(target, (1, 2, 4), void=VOID, **options)
    zones = measure([(confidence, prediction, target)], widths=(1, 2, 4), **options).at(0.7).zones
    kept = (target != VOID) & (confidence >= 0.7)
    assert [zone.band.retained for zone in zones] == [int((kept & band).sum()) for band in bands]
    assert [zone.interior.retained for zone in zones] == [int((kept & ~band).sum()) for band in bands]


def test_bins_may_be_handed_in() -> None:
    confidence, prediction, target = scene(17)
    metric = Contamination(5, void=VOID)
    metric.update(confidence, prediction, target, bins=torch.full_like(target, len(metric.edges) - 1))
    assert metric.compute().at(0.95).overall.retained == int((target != VOID).sum())


def test_state_has_the_shape_that_is_documented() -> None:
    metric = Contamination(5, void=VOID)
    assert metric.widths == (1, 3, 5), "those of Table 7"
    bins = len(metric.edges)
    assert metric.snapshot()["by_predicted"].shape == metric.snapshot()["by_truth"].shape == (5, 2, bins)
    assert metric.snapshot()["zones"].shape == (4, 2, bins)


def test_curve_holds_every_asked_threshold_and_resolves_the_range_close_to_one() -> None:
    result = measure([scene(9)], taus=(0.123456, 0.95))
    at = result.curve.tau.index(0.123456)
    assert result.curve.retained[at] == result.at(0.123456).overall.retained
    assert result.curve.correct[at] == result.at(0.123456).overall.correct
    assert result.curve.retention[at] == result.at(0.123456).overall.retention
    assert result.curve.rho_f[at] == result.at(0.123456).overall.rho_f
    assert list(result.curve.retained) == sorted(result.curve.retained, reverse=True)
    assert sum(tau > 0.99 for tau in result.curve.tau) >= 20


def test_calibration_equals_a_direct_computation() -> None:
    confidence, prediction, target = scene(10)
    c, right = confidence[target != VOID].double(), (prediction == target)[target != VOID].double()
    index = (c.float() * 15).floor().long().clamp(max=14)
    expected = sum(
        (index == m).double().mean() * (right[index == m].mean() - c[index == m].mean()).abs()
        for m in range(15)
        if (index == m).any()
    )
    calibration = measure([(confidence, prediction, target)]).calibration
    assert calibration.ece == pytest.approx(float(expected), abs=1e-7)
    assert sum(calibration.pixels) == int((target != VOID).sum())
    assert calibration.lower == tuple(m / 15 for m in range(15))
    assert calibration.accuracy[14] == pytest.approx(float(right[index == 14].mean()), abs=1e-12)
    assert calibration.confidence[14] == pytest.approx(float(c[index == 14].mean()), abs=1e-7)
    assert math.isnan(calibration.accuracy[0])  # five classes: no confidence is below 1/5


def test_a_calibrated_teacher_has_no_error() -> None:
    confidence = torch.full((1, 10, 10), 0.75)
    target = torch.zeros(1, 10, 10, dtype=torch.long)
    prediction = (torch.arange(100).reshape(1, 10, 10) >= 75).long()
    assert measure([(confidence, prediction, target)], num_classes=2).calibration.ece == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_threshold_is_compared_at_the_precision_of_the_confidence(dtype: torch.dtype) -> None:
    confidence = torch.tensor([0.9, 0.95, 0.949, 0.951, 1.0], dtype=torch.float64).to(dtype).reshape(1, 1, 5)
    labels = torch.zeros(1, 1, 5, dtype=torch.long)
    kept = measure([(confidence, labels, labels)], widths=()).at(0.95).overall.retained
    assert kept == int((confidence >= 0.95).sum())


@pytest.mark.parametrize("bad", [float("nan"), -0.5, 1.5, float("inf")])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    confidence, prediction, target = scene(11)
    confidence[target != VOID] = bad
    with pytest.raises(PixConError, match="no probability"):
        measure([(confidence, prediction, target)])


def test_pixels_that_are_refused_are_counted_over_all_batches() -> None:
    confidence, prediction, target = scene(11)
    target[:, 0, :3] = 0
    confidence[:, 0, :3] = 1.5
    with pytest.raises(PixConError, match=r"^18 valid pixels have a confidence that is no probability"):
        measure(list(zip(confidence.split(3), prediction.split(3), target.split(3), strict=True)))


def test_no_confidence_at_all_is_a_probability() -> None:
    labels = torch.zeros(1, 1, 3, dtype=torch.long)
    assert measure([(torch.zeros(1, 1, 3), labels, labels)], widths=()).at(0.0).overall.retained == 3


@pytest.mark.parametrize("which", [1, 2])
def test_a_label_outside_the_classes_is_refused(which: int) -> None:
    batch = scene(12)
    batch[which][0, 5, 5] = 5
    batch[2][0, 5, 5] = 5 if which == 2 else 0
    with pytest.raises(PixConError, match=r"1 valid pixels .* outside 0\.\.4 \(void is 255\)"):
        measure([batch])


def test_shapes_and_options_are_checked() -> None:
    confidence, prediction, target = scene(13)
    with pytest.raises(ValueError, match="one shape"):
        measure([(confidence, prediction[:, :5], target)])
    with pytest.raises(ValueError, match=r"of one shape \(B, H, W\), got .*\(6, 5, 24\)"):
        measure([(confidence[:, :5], prediction, target)])
    with pytest.raises(ValueError, match="one band per width"):
        measure([(confidence, prediction, target, [])])
    with pytest.raises(ConfigError, match=r"\[0, 1\], got 95"):
        Contamination(5, void=VOID, taus=(95,))
    with pytest.raises(ConfigError, match=r"Threshold 0\.8 was not measured"):
        measure([(confidence, prediction, target)], taus=(0.9,)).at(0.8)
    metric = Contamination(5, void=VOID, taus=(0.9,))
    counts = ContaminationCounts.from_state(metric.snapshot(), metric.edges, void=VOID)
    with pytest.raises(ConfigError, match=r"Threshold 0\.8111 was not counted"):
        ContaminationResult.from_counts(counts, (0.9, 0.8111), (), 15)


def test_reset_starts_over() -> None:
    metric = Contamination(5, void=VOID, taus=TAUS)
    metric.update(*scene(14))
    metric.reset()
    metric.update(*scene(15))
    assert same(metric.compute(), measure([scene(15)]))
