"""Boundary and interior error as tables: each checkpoint's, and Table 7 where there are two methods."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pixcon_diag.analyses.boundary_counts import BandOptions, MeasuredBoundary
from pixcon_diag.analyses.class_sets import uneven_note
from pixcon_diag.analyses.deltas import delta_column, delta_note
from pixcon_diag.analyses.identity import identity
from pixcon_diag.data.comparable import comparable
from pixcon_diag.measures.boundary_result import NEARLY_EMPTY, BandError
from pixcon_diag.statistics import seeds_note, spread
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import Cell, Column, Table

BAND = (
    "Band: valid pixels with a different label within so many pixels; interior: the other valid pixels. Void pixels "
    "are never counted, so the errors are a lower bound."
)


def boundary_section(measured: Sequence[MeasuredBoundary]) -> Section:
    """Errors of each checkpoint, and against the first method each other one on the same images and classes."""
    data = {each.group: each.predictions.data for each in measured}
    baseline, *others = data
    parts = file_parts([*data])
    tables = [
        rates_table(measured),
        *(
            table7(measured, baseline, other, f"table7_{parts[baseline]}_{parts[other]}")
            for other in others
            if comparable(data[baseline], data[other])
        ),
    ]
    return section(
        "boundary",
        tables,
        results=[
            {
                "name": each.predictions.name,
                "group": each.group,
                "provenance": asdict(each.predictions.provenance),
                "options": asdict(each.options),
                "miou": each.predictions.iou.miou(),
                "boundary": each.result.to_dict(),
            }
            for each in measured
        ],
    )


def rates_table(measured: Sequence[MeasuredBoundary]) -> Table:
    """A row for each checkpoint and width."""
    rows: list[tuple[Cell, ...]] = []
    about = []
    for each in measured:
        for at in each.result.widths:
            errors = (at.band.error, at.interior.error, each.result.overall.error)
            rows.append((each.predictions.name, each.predictions.iou.miou(), at.width, at.share, *errors))
            about.append({"group": each.group, **identity(each.predictions), **_counts(at), **_options(each.options)})
    means = [(each.predictions, each.predictions.iou.present) for each in measured]
    return Table(
        "boundary",
        "Error in the boundary band and in the interior",
        (
            Column("name", "checkpoint"),
            Column("miou", "mIoU %", "per_cent"),
            Column("width", "width px", "count"),
            Column("share", "band's share %", "per_cent"),
            Column("band_error", "band error %", "per_cent"),
            Column("interior_error", "interior error %", "per_cent"),
            Column("error", "error % overall", "per_cent"),
        ),
        tuple(rows),
        (BAND, *uneven_note("mIoU", means), *_nearly_empty(measured)),
        tuple(about),
    )


def table7(measured: Sequence[MeasuredBoundary], baseline: str, other: str, name: str) -> Table:
    """Table 7, called ``name``: band and interior error of two methods, means over seeds."""
    groups = [[each for each in measured if each.group == name] for name in (baseline, other)]
    rows: list[tuple[Cell, ...]] = []
    for index, at in enumerate(groups[0][0].result.widths):
        row: list[Cell] = [f"{at.width} px"]
        for part in ("band", "interior"):
            values = [[getattr(each.result.widths[index], part).error for each in group] for group in groups]
            first, second = spread(values[0]), spread(values[1])
            row += [first, second, second.mean - first.mean]
        rows.append(tuple(row))
    return Table(
        name,
        f"Boundary and interior error: {baseline} → {other} (layout of Table 7)",
        (
            Column("width", "band w"),
            Column("baseline_band", baseline, "per_cent", over="band error %"),
            Column("other_band", other, "per_cent", over="band error %"),
            delta_column("delta_band", over="band error %", higher_is_better=False),
            Column("baseline_interior", baseline, "per_cent", over="interior error %"),
            Column("other_interior", other, "per_cent", over="interior error %"),
            delta_column("delta_interior", over="interior error %", higher_is_better=False),
        ),
        tuple(rows),
        (
            f"{delta_note(baseline, other)} The paper's Table 7 has the opposite sign. "
            f"{seeds_note([len(group) for group in groups])}",
        ),
    )


def _options(options: BandOptions) -> dict[str, Any]:
    """What the band is, beside its width: the pass may have counted another one."""
    return {"widths": " ".join(map(str, options.widths)), "distance": options.distance, "void_mode": options.void_mode}


def _counts(at: BandError) -> dict[str, int]:
    return {
        "band_pixels": at.band.pixels,
        "band_wrong": at.band.wrong,
        "interior_pixels": at.interior.pixels,
        "interior_wrong": at.interior.wrong,
    }


def _nearly_empty(measured: Sequence[MeasuredBoundary]) -> list[str]:
    widths = sorted({at.width for each in measured for at in each.result.widths if at.nearly_empty})
    if not widths:
        return []
    listed = ", ".join(map(str, widths))
    return [f"The band of width {listed} holds less than {NEARLY_EMPTY:.1%} of the valid pixels: it says little."]
