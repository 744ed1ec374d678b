"""What is compared: every quantity's value is the measurement's own, and what it is pooled from pools into it."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import torch

from pixcon_diag.analyses import contamination, gradient
from pixcon_diag.analyses.boundary import boundaries
from pixcon_diag.analyses.compare import quantities_of
from pixcon_diag.analyses.coverage import replays_of
from pixcon_diag.analyses.gradient import gradients
from pixcon_diag.analyses.gradient_split import MeasuredGradient
from pixcon_diag.cache.replay import ReplayedPass, replay
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.groups.members import Member
from pixcon_diag.groups.methods import Methods
from pixcon_diag.groups.options import StudyOptions
from pixcon_diag.measures.comparison import Quantity, compare
from pixcon_diag.passes.options import BandOptions
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass
from pixcon_diag.passes.replayed_banks import ReplayOptions
from tests.pixcon_diag.passes.small import cpu, images, network

TAUS = (0.6, 0.95)
BANDS = BandOptions((1, 2))
SEEDS = {"none": (0, 1, 2), "clean": (3, 4, 5)}


class Study(Methods):
    """Two methods of three seeds, with everything that is measured of them."""

    def __init__(self, root: Path, data: EvaluationData, **seeds: Sequence[int]) -> None:
        networks = {
            name: [network(f"{name} {seed}", seed) for seed in numbers] for name, numbers in (seeds or SEEDS).items()
        }
        super().__init__(
            networks, options=StudyOptions(data=data, run=cpu(), taus=TAUS, band=BANDS, cache=root / "cached")
        )
        self.images = data

    @cached_property
    def _replayed(self) -> list[tuple[Member, ReplayedPass]]:
        options = ReplayOptions(0.5, 20, 8, 2)
        return [(member, replay(member.checkpoint, self.images, options, cpu())) for member in self.members]

    def replays(self) -> list[tuple[Member, ReplayedPass]]:
        return self._replayed

    def group(self, name: str) -> MeasuredGroup:
        (group,) = (group for group in self.measured() if group.name == name)
        return group

    def of(self, name: str) -> list[Quantity]:
        return quantities_of(self, [self.group(name)])[0][name]


def names_of(quantities: Sequence[Quantity]) -> list[str]:
    return [quantity.measure for quantity in quantities]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    root = tmp_path_factory.mktemp("study")
    return Study(root, images(root / "data", [(36, 40)] * 4, block=4))


def test_there_is_a_row_for_every_measurement(study: Study) -> None:
    names = [quantity.measure for quantity in study.of("none")]
    assert len(names) == len(set(names))
    for name in (
        *("mIoU", "pixel accuracy", "boundary error, 1 px", "interior error, 2 px", "retention at τ = 0.6"),
        *("ρ_F at τ = 0.95", "macro ρ_F at τ = 0.6", "ECE", "compactness", "mean inter-class cosine", "margin"),
        *("max inter-class cosine", "CDNV", "classes in a clean bank", "classes at capacity"),
        *("‖g_F‖/‖g_T‖ of a confidence bank, Eq. 3, output of feature",),
    ):
        assert name in names


def test_values_are_the_measurements_own(study: Study) -> None:
    found = {quantity.measure: quantity.values for quantity in study.of("clean")}
    banks = replays_of(study, study.group("clean"))
    bands = [measured for measured in boundaries(study) if measured.group == "clean"]
    for index, member in enumerate(study.group("clean").members):
        assert isinstance(member, MeasuredPass)
        boundary = bands[index].result.rates.at(2)
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
            "classes in a clean bank": banks[index].coverage("clean").with_entry,
        }.items():
            assert found[name][index] == value, name


@pytest.mark.parametrize("name", SEEDS)
def test_what_pools_over_images_pools_into_the_value(study: Study, name: str) -> None:
    pooled = 0
    for quantity in study.of(name):
        if quantity.per_image is None or quantity.statistic is None:
            continue
        for rows, value in zip(quantity.per_image, quantity.values, strict=True):
            assert rows.shape[0] == len(study.images.pairs)
            total = np.asarray(rows.sum(0)).reshape(1, *rows.shape[1:]).astype(np.float64)
            assert quantity.statistic(total)[0] == pytest.approx(value, rel=1e-12), quantity.measure
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
    member = study.group("none").members[0]
    for pair, file in zip(study.images.pairs, member.label_maps.files, strict=True):
        (target := tmp_path / pair.image).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    saved = Methods(predictions={"saved": tmp_path}, options=study.options)
    found, left_out = quantities_of(saved, saved.measured())
    assert names_of(found["saved"]) == [
        "mIoU",
        "pixel accuracy",
        "boundary error, 1 px",
        "interior error, 1 px",
        "boundary error, 2 px",
        "interior error, 2 px",
    ]
    assert any("Contamination" in sentence and "(saved)" in sentence for sentence in left_out)
    rows = compare(study.of("none"), found["saved"], draws=5)
    assert len(rows) == 6 and rows[0].seed_noise.second.values == (member.iou.miou(),)


def test_what_a_member_lacks_the_group_lacks(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bank of three cannot be replayed."""
    every = study.replays()
    monkeypatch.setattr(
        study, "replays", lambda: [pair for pair in every if not pair[0].checkpoint.name.endswith("none 1")]
    )
    found, left_out = quantities_of(study, study.measured())
    for name in SEEDS:
        assert "mIoU" in names_of(found[name])
        assert not [measure for measure in names_of(found[name]) if "bank" in measure or "capacity" in measure]
    assert [sentence.partition(":")[0] for sentence in left_out] == ["Gradient split", "Bank coverage"]


def test_ratios_of_different_spaces_are_not_one_measurement(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline has no projection head: its ratio is one in the fused feature."""

    def projected(seeds: str) -> list[MeasuredGradient]:
        return [
            replace(own, result=replace(own.result, replayed=replace(own.result.replayed, space="projection")))
            if own.name[-1] in seeds
            else own
            for own in splits
        ]

    splits, first = gradients(study), study.of("none")
    monkeypatch.setattr(gradient, "gradients", lambda methods: projected("345"))
    second = study.of("clean")
    assert [name for name in names_of(second) if "‖g_F‖" in name] == [
        f"‖g_F‖/‖g_T‖ of a confidence bank, {form}, projection" for form in ("Eq. 3", "SupCon")
    ]
    assert not [row for row in compare(first, second, draws=5) if "‖g_F‖" in row.measure]
    monkeypatch.setattr(gradient, "gradients", lambda methods: projected("3"))
    assert not [name for name in names_of(study.of("clean")) if "‖g_F‖" in name]


def test_an_undefined_value_stays_undefined(tmp_path: Path) -> None:
    """Nothing is retained at a threshold of 0.95 by a network that is never sure."""
    checkpoint = network()
    with torch.no_grad():
        for parameter in checkpoint.model.parameters():
            parameter.mul_(0.01)
    data = images(tmp_path / "data", block=4)
    dull = Methods({"dull": checkpoint}, options=StudyOptions(data=data, run=cpu()))
    found = {quantity.measure: quantity for quantity in contamination.quantities(dull, dull.measured()[0])}
    assert found["retention at τ = 0.95"].values == (0.0,)
    assert math.isnan(found["ρ_F at τ = 0.95"].values[0]) and math.isnan(found["macro ρ_F at τ = 0.95"].values[0])
    row = next(row for row in compare([found["ρ_F at τ = 0.95"]], [found["ρ_F at τ = 0.95"]], draws=7))
    assert row.image_noise is not None and row.image_noise.undefined == 7 and row.seed_noise.paired is None


def test_without_a_feature_there_is_no_geometry(tmp_path: Path) -> None:
    data = images(tmp_path / "data", block=4)
    windows = Methods({"windows": network(feature=None)}, options=StudyOptions(data=data, run=cpu()))
    found, left_out = quantities_of(windows, windows.measured())
    assert "ECE" in names_of(found["windows"]) and "CDNV" not in names_of(found["windows"])
    assert any(sentence.startswith("Centroid geometry: ") and "--window 0" in sentence for sentence in left_out)
