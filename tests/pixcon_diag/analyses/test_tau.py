"""The table of thresholds with a guarantee."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from pixcon_diag.analyses.tau import result_of
from pixcon_diag.tables.result import Result
from tests.pixcon_diag.analyses.made import column, evaluation_data, provenance, sound
from tests.pixcon_diag.measures.test_controlled_threshold import EDGES, histogram


def analysed(*, labeled: Any = None, alpha: float = 0.05, images: int = 400) -> Result:
    data = evaluation_data(images)
    counts = SimpleNamespace(histogram=histogram(images), edges=EDGES)
    member = SimpleNamespace(name="x", data=data, provenance=provenance("x", data), counts=counts, labeled=labeled)
    methods: Any = SimpleNamespace(
        passes=lambda: [(SimpleNamespace(group="g"), member)], options=SimpleNamespace(seed=0)
    )
    return result_of(methods, alpha=alpha)


def test_the_promised_and_the_plain_threshold_stand_side_by_side(tmp_path: Path) -> None:
    result = analysed()
    (table,), (curve,) = result.tables, result.files
    assert column(table, "promised_tau") == column(table, "plain_tau") == [0.5]
    assert column(table, "efficient_tau") == [0.99] and column(table, "images") == [400]
    assert column(curve, "tau") == list(EDGES)
    assert table.notes[0].startswith("x: With probability 0.9") and "list is unknown" in table.notes[-1]
    (record,) = sound(result, tmp_path)["results"]
    assert record["sentence"] == table.notes[0].removeprefix("x: ")
    assert record["tau"]["promised"]["tau"] == 0.5 and record["tau"]["interval"]["level"] == 0.95


def test_without_a_promise_cells_are_empty_and_the_reason_is_given() -> None:
    table = analysed(alpha=0.001).tables[0]
    assert table.texts()[0][4:7] == ["–", "–", "–"] and "No τ can be promised" in table.notes[0]
    some = analysed(labeled=np.arange(400) < 30).tables[0]
    assert any("30 images of the labeled training list are left out" in note for note in some.notes)
