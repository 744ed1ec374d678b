"""The matrices show the classes that have centroids, and mark those that are confused most."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pixcon_diag.reporting.page import centroids
from pixcon_diag.reporting.page.centroids import Centroids, Matrix, centroids_of, confused_table, matrices_html
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.tables.result import Result

CLASSES = ("ground", "cat", "dog", "cow", "absent")
COSINE = [[1, 0.5, 0, 0, None], [0.5, 1, 0.8, -0.2, None], [0, 0.8, 1, 0.3, None], [0, -0.2, 0.3, 1, None], [None] * 5]
CONFUSION = np.array([[900, 90, 10, 0, 0], [0, 60, 40, 0, 0], [0, 10, 190, 0, 0], [5, 0, 0, 95, 0], [0, 0, 0, 0, 0]])


def checkpoint(name: str, group: str) -> dict[str, Any]:
    geometry = {"cosine": COSINE, "mean_inter": 0.3}
    return {"name": name, "group": group, "classes": CLASSES, "foreground": (1, 2, 3, 4), "geometry": geometry}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Centroids:
    """Two seeds of a method and one of another, whose label maps were not cached."""
    monkeypatch.setattr(centroids, "error_budgets", lambda _: {"a seed 0": SimpleNamespace(confusion=CONFUSION)})
    results = [checkpoint("a seed 0", "a"), checkpoint("a seed 1", "a"), checkpoint("b", "b")]
    methods: Any = None
    return centroids_of(Context(methods, {"geometry": Result.of("geometry", [], results=results)}))


def test_the_first_checkpoint_of_each_method_is_shown_over_foreground_classes_that_are_there(shown: Centroids) -> None:
    assert shown.kept == (1, 2, 3) and shown.measured == 3
    assert [(matrix.name, matrix.title) for matrix in shown.matrices] == [
        ("a seed 0", "a (first of 2 seeds)"),
        ("b", "b"),
    ]
    assert np.isnan(shown.matrices[0].cosine[[0, 1, 4], [1, 1, 2]]).all()


def test_pairs_are_ranked_by_the_rate_within_the_true_class(shown: Centroids) -> None:
    pairs = [(pair.truth, pair.predicted, pair.rate, pair.pixels, pair.cosine) for pair in shown.confused()]
    assert pairs == [(1, 2, 0.4, 40, 0.8), (2, 1, 0.05, 10, 0.8)]
    table = confused_table(shown)
    assert table is not None and table.texts()[0] == ["a seed 0", "cat", "dog", "40.00", "40", "0.800"]
    alone = Centroids(shown.classes, shown.kept, 3, shown.matrices[1:])
    assert confused_table(alone) is None


def test_the_scale_is_fixed_and_numbers_stand_in_the_cells(shown: Centroids) -> None:
    html = str(matrices_html(shown))
    matrix = html[html.index("<table") : html.index("</table>")]
    cells = re.findall(r'<td(?: class="([^"]*)" style="--v:(\d+)")?>([^<]*)</td>', matrix)
    assert cells[1:] == [
        ("", "", ""), ("cosine confused", "80", ".80"), ("cosine", "0", "−.20"),
        ("cosine confused", "80", ".80"), ("", "", ""), ("cosine", "30", ".30"),
        ("cosine", "0", "−.20"), ("cosine", "30", ".30"), ("", "", ""),
    ]  # fmt: skip
    assert ">absent<" not in html and ">ground<" not in html
    assert "first of 2 seeds): mean cosine .300" in html and 'class="cosines">' in html


def test_the_script_knows_every_count(shown: Centroids) -> None:
    first, second = shown.to_data()["matrices"]
    assert first["confusion"] == [[60, 40, 0], [10, 190, 0], [0, 0, 95]] and first["pixels"] == [100, 200, 100]
    assert second["confusion"] is None and second["cosine"][1][2] == 0.3


def test_of_too_many_classes_those_with_the_nearest_centroids_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    count = centroids.MOST_CLASSES + 10
    cosine = np.full((count, count), 0.1)
    cosine[-1, 3] = cosine[3, -1] = 0.9
    np.fill_diagonal(cosine, np.nan)
    matrix = Matrix("a", "a", 0.1, cosine, None)
    kept = centroids._nearest(range(count), [matrix])
    assert len(kept) <= centroids.MOST_CLASSES and {3, count - 1} <= set(kept) and list(kept) == sorted(kept)
    shown = Centroids(tuple(f"class {k}" for k in range(count)), kept, count, (matrix,))
    html = str(matrices_html(shown))
    assert f"the {len(kept)} of {count} classes with the nearest centroids" in html and 'class="cosines wide">' in html
