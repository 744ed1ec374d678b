"""Centroid geometry as tables: Table 9 over the seeds of each method, every checkpoint, every class, the matrix."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from pixcon_diag.analyses.class_sets import uneven_miou, uneven_note
from pixcon_diag.analyses.deltas import delta_note
from pixcon_diag.analyses.feature_notes import feature_notes
from pixcon_diag.analyses.measured import Measured, Part
from pixcon_diag.analyses.quantities import with_confidence
from pixcon_diag.data.comparable import comparable
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.geometry_result import MIN_PIXELS, GeometryResult
from pixcon_diag.measures.uncertainty import pooled_geometry
from pixcon_diag.paper.rates import tables9
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass, Predictions
from pixcon_diag.statistics.spread import Spread, seeds_note, spread
from pixcon_diag.tables.names import name_list
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table

QUANTITIES = (
    ("compactness", "Intra-class compactness (↑)", "compactness"),
    ("mean_inter", "Mean inter-class cosine (↓)", "mean inter"),
    ("max_inter", "Max inter-class cosine (↓)", "max inter"),
    ("margin", "Margin (↑)", "margin"),
    ("cdnv", "CDNV (↓)", "CDNV"),
)
"""Rows of Table 9 and the class-distance normalised variance: attribute of the result, row label, column head."""

FEATURE = (
    "Feature: the fused decoder feature that feeds the classifier, unit-norm per pixel; ground truth resized "
    "to its resolution by nearest neighbour."
)


MeasuredGeometry = Measured[Predictions, GeometryResult]


class _Quantity(NamedTuple):
    """A row of Table 9: one of :data:`QUANTITIES`, over the seeds of each method."""

    label: str
    spreads: dict[str, Spread]


def geometry_result(groups: Sequence[MeasuredGroup], min_pixels: int = MIN_PIXELS) -> Result:
    """Geometry of every checkpoint, and of each group over its seeds; saved predictions have no features and no row.

    Raises:
        ConfigError: a pass without features, as with sliding windows.
    """
    results = [
        Measured(group.name, member, member.geometry(min_pixels))
        for group in groups
        for member in group.members
        if isinstance(member, MeasuredPass)
    ]
    records = [
        measured.record(
            classes=measured.classes,
            foreground=measured.member.data.spec.foreground,
            geometry=measured.result.to_dict(),
        )
        for measured in results
    ]
    return Result.of(
        "geometry",
        [table9(results), closest_table(results)],
        [classes_table(results), matrix_table(results)],
        paper=tables9(records),
        results=records,
    )


def table9(results: Sequence[MeasuredGeometry]) -> Table:
    """Table 9: a column per method, and the difference of two methods on the same images and classes."""
    groups: dict[str, list[GeometryResult]] = {}
    for measured in results:
        groups.setdefault(measured.group, []).append(measured.result)
    columns = [Column("quantity", "quantity", of=lambda r: r.label), *map(_method_column, groups)]
    notes = [f"{FEATURE} {seeds_note([len(seeds) for seeds in groups.values()])}"]
    data = [measured.member.data for measured in results]
    if len(groups) == 2 and all(comparable(data[0], other_data) for other_data in data):
        baseline, other = groups
        columns.append(Column("delta", "Δ", "delta", 3, of=lambda r: r.spreads[other].mean - r.spreads[baseline].mean))
        notes.append(delta_note(baseline, other))
    return Table.of(
        "geometry",
        "Geometry of the decoder feature (layout of Table 9)",
        [
            _Quantity(label, {n: spread([getattr(result, key) for result in seeds]) for n, seeds in groups.items()})
            for key, label, _ in QUANTITIES
        ],
        columns,
        (
            *notes,
            *feature_notes((measured.name, measured.member.provenance) for measured in results),
            *uneven_note("Each quantity", [(measured.member, measured.result.measured) for measured in results]),
            *_left_out(results),
        ),
    )


def _method_column(name: str) -> Column[_Quantity]:
    return Column(name, name, "number", 3, of=lambda r: r.spreads[name])


def closest_table(results: Sequence[MeasuredGeometry]) -> Table:
    """Each checkpoint's numbers, and its most confusable pair of classes."""
    return Table.of(
        "geometry_checkpoints",
        "Each checkpoint",
        results,
        (
            Column("name", "checkpoint"),
            Column("miou", "mIoU %", "per_cent", of=lambda r: r.member.iou.miou()),
            *(Column(key, head, "number", of=attrgetter(f"result.{key}")) for key, _, head in QUANTITIES),
            Column("closest", "closest classes", of=_closest),
        ),
        uneven_miou([measured.member for measured in results]),
        lambda r: r.origin,
    )


def _closest(measured: MeasuredGeometry) -> str | None:
    pair = measured.result.closest
    return None if pair is None else " – ".join(measured.classes[k] for k in pair)


def classes_table(results: Sequence[MeasuredGeometry]) -> Table:
    """Every class of every checkpoint."""
    return Table.of(
        "geometry_classes",
        "Classes",
        [Part(measured, measured.result.classes, k) for measured in results for k, _ in enumerate(measured.classes)],
        (
            Column("name", "checkpoint"),
            Column("class", "class", of=lambda r: r.measured.class_name(r.k)),
            Column("pixels", "feature px", "count", of=lambda r: r.part.pixels[r.k]),
            Column("compactness", "compactness", "number", of=lambda r: r.part.compactness[r.k]),
            Column("nearest", "nearest class", of=lambda r: r.measured.class_name(r.part.nearest[r.k])),
            Column("nearest_cosine", "its cosine", "number", of=lambda r: r.part.nearest_cosine[r.k]),
            Column("cdnv", "CDNV", "number", of=lambda r: r.part.cdnv[r.k]),
        ),
    )


def matrix_table(results: Sequence[MeasuredGeometry]) -> Table:
    """Cosine of every two class centroids."""
    return Table.of(
        "geometry_matrix",
        "Centroid cosines",
        [Part(m, j, k) for m in results for j, _ in enumerate(m.classes) for k, _ in enumerate(m.classes)],
        (
            Column("name", "checkpoint"),
            Column("class", "class", of=lambda r: r.measured.class_name(r.part)),
            Column("other", "other class", of=lambda r: r.measured.class_name(r.k)),
            Column("cosine", "cosine", "number", of=lambda r: r.measured.result.cosine[r.part][r.k]),
        ),
    )


def _left_out(results: Sequence[MeasuredGeometry]) -> list[str]:
    return [
        f"{measured.name}: classes left out with fewer than {measured.result.min_pixels} feature pixels: "
        + name_list(measured.classes[k] for k in measured.result.left_out)
        for measured in results
        if measured.result.left_out
    ]


def result_of(methods: Methods, min_pixels: int = MIN_PIXELS) -> Result:
    """Centroid geometry of every checkpoint; a class needs ``min_pixels`` feature pixels."""
    return geometry_result(methods.networks(), min_pixels)


def quantities(methods: Methods, group: MeasuredGroup) -> Iterator[Quantity]:
    """Compactness, inter-class cosines, margin and CDNV.

    Raises:
        ConfigError: a member has no features.
    """
    methods.require_network(group.name)
    passes = with_confidence(group)
    results = [measured.geometry() for measured in passes]
    rows = tuple(measured.centroid_rows.per_image() for measured in passes)
    classes = tuple(result.measured for result in results)
    spec = passes[0].data.spec
    for key, label, higher in (
        ("compactness", "compactness", True),
        ("mean_inter", "mean inter-class cosine", False),
        ("margin", "margin", True),
    ):
        values = tuple(getattr(result, key) for result in results)
        statistic = pooled_geometry(key, spec.num_classes, spec.foreground, MIN_PIXELS)
        yield Quantity(label, "number", higher, values, rows, statistic, classes)
    highest, spread = (tuple(getattr(result, key) for result in results) for key in ("max_inter", "cdnv"))
    yield Quantity("max inter-class cosine", "number", False, highest, classes=classes)
    yield Quantity("CDNV", "number", False, spread, classes=classes)
