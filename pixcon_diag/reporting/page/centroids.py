"""Cosines of class centroids beside the confusions of the same classes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from pixcon_diag.analyses.error_budgets import error_budgets
from pixcon_diag.reporting.page.section import Context
from pixcon_diag.statistics.spread import quotients
from pixcon_diag.tables.table import Column, Table

MOST_CLASSES = 40
"""Most classes of a matrix; of more, those of the nearest pairs are shown."""
MARKED = 5
"""Most confused pairs that are marked in each matrix."""
WIDE = 14
"""Classes from which on every matrix has a row of the page for itself."""


class Confused(NamedTuple):
    """Pixels of one class that are predicted as another."""

    name: str
    truth: int
    predicted: int
    rate: float
    """Of the valid pixels of the true class."""
    pixels: int
    cosine: float


@dataclass(frozen=True)
class Matrix:
    """One checkpoint."""

    name: str
    title: str
    mean: float
    """Mean inter-class cosine."""
    cosine: np.ndarray
    """(K, K); NaN for classes without enough pixels and on the diagonal."""
    confusion: np.ndarray | None
    """(K, K) valid pixels by target and predicted class; None where the label maps were not cached."""

    @property
    def rates(self) -> np.ndarray | None:
        """(K, K): share of a true class's valid pixels that are predicted as another class."""
        return None if self.confusion is None else quotients(self.confusion, self.confusion.sum(1)[:, None])


@dataclass(frozen=True)
class Centroids:
    """The first checkpoint of each method, on the same classes."""

    classes: tuple[str, ...]
    kept: tuple[int, ...]
    """Classes with a centroid in some matrix, at most :data:`MOST_CLASSES`."""
    measured: int
    """Classes with a centroid in some matrix."""
    matrices: tuple[Matrix, ...]

    def confused(self) -> list[Confused]:
        """The most confused pairs of classes that are shown, of each matrix."""
        return [pair for matrix in self.matrices for pair in self.of(matrix)]

    def of(self, matrix: Matrix) -> list[Confused]:
        """The most confused pairs of one matrix, the highest rate first."""
        rates, confusion = matrix.rates, matrix.confusion
        if rates is None or confusion is None:
            return []
        pairs = [
            Confused(matrix.name, j, k, float(rates[j, k]), int(confusion[j, k]), float(matrix.cosine[j, k]))
            for j in self.kept
            for k in self.kept
            if j != k and confusion[j, k]
        ]
        return sorted(pairs, key=lambda pair: -pair.rate)[:MARKED]

    def to_data(self) -> dict[str, Any]:
        """What the script names in the cells."""
        chosen = np.ix_(self.kept, self.kept)
        return {
            "classes": self.classes,
            "kept": self.kept,
            "matrices": [
                {
                    "name": matrix.name,
                    "cosine": np.round(matrix.cosine[chosen], 4).tolist(),
                    "confusion": None if matrix.confusion is None else matrix.confusion[chosen].tolist(),
                    "pixels": None if matrix.confusion is None else matrix.confusion.sum(1)[[*self.kept]].tolist(),
                }
                for matrix in self.matrices
            ],
        }


def centroids_of(context: Context) -> Centroids:
    """The matrices of the first checkpoint of each method."""
    results = context.content("geometry")["results"]
    seeds: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        seeds.setdefault(result["group"], []).append(result)
    budgets = error_budgets(context.methods)
    matrices = tuple(_matrix(group, members, budgets) for group, members in seeds.items())
    defined = np.any([~np.isnan(matrix.cosine).all(1) for matrix in matrices], axis=0)
    measured = tuple(np.flatnonzero(defined).tolist())
    return Centroids(tuple(results[0]["classes"]), _nearest(measured, matrices), len(measured), matrices)


def _matrix(group: str, members: Sequence[Mapping[str, Any]], budgets: Mapping[str, Any]) -> Matrix:
    first = members[0]
    cosine = np.full((len(first["classes"]), len(first["classes"])), np.nan)
    chosen = np.ix_(first["foreground"], first["foreground"])
    cosine[chosen] = np.array(first["geometry"]["cosine"], dtype=float)[chosen]
    np.fill_diagonal(cosine, np.nan)
    budget = budgets.get(first["name"])
    title = group if len(members) == 1 else f"{group} (first of {len(members)} seeds)"
    mean = first["geometry"]["mean_inter"]
    return Matrix(first["name"], title, mean, cosine, None if budget is None else budget.confusion)


def _nearest(measured: Sequence[int], matrices: Sequence[Matrix]) -> tuple[int, ...]:
    """The classes themselves, or of too many those of the pairs with the highest cosine in any matrix."""
    if len(measured) <= MOST_CLASSES:
        return tuple(measured)
    highest = np.nanmax(np.stack([np.nan_to_num(matrix.cosine, nan=-1) for matrix in matrices]), axis=0)
    kept: set[int] = set()
    for j, k in np.dstack(np.unravel_index(np.argsort(-np.triu(highest + 1), axis=None), highest.shape))[0].tolist():
        if len(kept | {j, k}) > MOST_CLASSES:
            break
        kept |= {j, k}
    return tuple(sorted(kept))


def confused_table(shown: Centroids) -> Table | None:
    """The marked pairs with their cosine, which stands for a matrix where colours are not seen; None without maps."""
    pairs = shown.confused()
    if not pairs:
        return None
    return Table.of(
        "confused_pairs",
        "Most confused pairs of classes, and the cosine of their centroids",
        pairs,
        (
            Column("name", "checkpoint"),
            Column("truth", "truth", of=lambda r: shown.classes[r.truth]),
            Column("predicted", "prediction", of=lambda r: shown.classes[r.predicted]),
            Column("rate", "of the class %", "per_cent"),
            Column("pixels", "pixels", "count"),
            Column("cosine", "cosine", "number", 3),
        ),
        [
            f"The {MARKED} pairs of foreground classes with the highest rate: valid pixels of the true class that are "
            "predicted as the other, of all its valid pixels. Centroids are of the true classes."
        ],
    )


def matrices_html(shown: Centroids) -> Markup:
    """A matrix per method, all on one fixed scale from 0 to 1."""
    scope = f"the {len(shown.kept)} of {shown.measured} classes with the nearest centroids" if (
        len(shown.kept) < shown.measured
    ) else "foreground classes with enough pixels"  # fmt: skip
    figures = Markup("").join(_figure(shown, place, matrix) for place, matrix in enumerate(shown.matrices))
    return _MATRICES.format(
        scope=scope,
        marked=MARKED,
        scale=Markup("").join(
            Markup('<span class=cosine style="--v:{}">{}</span>').format(10 * step, f"{step / 10:g}")
            for step in range(0, 11, 2)
        ),
        wide=Markup(" wide") if len(shown.kept) > WIDE else "",
        figures=figures,
    )


_MATRICES = Markup(
    "<h3 id=centroids>Cosine of class centroids</h3>"
    "<p class=about>Of {scope}. Rows are true classes and columns predictions: a cell shows how near the two centroids "
    "are, and names how often the one class is predicted as the other.</p>"
    '<p class=cosine-scale><span>Scale, the same in every report:</span> {scale} <span class="cosine confused" '
    'style="--v:0">mark</span> <span>the {marked} most confused pairs of each method</span></p>'
    '<p class=readout id=cosine-readout aria-live=polite></p><div class="cosines{wide}">{figures}</div>'
)


def _figure(shown: Centroids, place: int, matrix: Matrix) -> Markup:
    marked = {(pair.truth, pair.predicted) for pair in shown.of(matrix)}
    heads = Markup("").join(Markup("<th scope=col><span>{}</span></th>").format(shown.classes[k]) for k in shown.kept)
    rows = Markup("").join(
        Markup("<tr><th scope=row>{}</th>{}</tr>").format(
            shown.classes[j], Markup("").join(_cells(matrix, j, shown, marked))
        )
        for j in shown.kept
    )
    return _FIGURE.format(place=place, title=matrix.title, mean=_number(matrix.mean, 3), heads=heads, rows=rows)


_FIGURE = Markup(
    "<figure><figcaption>{title}: mean cosine {mean}</figcaption>"
    '<div class=scroll><table class=cosine-matrix data-matrix="{place}" aria-label="Centroid cosines, {title}">'
    "<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div></figure>"
)


def _cells(matrix: Matrix, j: int, shown: Centroids, marked: set[tuple[int, int]]) -> Iterator[Markup]:
    for k in shown.kept:
        value = matrix.cosine[j, k]
        if np.isnan(value):
            yield Markup("<td>{}</td>").format("" if j == k else "–")
        else:
            look = "cosine confused" if (j, k) in marked else "cosine"
            color = round(100 * min(max(value, 0.0), 1.0))
            yield Markup('<td class="{}" style="--v:{}">{}</td>').format(look, color, _number(value, 2))


def _number(value: float | None, digits: int) -> str:
    """A cosine without the zero before its point."""
    if value is None or np.isnan(value):
        return "–"
    return f"{value:.{digits}f}".replace("0.", ".").replace("-", "−")
