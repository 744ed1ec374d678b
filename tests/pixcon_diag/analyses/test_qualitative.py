"""The table beside the grid."""

import math
from typing import Any

from pixcon_diag.analyses.panels import Choice, Chosen
from pixcon_diag.analyses.qualitative import ranking_table
from pixcon_diag.measures.qualitative import RankedImage, Ranking
from tests.pixcon_diag.analyses.made import ODD, check_latex, predictions

COUNTS = ((70, 0, 0), (70, 15, 15), (100, 0, 0))


def chosen(*methods: str, undefined: tuple[str, ...] = ()) -> Chosen:
    other = 0.25 if len(methods) > 1 else math.nan
    images = (RankedImage(4, "images/a_1.jpg", 0.5, other, other - 0.5), RankedImage(0, "b.jpg", 0.0, other, other))
    rank_by: Any = "error-diff" if len(methods) > 1 else "error"
    ranking = Ranking(rank_by, images, 5, undefined)
    members = tuple(predictions(f"{method} 0", COUNTS) for method in methods)
    return Chosen(methods, members, ranking, Choice(rank_by))


def test_two_methods_have_their_difference() -> None:
    table = ranking_table(chosen("none", ODD, undefined=("void.jpg",)))
    assert table.texts() == [["images/a_1.jpg", "50.00", "25.00", "-25.00"], ["b.jpg", "0.00", "25.00", "+25.00"]]
    assert [column.head for column in table.columns] == ["image", "error % none", ODD, "Δ (↓)"]
    assert table.notes[0] == f"Ranked by error-diff, error of none − error of {ODD}, among 5 images."
    assert f"Δ = {ODD} − none." in table.notes[1] and f"{ODD} is better on 1, worse on 1." in table.notes[1]
    assert table.notes[2] == "The largest gains come first; --rank-by both shows the largest losses too."
    assert table.notes[3] == f"The first checkpoint of each method: none 0, {ODD} 0."
    assert table.notes[4] == "1 images have no valid pixel, so no error."
    check_latex(table)


def test_one_method_has_its_error_alone() -> None:
    table = ranking_table(chosen("none"))
    assert table.texts() == [["images/a_1.jpg", "50.00"], ["b.jpg", "0.00"]]
    assert table.notes == ("Ranked by error among 5 images.", "The first checkpoint of each method: none 0.")
