"""Retained pixels by class: from the pass or from its maps, the same counts."""

from pathlib import Path

import numpy as np
import pytest

from pixcon_diag.analyses import retained_classes
from pixcon_diag.analyses.retained_classes import retained_by_class
from pixcon_diag.cache.measure import measure
from pixcon_diag.groups.bars import no_bar
from pixcon_diag.passes.predictions import MeasuredPass
from tests.pixcon_diag.passes.small import cpu, images, network


@pytest.fixture
def measured(tmp_path: Path) -> MeasuredPass:
    return measure(network(), images(tmp_path / "data"), run=cpu(), cache=tmp_path / "diag")


@pytest.mark.parametrize("tau", [0.5, 0.9, 0.95])
def test_maps_give_the_counts_of_the_pass(measured: MeasuredPass, tau: float) -> None:
    counted = retained_by_class(measured, tau, no_bar)
    assert counted is not None and counted.sum() > 0
    with no_bar("") as progress:
        assert np.array_equal(counted, retained_classes._count(measured, tau, progress))


def test_other_thresholds_are_counted_once(measured: MeasuredPass, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0.535 not in measured.cells.edges
    counted = retained_by_class(measured, 0.535, no_bar)
    assert counted is not None
    _, retained, wrong = measured.counts.retained(0.535).T
    assert np.array_equal(counted.sum((1, 2)), retained) and np.array_equal(counted[..., 1].sum(1), wrong)
    monkeypatch.delattr(retained_classes, "_count")
    assert np.array_equal(retained_by_class(measured, 0.535, no_bar), counted)


def test_without_a_cache_only_the_usual_thresholds_are_counted(tmp_path: Path) -> None:
    measured = measure(network(), images(tmp_path / "data"), run=cpu())
    assert retained_by_class(measured, 0.535, no_bar) is None
    assert retained_by_class(measured, 0.9, no_bar) is not None
