"""Verdict tables of passes made by hand, and the refusal of the labeled training list."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pixcon_diag.analyses.filter_verdict import filter_verdict, judged, sentence, verdict_classes_table, verdict_table
from tests.pixcon_diag.analyses.made import column, evaluation_data, provenance

IMAGES = 60


def measured(name: str = "x", *, labeled: int | None = 0, tau: float = 0.95) -> Any:
    """A pass with 3 % wrong pixels in class 0 and 30 % in class 1, but none on the first ``labeled`` images."""
    data = evaluation_data(IMAGES)
    cells = np.zeros((IMAGES, 3, 3), dtype=np.int64)
    cells[:, 0], cells[:, 1] = (970, 30, 5), (70, 30, 5)
    cells[: labeled or 0, :, 1] = 0
    cells[::2, 1, 1] += 60  # the rate varies over images
    wrong, retained = cells[..., 1].sum(1), cells[..., :2].sum((1, 2))
    return SimpleNamespace(
        name=name,
        data=data,
        provenance=provenance(name, data),
        counts=SimpleNamespace(retained=lambda _: np.stack((retained + 100, retained, wrong), 1)),
        cells=SimpleNamespace(edges=(tau,), retained=lambda _: cells),
        maps=None,
        labeled=None if labeled is None else np.arange(IMAGES) < labeled,
    )


def test_overall_and_class_verdicts_come_from_the_counts() -> None:
    result = filter_verdict(measured(), (0.95,))
    (at,) = result.thresholds
    assert at.overall.decision == "floor" and [v.decision for v in at.classes] == ["strict", "floor", "none"]
    assert at.overall.retained == 1130 * IMAGES  # unknown pixels are not counted


def test_images_of_the_labeled_list_do_not_count() -> None:
    some = filter_verdict(measured(labeled=20), (0.95,))
    assert (some.images, some.left_out) == (40, 20)
    everywhere = filter_verdict(measured(), (0.95,)).thresholds[0].overall
    assert some.thresholds[0].overall.pi_kept == pytest.approx(everywhere.pi_kept)
    every = judged([("g", measured(labeled=IMAGES))], (0.95,))
    assert every[0].result.thresholds[0].overall.decision == "none"
    notes = " ".join(verdict_table(every).notes)
    assert "all images are of the labeled training list" in notes and "leaves them out" not in notes
    assert "20 of the images are of the labeled" in " ".join(
        verdict_table(judged([("g", measured(labeled=20))], (0.95,))).notes
    )


def test_an_unknown_labeled_list_is_said() -> None:
    notes = verdict_table(judged([("g", measured("public", labeled=None))], (0.95,))).notes
    assert any(note.startswith("public: the labeled training list is unknown") for note in notes)


def test_the_tables_and_the_sentence() -> None:
    results = judged([("g", measured("x")), ("g", measured("y"))], (0.95,))
    table = verdict_table(results)
    assert column(table, "name") == ["x", "y"] and column(table, "verdict") == ["floor", "floor"]
    assert sum("design effect" in note for note in table.notes) == 1
    record = table.records()[0]
    assert record["design_effect"] >= 1 and record["sentence"].startswith("π_kept = 0.9")
    assert "below τ = 0.95: lower the threshold to an adaptive floor." in record["sentence"]
    classes = verdict_classes_table(results)
    assert column(classes, "class") == ["ground", "cat", "dog"] * 2
    assert column(classes, "verdict")[:3] == ["strict", "floor", "none"]
    assert results[0].result.to_dict()["thresholds"][0]["sentence"] == sentence(results[0].result.thresholds[0].overall)


def test_a_threshold_without_cells_and_maps_is_named() -> None:
    table = verdict_classes_table(judged([("g", measured(tau=0.9))], (0.935,)))
    assert table.rows == () and "Not judged by class at τ = 0.935: the pass was not cached." in table.notes
