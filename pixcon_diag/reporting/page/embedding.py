"""The embedding: how near the class centroids are, which classes are confused, and the t-SNE maps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from markupsafe import Markup

from pixcon_diag.analyses.deltas import BETTER, arrow, by_interval
from pixcon_diag.reporting.page.centroids import Centroids, centroids_of, confused_table, matrices_html
from pixcon_diag.reporting.page.section import Context, Section
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table

MEASURES = ("compactness", "mean inter-class cosine", "max inter-class cosine", "margin", "CDNV")
"""Rows of a comparison that are of the embedding."""
GRID = 1000
"""Steps of the positions on a map, from one side to the other."""


def section(context: Context) -> Section | None:
    """Centroids and maps; None where no checkpoint has a feature."""
    measured, maps = context.content("geometry").get("results"), context.content("tsne").get("projection")
    if not measured and not maps:
        return None
    shown = centroids_of(context) if measured else None
    pairs = confused_table(shown) if shown else None
    deltas = _delta_tables(context.by_baseline)
    differences = context.variants(lambda baseline, _: table_html(deltas[baseline]) if baseline in deltas else None)
    body = Markup("").join(
        (_separation(context, compared=bool(deltas)), differences, _matrices(shown, pairs), _maps(context))
    )
    return Section(
        "embedding",
        "Embedding",
        "How compact the classes are in feature space, how near their centroids are, and whether near classes are the "
        "confused ones (Sec. G.4, Table 9, Fig. 11).",
        body,
        {
            "centroids": shown.to_data() if shown else None,
            "tsne": _tsne_data(context.content("tsne")) if maps else None,
        },
        tables=(*deltas.values(), *((pairs,) if pairs else ())),
    )


def _separation(context: Context, *, compared: bool) -> Markup:
    """Table 9, without its Δ where a table of differences follows, and the numbers of each checkpoint."""
    table = context.table("geometry", "geometry")
    if table is None:
        return Markup("")
    if compared:
        kept = [place for place, column in enumerate(table.columns) if column.key != "delta"]
        table = replace(
            table,
            columns=tuple(table.columns[place] for place in kept),
            rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
            notes=tuple(note for note in table.notes if not note.startswith("Δ")),
        )
    closest = context.table("geometry", "geometry_checkpoints")
    return table_html(table) + (Markup("") if closest is None else table_html(closest, folded=True))


class _Delta(NamedTuple):
    """One measure of two methods."""

    measure: str
    other: str
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    better: str


def _delta_tables(by_baseline: Mapping[str, Mapping[str, Result]]) -> dict[str, Table]:
    """Δ of every other method by the baseline; empty without a comparison of embeddings."""
    tables = {}
    for baseline, part in file_parts([*by_baseline]).items():
        compare = by_baseline[baseline].get("compare")
        rows = [] if compare is None else list(_deltas(compare.content["comparisons"]))
        if rows:
            tables[baseline] = _delta_table(baseline, rows, f"geometry_against_{part}")
    return tables


def _deltas(comparisons: Sequence[Mapping[str, Any]]) -> Iterator[_Delta]:
    for comparison in comparisons:
        for row in comparison["rows"]:
            if row["measure"] in MEASURES:
                yield _delta(comparison["other"], row)


def _delta(other: str, row: Mapping[str, Any]) -> _Delta:
    seeds, images = row["seed_noise"], row["image_noise"] or {}
    low, high = images.get("low"), images.get("high")
    return _Delta(
        f"{row['measure']} ({arrow(row['higher_is_better'])})",
        other,
        seeds["first"]["mean"],
        seeds["second"]["mean"],
        seeds["difference"],
        low,
        high,
        _judged(seeds["difference"], row["image_noise"], higher=row["higher_is_better"]),
    )


def _judged(difference: float, noise: Mapping[str, Any] | None, *, higher: bool) -> str:
    """Whether a difference is for the better; its interval decides where there is one."""
    if noise and (word := by_interval(noise["low"], noise["high"], noise["images"], higher_is_better=higher)):
        return word
    if not difference > 0 and not difference < 0:
        return "equal" if difference == 0 else ""
    return f"{'better' if (difference > 0) == higher else 'worse'}, no interval"


def _delta_table(baseline: str, rows: Sequence[_Delta], name: str) -> Table:
    return Table.of(
        name,
        f"Differences from {baseline}",
        rows,
        (
            Column("measure", "measure"),
            Column("other", "method"),
            Column("before", baseline, "number", 3),
            Column("after", "value", "number", 3),
            Column("difference", "Δ", "delta", 3),
            Column("low", "low", "delta", 3),
            Column("high", "high", "delta", 3),
            Column("better", "judged by the interval"),
        ),
        [
            f"Δ = method − {baseline}. {BETTER} low, high: 95 % interval over resampled images, for fixed weights; the "
            "largest cosine and CDNV are no sums over images and have none."
        ],
    )


def _matrices(shown: Centroids | None, pairs: Table | None) -> Markup:
    if shown is None or not shown.kept:
        return Markup("")
    keys = tuple(f"{pair.truth},{pair.predicted}" for pair in shown.confused())
    twin = Markup("") if pairs is None else table_html(pairs, row_keys=keys, folded=False)
    return matrices_html(shown) + twin


def _maps(context: Context) -> Markup:
    table = context.table("tsne", "tsne")
    if table is None:
        return Markup("")
    about = Markup(
        "<h3 id=tsne>t-SNE of the same pixels</h3><p class=about>Arrow keys move from point to point; Enter or a "
        "click shows the image if it is on this page. The maps are drawn by the page's script; "
        "<code>tsne_positions.csv</code> holds every point.</p><div id=tsne-maps></div>"
    )
    return about + table_html(table)


def _tsne_data(content: Mapping[str, Any]) -> dict[str, Any]:
    """The maps, with every image named once and positions in steps of :data:`GRID`."""
    projection = content["projection"]
    images = list(dict.fromkeys(image for image, _, _ in projection["pixels"]))
    number_of = {image: number for number, image in enumerate(images)}
    return {
        "classes": content["classes"],
        "palette": ["#" + "".join(f"{part:02x}" for part in color) for color in content["palette"]],
        "labels": projection["labels"],
        "images": images,
        "pixels": [[number_of[image], row, column] for image, row, column in projection["pixels"]],
        "maps": [
            {
                "name": one["name"],
                "places": _places(one["positions"]),
                "predicted": content["predicted"][one["name"]],
                "confidence": content["confidence"][one["name"]],
            }
            for one in projection["projections"]
        ],
    }


def _places(positions: Sequence[Sequence[float]]) -> list[list[int]]:
    """Positions in whole steps, centred in a square of :data:`GRID`; both axes have one scale."""
    lows, highs = ([end(axis) for axis in zip(*positions, strict=True)] for end in (min, max))
    edge = max(high - low for low, high in zip(lows, highs, strict=True)) or 1.0
    margins = [(edge - (high - low)) / 2 for low, high in zip(lows, highs, strict=True)]
    return [
        [round(GRID * (value - low + margin) / edge) for value, low, margin in zip(place, lows, margins, strict=True)]
        for place in positions
    ]
