"""The classes: IoU, its difference, pixels, contamination and nearest class; a click filters the page by a class."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pixcon_diag.analyses.deltas import by_interval, delta_column, delta_note
from pixcon_diag.measures.contamination_result import ClassRates
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass
from pixcon_diag.reporting.page.section import Context, Section, fold
from pixcon_diag.reporting.page.tables import table_html
from pixcon_diag.statistics.spread import mean
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table

COLUMNS: tuple[Column["ClassLine"], ...] = (
    Column("class", "class", of=lambda r: r.name),
    Column("pixels", "true px", "count"),
    Column("iou", "IoU %", "per_cent"),
)
DIFFERENCE: tuple[Column["ClassLine"], ...] = (
    delta_column("delta", higher_is_better=True, of=lambda r: r.difference["delta"]),
    Column("low", "low", "points", over="95 % over images", of=lambda r: r.difference["low"]),
    Column("high", "high", "points", over="95 % over images", of=lambda r: r.difference["high"]),
    Column("change", "change", of=lambda r: _change(r.difference)),
    Column("seeds", "seeds better", of=lambda r: r.difference["seeds"]),
)
NEAREST = Column["ClassLine"]("nearest", "nearest class", of=lambda r: r.nearest)


@dataclass(frozen=True)
class ClassLine:
    """One class of one method."""

    index: int
    name: str
    pixels: int
    iou: float
    """Mean over seeds."""
    difference: Mapping[str, Any]
    """From the baseline, with its interval and seeds; empty for the baseline itself."""
    retention: float | None
    rho_f: float | None
    nearest: str | None


def section(context: Context) -> Section | None:
    """A table of classes for each method; None where nothing is measured."""
    if not context.measured:
        return None
    made: list[Table] = []

    def against(baseline: str, results: Mapping[str, Result]) -> Markup:
        tables = [*class_tables(context, baseline, results)]
        made.extend(table for table in tables if table.name not in [known.name for known in made])
        return table_html(tables[0], folded=False, row_keys=_keys(tables[0])) + Markup("").join(
            fold(table.title, table_html(table, folded=False, row_keys=_keys(table))) for table in tables[1:]
        )

    body = context.variants(against)
    tests = context.variants(lambda _, results: shown(results["per-class"]) if "per-class" in results else None)
    return Section(
        "classes",
        "Classes",
        "Which classes are good, which changed, and what the filter does to each. A class filters the images.",
        body + fold("Table 6 and tests of each class", tests),
        {"classes": context.measured[0].members[0].data.spec.classes},
        tables=tuple(made),
    )


def shown(result: Result) -> Markup:
    """The tables of a result."""
    return Markup("").join(table_html(table) for table in result.tables)


def _keys(table: Table) -> tuple[str, ...]:
    """The class of each row, by which the page finds it."""
    return tuple(str(record["index"]) for record in table.records())


def class_tables(context: Context, baseline: str, results: Mapping[str, Result]) -> Iterator[Table]:
    """A table for each method: the other ones first, with their difference from the baseline."""
    content = results["per-class"].content if "per-class" in results else {"comparisons": []}
    images = len(context.measured[0].members[0].data.pairs)
    differences = {one["other"]: _differences(one, images) for one in content["comparisons"]}
    parts = file_parts([group.name for group in context.measured])
    groups = sorted(context.measured, key=lambda group: group.name == baseline)
    for group in groups:
        difference = differences.get(group.name, {})
        shown = [column for column in DIFFERENCE if column.key != "seeds" or _has_seeds(difference)]
        columns = [*COLUMNS, *(shown if difference else ()), *_filter_columns(group), NEAREST]
        yield Table.of(
            f"classes_{parts[group.name]}" + (f"_{parts[baseline]}" if difference else ""),
            f"Classes of {group.name}" + (f" against {baseline}" if difference else ""),
            _lines(context, group, difference),
            columns,
            (delta_note(baseline, group.name),) if difference else (),
            lambda line: {"index": line.index},
        )


def _has_seeds(differences: Mapping[int, Mapping[str, Any]]) -> bool:
    return any(difference["seeds"] is not None for difference in differences.values())


def _differences(comparison: Mapping[str, Any], images: int) -> dict[int, dict[str, Any]]:
    """What is known of each class's difference over ``images``."""
    intervals = comparison["intervals"]
    return {
        row["index"]: {
            "delta": row["delta"],
            "low": intervals[row["index"]]["low"],
            "high": intervals[row["index"]]["high"],
            "images": images,
            "seeds": _seeds(row),
        }
        for row in comparison["per_class"]["rows"]
    }


def _seeds(row: Mapping[str, Any]) -> str | None:
    """In how many pairs of seeds the class is better; None without several, as one pair says nothing of the noise."""
    pairs = len(row["seed_deltas"] or ())
    return f"{row['improved']}/{pairs}" if pairs > 1 else None


def _lines(context: Context, group: MeasuredGroup, differences: Mapping[int, Mapping[str, Any]]) -> list[ClassLine]:
    first, names = group.members[0], group.members[0].data.spec.classes
    pixels = first.statistics[:, 2].sum(0)
    rates = _rates(group)
    nearest = _nearest(context, first.name)
    return [
        ClassLine(
            index=k,
            name=name,
            pixels=int(pixels[k]),
            iou=mean([member.iou.iou[k] for member in group.members]),
            difference=differences.get(k, {}),
            retention=None if rates is None else rates.retention[k],
            rho_f=None if rates is None else rates.rho_f[k],
            nearest=nearest.get(k),
        )
        for k, name in enumerate(names)
    ]


def _change(difference: Mapping[str, Any]) -> str | None:
    return by_interval(difference["low"], difference["high"], difference["images"], higher_is_better=True)


def _rates(group: MeasuredGroup) -> ClassRates | None:
    """What the first threshold retains of each predicted class, of the first seed; None without confidence."""
    first = group.members[0]
    return first.contamination().thresholds[0].by_predicted if isinstance(first, MeasuredPass) else None


def _filter_columns(group: MeasuredGroup) -> list[Column[ClassLine]]:
    first = group.members[0]
    if not isinstance(first, MeasuredPass):
        return []
    over = f"predicted, τ = {first.options.taus[0]:g}"
    return [
        Column("retention", "retention %", "per_cent", 1, over=over),
        Column("rho_f", "ρ_F %", "per_cent", over=over),
    ]


def _nearest(context: Context, name: str) -> dict[int, str]:
    """Name of the class with the nearest centroid, by index of the class; empty without geometry."""
    for result in context.content("geometry").get("results", []):
        if result["name"] == name:
            nearest = enumerate(result["geometry"]["classes"]["nearest"])
            return {k: result["classes"][other] for k, other in nearest if other is not None}
    return {}
