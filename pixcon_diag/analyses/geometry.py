"""Centroid geometry as tables: Table 9 over the seeds of each method, every checkpoint, every class, the matrix."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pixcon_diag.analyses.class_sets import uneven_note
from pixcon_diag.analyses.deltas import delta_note
from pixcon_diag.analyses.measured import identity
from pixcon_diag.data.comparable import comparable
from pixcon_diag.measures.geometry import MIN_PIXELS
from pixcon_diag.measures.geometry_result import GeometryResult
from pixcon_diag.passes.measured import MeasuredGroup, MeasuredPass
from pixcon_diag.statistics import seeds_note, spread
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import AnyColumn, Cell, Column, Table

QUANTITIES = (
    ("compactness", "Intra-class compactness (↑)"),
    ("mean_inter", "Mean inter-class cosine (↓)"),
    ("max_inter", "Max inter-class cosine (↓)"),
    ("margin", "Margin (↑)"),
    ("cdnv", "CDNV (↓)"),
)
"""Rows of Table 9, and the class-distance normalised variance."""

FEATURE = (
    "Feature: the fused decoder feature that feeds the classifier, scaled to unit norm per pixel; ground truth by "
    "nearest neighbour at its resolution."
)


@dataclass(frozen=True)
class NamedGeometry:
    """One checkpoint's geometry."""

    group: str
    measured: MeasuredPass
    result: GeometryResult


def geometry_section(groups: Sequence[MeasuredGroup], min_pixels: int = MIN_PIXELS) -> Section:
    """Geometry of every checkpoint, and of each group over its seeds; saved predictions have no feature and no row.

    Raises:
        ConfigError: a pass without features, as with sliding windows.
    """
    results = [
        NamedGeometry(group.name, member, member.geometry(min_pixels))
        for group in groups
        for member in group.members
        if isinstance(member, MeasuredPass)
    ]
    return section(
        "geometry",
        [table9(results), closest_table(results)],
        [classes_table(results), matrix_table(results)],
        results=[
            {
                "name": each.measured.name,
                "group": each.group,
                "provenance": asdict(each.measured.provenance),
                "classes": each.measured.data.spec.classes,
                "foreground": each.measured.data.spec.foreground,
                "geometry": each.result.to_dict(),
            }
            for each in results
        ],
    )


def table9(results: Sequence[NamedGeometry]) -> Table:
    """Table 9: a column per method, and of two on the same images and classes their difference."""
    groups = {name: [each for each in results if each.group == name] for name in _groups(results)}
    compared = len(groups) == 2 and all(comparable(results[0].measured.data, each.measured.data) for each in results)
    rows: list[tuple[Cell, ...]] = []
    for key, label in QUANTITIES:
        spreads = [spread([getattr(each.result, key) for each in members]) for members in groups.values()]
        rows.append((label, *spreads, *([spreads[1].mean - spreads[0].mean] if compared else [])))
    notes = [f"{FEATURE} {seeds_note([len(members) for members in groups.values()])}"]
    columns: list[AnyColumn] = [Column("quantity", "quantity"), *(Column(name, name, "number", 3) for name in groups)]
    if compared:
        columns.append(Column("delta", "Δ", "delta", 3))
        notes.append(delta_note(*groups))
    return Table(
        "geometry",
        "Geometry of the fused decoder feature (layout of Table 9)",
        tuple(columns),
        tuple(rows),
        (
            *notes,
            *uneven_note("Each quantity", [(each.measured, each.result.measured) for each in results]),
            *_left_out(results),
        ),
    )


def closest_table(results: Sequence[NamedGeometry]) -> Table:
    """Each checkpoint's numbers, and its most confusable pair of classes."""
    rows: list[tuple[Cell, ...]] = []
    for each in results:
        names, pair = each.measured.data.spec.classes, each.result.closest
        closest = None if pair is None else f"{names[pair[0]]} – {names[pair[1]]}"
        numbers = [getattr(each.result, key) for key, _ in QUANTITIES]
        rows.append((each.measured.name, each.measured.iou.miou(), *numbers, closest))
    heads = ("compactness", "mean inter", "max inter", "margin", "CDNV")
    return Table(
        "geometry_checkpoints",
        "Each checkpoint",
        (
            Column("name", "checkpoint"),
            Column("miou", "mIoU %", "per_cent"),
            *(Column(key, head, "number") for (key, _), head in zip(QUANTITIES, heads, strict=True)),
            Column("closest", "closest classes"),
        ),
        tuple(rows),
        tuple(uneven_note("mIoU", [(each.measured, each.measured.iou.present) for each in results])),
        about=tuple({"group": each.group, **identity(each.measured)} for each in results),
    )


def classes_table(results: Sequence[NamedGeometry]) -> Table:
    """Every class of every checkpoint."""
    rows: list[tuple[Cell, ...]] = []
    for each in results:
        names, of = each.measured.data.spec.classes, each.result.classes
        for k, name in enumerate(names):
            near = of.nearest[k]
            nearest = None if near is None else names[near]
            numbers = (of.pixels[k], of.compactness[k], nearest, of.nearest_cosine[k], of.cdnv[k])
            rows.append((each.measured.name, name, *numbers))
    return Table(
        "geometry_classes",
        "Classes",
        (
            Column("name", "checkpoint"),
            Column("class", "class"),
            Column("pixels", "feature px", "count"),
            Column("compactness", "compactness", "number"),
            Column("nearest", "nearest class"),
            Column("nearest_cosine", "its cosine", "number"),
            Column("cdnv", "CDNV", "number"),
        ),
        tuple(rows),
    )


def matrix_table(results: Sequence[NamedGeometry]) -> Table:
    """Cosine of every two class centroids."""
    rows: list[tuple[Cell, ...]] = []
    for each in results:
        names = each.measured.data.spec.classes
        rows += [
            (each.measured.name, names[a], names[b], cosine)
            for a, line in enumerate(each.result.cosine)
            for b, cosine in enumerate(line)
        ]
    columns: tuple[AnyColumn, ...] = (
        Column("name", "checkpoint"),
        Column("class", "class"),
        Column("other", "other class"),
    )
    return Table("geometry_matrix", "Centroid cosines", (*columns, Column("cosine", "cosine", "number")), tuple(rows))


def _groups(results: Sequence[NamedGeometry]) -> list[str]:
    return list(dict.fromkeys(each.group for each in results))


def _left_out(results: Sequence[NamedGeometry]) -> list[str]:
    return [
        f"{each.measured.name}: left out for fewer than {each.result.min_pixels} feature pixels: "
        + ", ".join(each.measured.data.spec.classes[k] for k in each.result.left_out)
        for each in results
        if each.result.left_out
    ]
