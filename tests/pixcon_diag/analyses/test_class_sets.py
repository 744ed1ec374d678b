"""Means over different classes do not stand side by side in silence."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from pixcon_diag.analyses.boundary import rates_table
from pixcon_diag.analyses.boundary_counts import BoundaryCounts
from pixcon_diag.analyses.checkpoints import Training, checkpoints_table
from pixcon_diag.analyses.class_sets import uneven_note
from pixcon_diag.analyses.contamination import overall_table
from pixcon_diag.analyses.geometry import closest_table, table9
from pixcon_diag.analyses.measured import Measured
from pixcon_diag.measures.contamination import Contamination
from pixcon_diag.measures.geometry_result import GeometryResult
from pixcon_diag.passes.options import BandOptions
from pixcon_diag.passes.predictions import Predictions
from tests.pixcon_diag.analyses.made import evaluation_data, predictions

SAID = "mIoU averages different classes: a without dog."
BOTH = predictions("a", ((50, 60, 0), (50, 60, 0), (100, 100, 0)))
"""Two of three classes: the third is neither there nor predicted."""
ALL = predictions("b", ((50, 60, 0), (50, 60, 9), (100, 100, 0)))
"""It predicts the third."""


def test_classes_that_a_mean_lacks_are_named() -> None:
    assert uneven_note("mIoU", [(BOTH, BOTH.iou.present), (ALL, ALL.iou.present)]) == [SAID]
    assert uneven_note("m", [(BOTH, (0, 1)), (ALL, (1, 2))]) == [
        "m averages different classes: a without dog; b without ground."
    ]
    assert uneven_note("m", [(BOTH, (0, 1)), (ALL, (1, 0))]) == uneven_note("m", []) == []


def of_classes(*classes: str, dataset: str = "three") -> Predictions:
    """``ALL`` on a data set with other classes."""
    data = evaluation_data()
    spec = data.spec.model_copy(update={"name": dataset, "classes": classes})
    return replace(ALL, data=replace(data, source=replace(data.source, spec=spec)))


def test_means_over_the_classes_of_different_data_sets_are_called_that() -> None:
    other = of_classes("x", "cat", "dog", dataset="pets")
    assert uneven_note("m", [(BOTH, (0, 1)), (other, (0, 1))]) == [
        "m averages different classes: a is measured on three, b on pets (class 0 is 'ground' against 'x')."
    ]
    (more,) = uneven_note("m", [(BOTH, (0, 1)), (of_classes("ground", "cat", "dog", "cow"), (0, 1))])
    assert more.endswith("a is measured on three, b on three (3 classes against 4).")


def test_classes_in_another_order_are_the_same_classes() -> None:
    other = of_classes("dog", "ground", "cat")
    assert uneven_note("m", [(BOTH, (0, 1)), (other, (1, 2))]) == []
    assert uneven_note("m", [(BOTH, (0, 1)), (other, (0, 1))]) == [
        "m averages different classes: a without dog; b without cat."
    ]


def test_it_is_said_below_the_checkpoints() -> None:
    members: list[Any] = [Measured("g", member, Training(None, None)) for member in (BOTH, ALL)]
    assert SAID in checkpoints_table(members).notes
    assert len(checkpoints_table(members[:1] * 2).notes) == 1


def test_it_is_said_below_contamination() -> None:
    results = []
    for member, predicted in ((BOTH, [0, 1, 1]), (ALL, [0, 1, 2])):
        metric = Contamination(3, void=255, taus=(0.9,), widths=())
        metric.update(torch.ones(1, 1, 3), torch.tensor([[predicted]]), torch.tensor([[[0, 1, 1]]]))
        results.append(Measured("g", member, metric.compute()))  # type: ignore[arg-type]
    notes = overall_table(results).notes
    covered = "those predicted on a retained pixel"
    assert SAID in notes and f"macro ρ_F at τ = 0.9 averages different classes ({covered}): a without dog." in notes


def test_it_is_said_below_geometry() -> None:
    sums, pixels = np.eye(3) * 50, np.array([100, 100, 100])
    results = [
        Measured("g", member, GeometryResult.from_sums(sums, pixels * enough, (0, 1, 2), 50))
        for member, enough in ((BOTH, np.array([1, 1, 0])), (ALL, np.array([1, 1, 1])))
    ]
    assert "Each quantity averages different classes: a without dog." in table9(results).notes
    assert SAID in closest_table(results).notes and closest_table(results[:1]).notes == ()


def test_it_is_said_below_boundary_errors() -> None:
    counts = np.zeros((2, 3, 2), dtype=np.int64)
    results = [Measured("g", member, BoundaryCounts(counts, BandOptions((1, 3)))) for member in (BOTH, ALL)]
    assert SAID in rates_table(results).notes and SAID not in rates_table(results[:1]).notes
