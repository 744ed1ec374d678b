"""What is compared: every quantity's value is the measurement's own, and what it is pooled from pools into it."""

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixcon_diag.analyses.boundary_counts import BandOptions, MeasuredBoundary, measure_boundaries
from pixcon_diag.analyses.gradient_split import GradientOptions, MeasuredGradient, measure_gradient
from pixcon_diag.analyses.quantities import quantities
from pixcon_diag.cache.measure import measure
from pixcon_diag.cache.replay import ReplayedPass, replay
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.comparison import Quantity, compare
from pixcon_diag.passes.bank_collector import ReplayOptions
from pixcon_diag.passes.measured import MeasuredGroup, MeasuredPass, measure_predictions
from pixcon_diag.passes.options import MeasureOptions
from tests.pixcon_diag.passes.small import cpu, images, network

TAUS = (0.6, 0.95)
BANDS = BandOptions((1, 2))
SEEDS = {"none": (0, 1, 2), "clean": (3, 4, 5)}


class Study:
    """Two methods of three seeds, with everything that is measured of them."""

    def __init__(self, root: Path) -> None:
        self.data: EvaluationData = images(root / "data", [(36, 40)] * 4, block=4)
        self.groups: dict[str, MeasuredGroup] = {}
        self.replays: dict[str, list[ReplayedPass]] = {}
        self.gradients: dict[str, list[MeasuredGradient]] = {}
        for name, seeds in SEEDS.items():
            checkpoints = [network(f"{name} {seed}", seed) for seed in seeds]
            options = MeasureOptions(taus=TAUS)
            passes = [measure(each, self.data, options, cpu(), keep=root / "kept") for each in checkpoints]
            banks = [replay(each, self.data, ReplayOptions(0.5, 20, 8, 2), cpu()) for each in checkpoints]
            self.groups[name], self.replays[name] = MeasuredGroup(name, tuple(passes)), banks
            self.gradients[name] = [
                measure_gradient(name, *each, GradientOptions(("confidence",), anchors=5))
                for each in zip(checkpoints, passes, banks, strict=True)
            ]

    def boundaries(self, name: str) -> list[MeasuredBoundary]:
        return measure_boundaries([self.groups[name]], BANDS)

    def of(self, name: str) -> list[Quantity]:
        return quantities(self.groups[name], self.boundaries(name), TAUS, self.replays[name], self.gradients[name])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("study"))


def test_there_is_a_row_for_every_measurement(study: Study) -> None:
    names = [each.measure for each in study.of("none")]
    assert len(names) == len(set(names))
    for name in (
        *("mIoU", "pixel accuracy", "boundary error, 1 px", "interior error, 2 px", "retention at τ = 0.6"),
        *("ρ_F at τ = 0.95", "macro ρ_F at τ = 0.6", "ECE", "compactness", "mean inter-class cosine", "margin"),
        *("max inter-class cosine", "CDNV", "classes in a clean bank", "classes at capacity"),
        *("‖g_F‖/‖g_T‖ of a confidence bank, Eq. 3, fused feature",),
    ):
        assert name in names


def test_values_are_the_measurements_own(study: Study) -> None:
    found = {each.measure: each.values for each in study.of("clean")}
    for index, member in enumerate(study.groups["clean"].members):
        assert isinstance(member, MeasuredPass)
        boundary = study.boundaries("clean")[index].result.rates.at(2)
        contamination, geometry = member.contamination((0.6,)).at(0.6), member.geometry()
        for name, value in {
            "mIoU": member.iou.miou(),
            "pixel accuracy": member.iou.accuracy,
            "boundary error, 2 px": boundary.band.error,
            "interior error, 2 px": boundary.interior.error,
            "retention at τ = 0.6": contamination.overall.retention,
            "ρ_F at τ = 0.6": contamination.overall.rho_f,
            "macro ρ_F at τ = 0.6": contamination.by_predicted.macro_rho_f,
            "ECE": member.contamination().calibration.ece,
            "compactness": geometry.compactness,
            "margin": geometry.margin,
            "CDNV": geometry.cdnv,
            "classes in a clean bank": study.replays["clean"][index].coverage("clean").with_entry,
        }.items():
            assert found[name][index] == value, name


@pytest.mark.parametrize("name", SEEDS)
def test_what_pools_over_images_pools_into_the_value(study: Study, name: str) -> None:
    pooled = 0
    for each in study.of(name):
        if each.per_image is None or each.statistic is None:
            continue
        for rows, value in zip(each.per_image, each.values, strict=True):
            assert rows.shape[0] == len(study.data.pairs)
            total = np.asarray(rows.sum(0)).reshape(1, *rows.shape[1:]).astype(np.float64)
            assert each.statistic(total)[0] == pytest.approx(value, rel=1e-12), each.measure
            pooled += 1
    assert pooled == 3 * (2 + 2 * len(BANDS.widths) + 2 * len(TAUS) + 3)


def test_identical_checkpoints_differ_by_exactly_nothing(study: Study) -> None:
    rows = compare(study.of("none"), study.of("none"), draws=20)
    assert len(rows) == len(study.of("none"))
    for row in rows:
        noise = row.image_noise
        assert noise is None or (noise.difference, noise.low, noise.high) == (0.0, 0.0, 0.0), row.measure
        assert row.seed_noise.difference == 0.0 and set(row.seed_noise.paired.deltas.values) == {0.0}, row.measure


def test_draws_are_of_images_for_all_seeds_at_once(study: Study) -> None:
    row = next(row for row in compare(study.of("none"), study.of("clean"), draws=50) if row.measure == "margin")
    assert row.image_noise is not None and (row.image_noise.runs, row.image_noise.images) == ((3, 3), 4)
    assert row.image_noise.difference == pytest.approx(row.seed_noise.difference)
    assert row.seed_noise.paired.sign_test.smallest_one_sided == 0.125


def test_saved_predictions_have_what_label_maps_tell(study: Study, tmp_path: Path) -> None:
    member = study.groups["none"].members[0]
    for pair, file in zip(study.data.pairs, member.label_maps.files, strict=True):
        (target := tmp_path / pair.image).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    saved = MeasuredGroup("saved", (measure_predictions(tmp_path, study.data),))
    found = quantities(saved, measure_boundaries([saved], BANDS), TAUS)
    assert [each.measure for each in found] == [
        "mIoU",
        "pixel accuracy",
        "boundary error, 1 px",
        "interior error, 1 px",
        "boundary error, 2 px",
        "interior error, 2 px",
    ]
    rows = compare(study.of("none"), found, draws=5)
    assert len(rows) == 6 and rows[0].seed_noise.second.values == (member.iou.miou(),)
    mixed = MeasuredGroup("mixed", (member, *saved.members))  # only what all have
    assert len(quantities(mixed, measure_boundaries([mixed], BANDS), TAUS)) == 6


def test_what_a_member_lacks_the_group_lacks(study: Study) -> None:
    names = [
        each.measure
        for each in quantities(study.groups["none"], [], TAUS, study.replays["none"][:2], study.gradients["none"][1:])
    ]
    assert "mIoU" in names and not [name for name in names if "bank" in name or "capacity" in name or " px" in name]


def test_ratios_of_different_spaces_are_not_one_measurement(study: Study) -> None:
    """A baseline has no projection head: its ratio is one in the fused feature."""
    projected = [
        replace(own, result=replace(own.result, replayed=replace(own.result.replayed, space="projection")))
        for own in study.gradients["clean"]
    ]
    first, second = study.of("none"), quantities(study.groups["clean"], [], TAUS, (), projected)
    assert [each.measure for each in second if "‖g_F‖" in each.measure] == [
        f"‖g_F‖/‖g_T‖ of a confidence bank, {form}, projection" for form in ("Eq. 3", "SupCon")
    ]
    assert not [row for row in compare(first, second, draws=5) if "‖g_F‖" in row.measure]
    mixed = quantities(study.groups["clean"], [], TAUS, (), [projected[0], *study.gradients["clean"][1:]])
    assert not [each for each in mixed if "‖g_F‖" in each.measure]


def test_an_undefined_value_stays_undefined(tmp_path: Path) -> None:
    """Nothing is retained at a threshold of 1 by a network that is never sure."""
    data, checkpoint = images(tmp_path / "data", block=4), network()
    with torch.no_grad():
        for parameter in checkpoint.model.parameters():
            parameter.mul_(0.01)
    group = MeasuredGroup("dull", (measure(checkpoint, data, MeasureOptions(taus=(0.95,)), cpu()),))
    found = {each.measure: each for each in quantities(group, [], (0.95,))}
    assert found["retention at τ = 0.95"].values == (0.0,)
    assert math.isnan(found["ρ_F at τ = 0.95"].values[0]) and math.isnan(found["macro ρ_F at τ = 0.95"].values[0])
    row = next(row for row in compare([found["ρ_F at τ = 0.95"]], [found["ρ_F at τ = 0.95"]], draws=7))
    assert row.image_noise is not None and row.image_noise.undefined == 7 and row.seed_noise.paired is None


def test_sliding_windows_have_no_geometry(tmp_path: Path) -> None:
    data = images(tmp_path / "data", block=4)
    group = MeasuredGroup("windows", (measure(network(feature=None), data, MeasureOptions(taus=(0.95,)), cpu()),))
    names = [each.measure for each in quantities(group, [], (0.95,))]
    assert "ECE" in names and "compactness" not in names and "CDNV" not in names
