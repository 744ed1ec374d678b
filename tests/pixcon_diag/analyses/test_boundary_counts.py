"""Boundary counts from label maps: no network, and the numbers of the metric fed with the same maps."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixcon_diag.analyses import boundary_recount
from pixcon_diag.analyses.boundary_counts import MeasuredBoundary, measure_boundaries
from pixcon_diag.cache.measure import measure
from pixcon_diag.data.evaluation_data import EvaluationData
from pixcon_diag.measures.boundary import BoundaryError
from pixcon_diag.passes.options import BandOptions
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass, Predictions, measure_predictions, read_target
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.void import VOID
from tests.pixcon_diag.passes.small import SIZES, cpu, images, listed, network

FINE = BandOptions((5, 1), "euclidean", "nearest")


@pytest.fixture
def data(tmp_path: Path) -> EvaluationData:
    return images(tmp_path / "data", block=4)


def passed(data: EvaluationData, place: Path, seed: int = 0) -> MeasuredPass:
    return measure(network(f"seed {seed}", seed), data, run=cpu(), cache=place)


def one(*members: Predictions, options: BandOptions | None = None) -> list[MeasuredBoundary]:
    return measure_boundaries([MeasuredGroup("mine", members)], options or BandOptions())


def metric(member: Predictions, options: BandOptions) -> BoundaryError:
    """The metric, fed with the member's label maps."""
    found = BoundaryError(member.data.spec.num_classes, void=VOID, **asdict(options))
    for index in range(len(member.data.pairs)):
        maps = (member.label_maps.read(index), read_target(member.data, index))
        found.update(*(torch.from_numpy(labels)[None] for labels in maps))
    return found


@pytest.mark.parametrize("options", [BandOptions(), FINE, BandOptions((1,), void_mode="ignore")])
def test_the_counts_are_those_of_the_metric(data: EvaluationData, tmp_path: Path, options: BandOptions) -> None:
    (found,) = one(member := passed(data, tmp_path / "kept"), options=options)
    assert found.result.rates == metric(member, options).compute()
    counts = found.result.counts
    assert counts.shape == (len(SIZES), len(options.widths) + 1, 2) and counts.dtype == np.int64
    assert found.result.options.widths == tuple(sorted(options.widths))  # and so the counts are
    assert all(0 < at.share < 1 for at in found.result.rates.widths)
    overall = member.statistics.sum((0, 2))
    assert counts[:, -1].sum(0).tolist() == [overall[2], overall[2] - overall[0]]


def test_members_of_one_list_share_its_bands(
    data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    bands = boundary_recount.boundary_bands

    def counting(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return bands(*arguments, **options)

    monkeypatch.setattr(boundary_recount, "boundary_bands", counting)
    members = [passed(data, tmp_path / "kept", seed) for seed in range(3)]
    groups = [MeasuredGroup("a", tuple(members[:2])), MeasuredGroup("b", tuple(members[2:]))]
    steps: list[tuple[int, int]] = []
    found = measure_boundaries(groups, FINE, lambda *step: steps.append(step))
    assert len(calls) == len(SIZES)
    assert [(measured.group, measured.name) for measured in found] == [
        ("a", "seed 0"),
        ("a", "seed 1"),
        ("b", "seed 2"),
    ]
    assert [measured.result.rates for measured in found] == [metric(member, FINE).compute() for member in members]
    assert len({measured.result.rates for measured in found}) == 3
    assert steps == [(index, len(SIZES)) for index in range(len(SIZES) + 1)]


def test_two_lists_each_have_their_own_bands(data: EvaluationData, tmp_path: Path) -> None:
    part = listed(data.source.root, list(data.pairs[3:]), "part.txt")
    members = [passed(data, tmp_path / "kept"), passed(part, tmp_path / "kept"), passed(data, tmp_path / "kept", 1)]
    steps: list[tuple[int, int]] = []
    groups = [MeasuredGroup(str(index), (member,)) for index, member in enumerate(members)]
    found = measure_boundaries(groups, FINE, lambda *step: steps.append(step))
    assert [measured.group for measured in found] == ["0", "1", "2"]
    assert [measured.result.rates for measured in found] == [metric(member, FINE).compute() for member in members]
    assert (found[1].result.counts == found[0].result.counts[3:]).all()
    assert steps == [(index, len(SIZES) + 2) for index in range(len(SIZES) + 3)]


def test_another_width_needs_no_network(data: EvaluationData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member = passed(data, tmp_path / "kept")

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was run")

    monkeypatch.setattr("pixcon_diag.passes.run.predict", never)
    results = [one(member, options=BandOptions((width,)))[0].result.rates for width in (1, 4, 30)]
    assert [rates.widths[0].width for rates in results] == [1, 4, 30]
    shares = [rates.widths[0].share for rates in results]
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_a_width_named_twice_counts_once(data: EvaluationData, tmp_path: Path) -> None:
    (found,) = one(passed(data, tmp_path / "kept"), options=BandOptions((3, 1, 3)))
    assert [at.width for at in found.result.rates.widths] == [1, 3]


def test_saved_predictions_count_as_the_pass_that_made_them(data: EvaluationData, tmp_path: Path) -> None:
    member = passed(data, tmp_path / "kept")
    for pair, file in zip(data.pairs, member.label_maps.files, strict=True):
        (target := tmp_path / "saved" / pair.image).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    first, saved = one(member, measure_predictions(tmp_path / "saved", data))
    assert (first.result.counts == saved.result.counts).all() and saved.name == "saved"


def test_what_cannot_be_counted_is_named(data: EvaluationData, tmp_path: Path) -> None:
    member = passed(data, tmp_path / "kept")
    with pytest.raises(ConfigError, match="at least 1 pixel, got 0"):
        one(member, options=BandOptions((0,)))
    with pytest.raises(ConfigError, match="seed 0's label maps were not cached"):
        one(measure(network("seed 0"), data, run=cpu()), options=FINE)
    member.label_maps.files[2].unlink()
    with pytest.raises(DataError, match=member.label_maps.files[2].name):
        one(member, options=FINE)


def test_bands_that_the_pass_counted_need_no_label_map(data: EvaluationData, tmp_path: Path) -> None:
    member, steps = passed(data, tmp_path / "kept"), []
    for file in member.label_maps.files:
        file.unlink()
    groups = [MeasuredGroup("mine", (member,))]
    (all_widths,) = measure_boundaries(groups, BandOptions(), lambda *step: steps.append(step))
    (some,) = measure_boundaries(groups, BandOptions((5, 1)))
    assert steps == [] and some.result.options.widths == (1, 5)
    assert (some.result.counts == all_widths.result.counts[:, [0, 2, 3]]).all()
    with pytest.raises(DataError):
        one(member, options=BandOptions((2,)))
