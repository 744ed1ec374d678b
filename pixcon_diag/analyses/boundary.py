"""Boundary and interior error as tables: one row per checkpoint, and Table 7 for each pair with the baseline."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

from pixcon_diag.analyses.boundary_counts import MeasuredBoundary, measure_boundaries
from pixcon_diag.analyses.class_sets import uneven_miou
from pixcon_diag.analyses.deltas import delta_column, delta_note
from pixcon_diag.analyses.measured import Part
from pixcon_diag.data.comparable import comparable
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.boundary_result import NEARLY_EMPTY, BandError
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.uncertainty import pooled_ratio
from pixcon_diag.paper.errors import tables7
from pixcon_diag.passes.predictions import MeasuredGroup
from pixcon_diag.statistics.spread import Spread, seeds_note, spread
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table

BAND = (
    "Band: valid pixels with a different label within the width; interior: the other valid pixels. Void pixels "
    "are never counted, so the errors are a lower bound."
)


PARTS = ("band", "interior")


class _Pair(NamedTuple):
    """Errors of two methods at one width, in each of :data:`PARTS`, as means over their seeds."""

    width: int
    errors: dict[str, list[Spread]]


def boundary_result(measured: Sequence[MeasuredBoundary]) -> Result:
    """Errors of each checkpoint, and of each other method against the first on the same images and classes."""
    data = {boundary.group: boundary.member.data for boundary in measured}
    baseline, *others = data
    parts = file_parts([*data])
    results = [
        boundary.record(
            options=asdict(boundary.result.options),
            miou=boundary.member.iou.miou(),
            boundary=boundary.result.rates.to_dict(),
            intervals=[{k: asdict(v) for k, v in at.items()} for at in boundary.result.intervals()],
        )
        for boundary in measured
    ]
    alike = {name for name in data if comparable(data[baseline], data[name])}
    return Result.of(
        "boundary",
        [
            rates_table(measured),
            *(
                table7(measured, baseline, other, f"table7_{parts[baseline]}_{parts[other]}")
                for other in others
                if other in alike
            ),
        ],
        paper=tables7([result for result in results if result["group"] in alike], baseline),
        results=results,
    )


def rates_table(measured: Sequence[MeasuredBoundary]) -> Table:
    """A row for each checkpoint and width."""
    return Table.of(
        "boundary",
        "Error in the boundary band and in the interior",
        [Part(boundary, at) for boundary in measured for at in boundary.result.rates.widths],
        (
            Column("name", "checkpoint"),
            Column("miou", "mIoU %", "per_cent", of=lambda r: r.measured.member.iou.miou()),
            Column("width", "width px", "count", of=lambda r: r.part.width),
            Column("share", "band's share %", "per_cent", of=lambda r: r.part.share),
            Column("band_error", "band error %", "per_cent", of=lambda r: r.part.band.error),
            Column("interior_error", "interior error %", "per_cent", of=lambda r: r.part.interior.error),
            Column("error", "error % overall", "per_cent", of=lambda r: r.measured.result.rates.overall.error),
        ),
        (BAND, *uneven_miou([boundary.member for boundary in measured]), *_nearly_empty(measured)),
        _extra,
    )


def _extra(row: Part[MeasuredBoundary, BandError]) -> dict[str, object]:
    """The counts and the definition of the band, which may differ from that of the pass."""
    at, options = row.part, row.measured.result.options
    return {
        **row.measured.origin,
        "band_pixels": at.band.pixels,
        "band_wrong": at.band.wrong,
        "interior_pixels": at.interior.pixels,
        "interior_wrong": at.interior.wrong,
        "widths": " ".join(map(str, options.widths)),
        "distance": options.distance,
        "void_mode": options.void_mode,
    }


def table7(measured: Sequence[MeasuredBoundary], baseline: str, other: str, name: str) -> Table:
    """Table 7, called ``name``: band and interior error of two methods, means over seeds."""
    groups = [[row.result.rates.widths for row in measured if row.group == group] for group in (baseline, other)]
    rows = []
    for k, at in enumerate(groups[0][0]):
        errors = {part: [spread([getattr(w[k], part).error for w in group]) for group in groups] for part in PARTS}
        rows.append(_Pair(at.width, errors))
    return Table.of(
        name,
        f"Boundary and interior error: {baseline} → {other} (layout of Table 7)",
        rows,
        (
            Column("width", "band w", of=lambda r: f"{r.width} px"),
            *(column for part in PARTS for column in _part_columns(part, baseline, other)),
        ),
        (
            f"{delta_note(baseline, other)} The paper's Table 7 has the opposite sign. "
            f"{seeds_note([len(group) for group in groups])}",
        ),
    )


def _part_columns(part: str, baseline: str, other: str) -> Iterator[Column[_Pair]]:
    """Both methods' error in one part of the image, and the difference."""
    over = f"{part} error %"
    yield Column(f"baseline_{part}", baseline, "per_cent", over=over, of=lambda r: r.errors[part][0])
    yield Column(f"other_{part}", other, "per_cent", over=over, of=lambda r: r.errors[part][1])
    yield delta_column(
        f"delta_{part}",
        over=over,
        higher_is_better=False,
        of=lambda r: r.errors[part][1].mean - r.errors[part][0].mean,
    )


def _nearly_empty(measured: Sequence[MeasuredBoundary]) -> list[str]:
    widths = sorted({at.width for boundary in measured for at in boundary.result.rates.widths if at.nearly_empty})
    if not widths:
        return []
    names = ", ".join(map(str, widths))
    return [
        f"The band of width {names} holds less than {NEARLY_EMPTY:.1%} of the valid pixels; its error is unreliable."
    ]


def result_of(methods: Methods) -> Result:
    """Band and interior error of every checkpoint and every set of saved label maps."""
    return boundary_result(boundaries(methods))


def boundaries(methods: Methods) -> Sequence[MeasuredBoundary]:
    """The boundary counts of every member, computed once per study."""

    def count() -> Sequence[MeasuredBoundary]:
        with methods.bar("boundary bands") as progress:
            return measure_boundaries(methods.measured(), methods.options.band, progress)

    return methods.once("boundary", count)


def quantities(methods: Methods, group: MeasuredGroup) -> Iterator[Quantity]:
    """Error in the band and in the interior at each width."""
    members = [member for member in boundaries(methods) if member.group == group.name]
    ratio = pooled_ratio(1, 0)
    for index, width in enumerate(members[0].result.options.widths):
        at = [member.result.rates.widths[index] for member in members]
        bands = tuple(member.result.counts[:, index] for member in members)
        inner = tuple(member.result.counts[:, -1] - member.result.counts[:, index] for member in members)
        errors = tuple(result.band.error for result in at)
        yield Quantity(f"boundary error, {width} px", "fraction", False, errors, bands, ratio)
        errors = tuple(result.interior.error for result in at)
        yield Quantity(f"interior error, {width} px", "fraction", False, errors, inner, ratio)
