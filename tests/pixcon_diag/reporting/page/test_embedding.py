"""The section on the embedding: differences against each baseline, and the maps that its script draws."""

from typing import Any

import pytest

from pixcon_diag.reporting.page import embedding
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table

TSNE = {
    "classes": ("ground", "cat"),
    "palette": [[0, 0, 0], [255, 128, 1]],
    "projection": {
        "labels": [0, 1, 1],
        "pixels": [["b.jpg", 2, 6], ["a.jpg", 2, 2], ["b.jpg", 10, 2]],
        "projections": [{"name": "none", "positions": [[-2.0, 0.0], [2.0, 1.0], [0.0, 2.0]]}],
    },
    "predicted": {"none": [0, 0, 1]},
    "confidence": {"none": None},
}


def row(measure: str, difference: float, low: float | None, high: float | None, *, higher: bool) -> dict[str, Any]:
    noise = None if low is None else {"low": low, "high": high, "images": 20}
    seeds = {"first": {"mean": 0.5}, "second": {"mean": 0.5 + difference}, "difference": difference}
    return {"measure": measure, "higher_is_better": higher, "image_noise": noise, "seed_noise": seeds}


def context(**results: Result) -> Context:
    methods: Any = None
    by = {"none": {"compare": results["compare"]}} if "compare" in results else {}
    return Context(methods, results, by)


def compared() -> Result:
    rows = [
        row("mIoU", 0.1, 0.05, 0.2, higher=True),
        row("compactness", 0.02, 0.01, 0.03, higher=True),
        row("mean inter-class cosine", 0.02, 0.01, 0.03, higher=False),
        row("margin", 0.01, -0.01, 0.03, higher=True),
        row("CDNV", -0.2, None, None, higher=False),
    ]
    return Result.of("compare", [], comparisons=[{"other": "clean", "rows": rows}])


def test_without_features_there_is_no_section() -> None:
    assert embedding.section(context()) is None
    assert embedding.section(context(geometry=Result.of("geometry", [], results=[]))) is None


def test_differences_are_judged_by_their_interval() -> None:
    tables = embedding._delta_tables({"none": {"compare": compared()}, "of/logs": {}})
    assert [(baseline, table.name) for baseline, table in tables.items()] == [("none", "geometry_against_none")]
    assert [row[-1] for row in tables["none"].rows] == ["better", "worse", "undecided", "better, no interval"]


def test_each_baseline_has_its_differences_to_show_and_to_save() -> None:
    made = context(tsne=Result.of("tsne", [], **TSNE), compare=compared())
    section = embedding.section(made)
    assert section is not None and [table.name for table in section.tables] == ["geometry_against_none"]
    assert '<div class=variant data-baseline="none">' in section.body and "mIoU" not in section.body


@pytest.mark.parametrize(("difference", "word"), [(0.0, "equal"), (float("nan"), "")])
def test_no_difference_is_no_improvement(difference: float, word: str) -> None:
    assert embedding._judged(difference, None, higher=True) == word


def test_maps_name_each_image_once_and_keep_one_scale_on_both_axes() -> None:
    table = Table("tsne", "Separability", (Column("name", "checkpoint"),), (("none",),))
    section = embedding.section(context(tsne=Result.of("tsne", [table], **TSNE)))
    assert section is not None and "id=tsne-maps" in section.body and section.data["centroids"] is None
    data = section.data["tsne"]
    assert data["images"] == ["b.jpg", "a.jpg"] and data["pixels"] == [[0, 2, 6], [1, 2, 2], [0, 10, 2]]
    assert data["palette"] == ["#000000", "#ff8001"]
    assert data["maps"] == [
        {"name": "none", "places": [[0, 250], [1000, 500], [500, 750]], "predicted": [0, 0, 1], "confidence": None}
    ]


def test_points_at_one_place_are_still_drawn() -> None:
    assert embedding._places([[1.0, 2.0]]) == [[500, 500]]


def test_table_9_leaves_its_difference_to_the_table_with_intervals() -> None:
    columns = (Column("quantity", "quantity"), Column("delta", "Δ", "delta"))
    table = Table("geometry", "Geometry", columns, (("margin", 0.1),), ("Δ = clean − none.", "Feature."))
    result = Result.of("geometry", [table], results=[])
    both = [embedding._separation(context(geometry=result), compared=compared) for compared in (False, True)]
    assert ["Δ" in html for html in both] == [True, False] and "Feature." in both[1]
