"""Differences between methods as tables: rows for image noise and seed noise of every measurement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import NamedTuple, get_args

from pixcon_diag.analyses.compare_short import (
    UNITS,
    conclusion,
    kinds,
    seeds_better,
    several_seeds,
    short_table,
    start_notes,
    verdict,
)
from pixcon_diag.analyses.deltas import arrow, delta_note
from pixcon_diag.analyses.filter_verdict import Judged, judged, verdict_table
from pixcon_diag.groups.bars import Bar, no_bar
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.comparison import ComparisonRow, Quantity, Unit, compare
from pixcon_diag.measures.seeds import DRAWS, MOST_SEEDS
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass
from pixcon_diag.statistics.run_seeds import common_starts, paired, why_unpaired
from pixcon_diag.statistics.spread import Spread
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Cell, Column, Table
from pixcon_train.core.errors import PixConError

IMAGES = (
    "images: variation over validation sets, for fixed weights (paired bootstrap over images, percentile interval)."
)
SEEDS = (
    "seeds: variation over training seeds, for fixed images (mean ± sample std; one-sided exact tests of the pairs "
    "by seed, or in the order given where files state none; least p: the smallest that this number of seeds allows)."
)
MONTE_CARLO = (
    f"p perm.: of more than {MOST_SEEDS} pairs of seeds among {DRAWS:,} random patterns of signs, not among all, so at "
    f"least {1 / (DRAWS + 1):g}."
)


def compare_result(
    groups: Sequence[MeasuredGroup],
    comparisons: Mapping[str, Sequence[ComparisonRow]],
    left_out: Sequence[str] = (),
    bar: Bar = no_bar,
) -> Result:
    """Each other group of ``groups`` against the first one, the baseline; ``left_out``: what is not compared."""
    baseline = groups[0].name
    units = [
        (other, unit, f"compare_{part}_{unit}s")
        for other, part in file_parts([*comparisons]).items()
        for unit in get_args(Unit)
        if any(row.unit == unit for row in comparisons[other])
    ]
    tables = [short_table(baseline, other, unit, comparisons[other], f"{name}_short") for other, unit, name in units]
    noise = [difference_table(baseline, other, unit, comparisons[other], name) for other, unit, name in units]
    if left_out:
        notes = [f"Left out: {sentence}" for sentence in left_out]
        tables[-1] = replace(tables[-1], notes=(*tables[-1].notes, *notes))
    verdicts = [verdict for group in groups for verdict in _verdicts(group, bar)]
    return Result.of(
        "compare",
        tables,
        [*noise, *([verdict_table(verdicts, "compare_verdict")] if verdicts else [])],
        summary=[sentence for other, rows in comparisons.items() for sentence in conclusion(baseline, other, rows)],
        baseline=baseline,
        comparisons=[{"other": other, "rows": [row.to_dict() for row in rows]} for other, rows in comparisons.items()],
        verdicts=[{"name": v.name, "group": v.group, **v.result.to_dict()} for v in verdicts],
        provenance={group.name: [asdict(member.provenance) for member in group.members] for group in groups},
    )


def _verdicts(group: MeasuredGroup, bar: Bar) -> list[Judged]:
    """The verdicts on the filters of the group's members; saved label maps alone hold no confidence."""
    passes = [(group.name, member) for member in group.members if isinstance(member, MeasuredPass)]
    return [verdict for name, member in passes for verdict in judged([(name, member)], member.options.taus, bar)]


class _Line(NamedTuple):
    """One measurement under one kind of noise."""

    measure: str
    noise: str
    baseline: Cell
    other: Cell
    difference: float
    low: float | None = None
    high: float | None = None
    better: str | None = None
    p_sign: float | None = None
    p_permutation: float | None = None
    p_smallest: float | None = None


_TESTS: tuple[Column[_Line], ...] = (
    Column("p_sign", "p sign", "number", 3),
    Column("p_permutation", "p perm.", "number", 3),
    Column("p_smallest", "least p", "number", 3),
)


def difference_table(baseline: str, other: str, unit: Unit, rows: Sequence[ComparisonRow], name: str) -> Table:
    """The measurements of one unit, in a table called ``name``: rates in per cent, or plain numbers."""
    value, delta, digits = kinds(unit)
    unit_rows = [row for row in rows if row.unit == unit]
    return Table.of(
        name,
        f"{baseline} → {other}: {UNITS[unit]}, by kind of noise",
        [line for row in unit_rows for line in _lines(row)],
        (
            Column("measure", "measure"),
            Column("noise", "noise"),
            Column("baseline", baseline, value, digits),
            Column("other", other, value, digits),
            Column("difference", "Δ", delta, digits),
            Column("low", "low", delta),
            Column("high", "high", delta),
            Column("better", "verdict"),
            *(_TESTS if any(several_seeds(row) for row in unit_rows) else ()),
        ),
        _notes(baseline, other, unit_rows),
    )


def _notes(baseline: str, other: str, rows: Sequence[ComparisonRow]) -> Iterator[str]:
    yield delta_note(baseline, other)
    if any(row.image_noise is not None for row in rows):
        yield IMAGES
    if any(several_seeds(row) for row in rows):
        yield SEEDS
    yield from start_notes(rows)
    if any(row.seed_noise.paired and row.seed_noise.paired.permutation_test.draws for row in rows):
        yield MONTE_CARLO


def _lines(row: ComparisonRow) -> Iterator[_Line]:
    """A line for each known kind of noise; none over seeds if each method has one seed."""
    name = f"{row.measure} ({arrow(row.higher_is_better)})"
    images, seeds = row.image_noise, row.seed_noise
    if images is not None:
        means = (images.first, images.second, images.difference)
        yield _Line(name, f"images ({images.level:.0%})", *means, images.low, images.high, verdict(row))
    if not several_seeds(row):
        if images is None:
            yield _Line(name, "plain", seeds.first.mean, seeds.second.mean, seeds.difference)
        return
    first, second = Spread(seeds.first.mean, seeds.first.std), Spread(seeds.second.mean, seeds.second.std)
    line, pairs = _Line(name, "seeds", first, second, seeds.difference), seeds.paired
    if pairs is not None:
        line = line._replace(
            better=seeds_better(row),
            p_sign=pairs.sign_test.one_sided,
            p_permutation=pairs.permutation_test.one_sided,
            p_smallest=pairs.sign_test.smallest_one_sided,
        )
    yield line


def result_of(methods: Methods, draws: int = 1000) -> Result:
    """Every quantity of each method against the baseline; what cannot be compared is noted."""
    groups = methods.measured()
    found, left_out = quantities_of(methods, groups)
    first, *others = (group.name for group in groups)
    seeds = {group.name: group.seeds for group in groups}
    reasons = [why_unpaired((first, other), (seeds[first], seeds[other])) for other in others]
    with methods.bar("bootstrap over images") as progress:
        rows = {
            other: compare(
                found[first],
                found[other],
                paired=paired(seeds[first], seeds[other]),
                starts=common_starts(seeds[first], seeds[other]),
                seed=methods.options.seed,
                draws=draws,
                progress=progress,
            )
            for other in others
        }
    left_out += [f"tests over seeds: {reason}" for reason in reasons if reason]
    return compare_result(groups, rows, left_out, methods.bar)


def quantities_of(methods: Methods, groups: Sequence[MeasuredGroup]) -> tuple[dict[str, list[Quantity]], list[str]]:
    """The quantities of every analysis by method, and a sentence for each reason why some method does
    not allow an analysis."""
    from pixcon_diag.analyses.registry import ANALYSES  # imports this module

    by_group: dict[str, list[Quantity]] = {group.name: [] for group in groups}
    left_out: dict[str, list[str]] = {}
    for analysis in ANALYSES:
        try:
            with methods.lenient(False):
                by_method = {group.name: [*analysis.quantities(methods, group)] for group in groups}
        except PixConError as error:
            left_out.setdefault(str(error), []).append(analysis.title)
            continue
        for name, quantities in by_method.items():
            by_group[name] += quantities
    return by_group, [f"{', '.join(titles)}: {reason}" for reason, titles in left_out.items()]
