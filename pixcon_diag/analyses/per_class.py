"""IoU per class of each method against the baseline, in the layout of Table 6."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Literal

import numpy as np

from pixcon_diag.analyses.deltas import delta_column, delta_note
from pixcon_diag.groups.bars import Bar, no_bar
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.per_class import ClassRow, PerClassResult, per_class
from pixcon_diag.measures.per_class_tests import (
    ALPHA,
    FEWEST_SEEDS,
    ClassTests,
    image_intervals,
    image_tests,
    seed_tests,
)
from pixcon_diag.paper.errors import tables6
from pixcon_diag.passes.predictions import MeasuredGroup
from pixcon_diag.statistics.intervals import Interval
from pixcon_diag.statistics.run_seeds import common_starts, paired
from pixcon_diag.statistics.spread import by_start, seeds_note
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.names import name_list
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import ConfigError

ADJUSTMENTS: dict[Literal["holm", "bh"], str] = {"holm": "Holm", "bh": "BH"}
OVER_IMAGES = (
    "Over images: for these weights, would other images show the difference? Exchange test: the predictions of both "
    "methods are exchanged on random halves of the images (9,999 draws)."
)
INTERVAL = "low, high: the interval of Δ over images (paired jackknife), not corrected for the number of classes."
OVER_SEEDS = (
    "Over seeds: on these images, would other seeds show the difference? Paired t-test, for normal differences."
)


def per_class_result(groups: Sequence[MeasuredGroup], *, seed: int = 0, bar: Bar = no_bar) -> Result:
    """IoU per class of every other group against the first, with tests of each class.

    Args:
        groups: the methods, the baseline first.
        seed: of the tests over images.
        bar: opens progress bars.

    Raises:
        ConfigError: fewer than two groups.
    """
    if len(groups) < 2:
        raise ConfigError(
            "Differences per class need two methods. Name two checkpoints, or two groups of seeds: name=path,path."
        )
    classes = groups[0].members[0].data.spec.classes
    seeds = {group.name: [member.iou.iou for member in group.members] for group in groups}
    first, *others = groups
    results = {
        group.name: per_class(classes, seeds[first.name], seeds[group.name], paired=paired(first.seeds, group.seeds))
        for group in others
    }
    tests = {group.name: _tests(first, group, results[group.name], seed, bar) for group in others}
    intervals = {group.name: _intervals(first, group) for group in others}
    tables: list[Table] = []
    for other, part in file_parts([*results]).items():
        tables.append(table6(results[other], first.name, other, f"per-class_{part}"))
        tables.append(
            tests_table(results[other], tests[other], intervals[other], first.name, other, f"per-class-tests_{part}")
        )
    comparisons = [
        {
            "baseline": first.name,
            "other": other,
            "per_class": result.to_dict(),
            "tests": [test.to_dict() for test in tests[other]],
            "intervals": [asdict(interval) for interval in intervals[other]],
        }
        for other, result in results.items()
    ]
    return Result.of(
        "per-class",
        tables,
        paper=tables6(comparisons, first.members[0].data.spec.name),
        classes=classes,
        comparisons=comparisons,
        provenance={g.name: [asdict(member.provenance) for member in g.members] for g in groups},
    )


def _tests(
    baseline: MeasuredGroup, other: MeasuredGroup, result: PerClassResult, seed: int, bar: Bar
) -> list[ClassTests]:
    """Tests over images, and over seeds where there are enough."""
    first, second = ([member.statistics for member in group.members] for group in (baseline, other))
    with bar(f"testing the classes of {other.name}") as progress:
        images = image_tests(first, second, rng=np.random.default_rng(seed), progress=progress)
    starts = common_starts(baseline.seeds, other.seeds)
    deltas = {row.index: row.seed_deltas for row in result.rows}
    if starts is not None:
        deltas = {index: tuple(by_start(each, starts)) if each else () for index, each in deltas.items()}
    found = (images, seed_tests([deltas[k] for k in range(len(deltas))]))
    return [tests for tests in found if tests is not None]


def _intervals(baseline: MeasuredGroup, other: MeasuredGroup) -> tuple[Interval, ...]:
    """Of each class's difference, over images."""
    first, second = ([member.statistics for member in group.members] for group in (baseline, other))
    return image_intervals(first, second)


def table6(result: PerClassResult, baseline: str, other: str, name: str) -> Table:
    """Table 6, called ``name``: hardest class of the baseline first, the mIoU last."""
    return Table.of(
        name,
        f"IoU per class: {baseline} → {other} (layout of Table 6)",
        [*result.rows, *([result.common] if result.common else []), result.mean],
        (
            Column("class", "class", of=lambda r: r.name),
            Column("baseline", f"{baseline} %", "per_cent"),
            Column("other", f"{other} %", "per_cent"),
            delta_column("delta", higher_is_better=True),
            Column("delta_std", "seed std of Δ", "per_cent"),
            Column(
                "improved", "seeds better", of=lambda r: f"{r.improved}/{len(r.seed_deltas)}" if r.seed_deltas else None
            ),
        ),
        _notes(result, baseline, other),
    )


def tests_table(
    result: PerClassResult,
    tests: Sequence[ClassTests],
    intervals: Sequence[Interval],
    baseline: str,
    other: str,
    name: str,
) -> Table:
    """The interval and the p-values of each class, as they are and adjusted for the number of classes; the order is
    that of Table 6."""
    return Table.of(
        name,
        f"Tests per class: {baseline} → {other}",
        result.rows,
        (
            Column("class", "class", of=lambda r: r.name),
            delta_column("delta", higher_is_better=True),
            Column("low", "low", "points", over="95 % over images", of=lambda r: intervals[r.index].low),
            Column("high", "high", "points", over="95 % over images", of=lambda r: intervals[r.index].high),
            *(column for test in tests for column in _p_columns(test)),
        ),
        (delta_note(baseline, other), INTERVAL, *_tests_notes(result, tests)),
    )


def _p_columns(test: ClassTests) -> Iterator[Column[ClassRow]]:
    for key, head in (("p", "p"), ("holm", "Holm"), ("bh", "BH")):
        values = getattr(test, key)
        of = partial(_of_class, values)
        yield Column(f"{key}_{test.noise}", head, "number", 4, over=f"over {test.noise}", of=of)


def _of_class(values: Sequence[float], row: ClassRow) -> float:
    return values[row.index]


def _tests_notes(result: PerClassResult, tests: Sequence[ClassTests]) -> Iterator[str]:
    """Which tests these are, and how many classes survive each."""
    yield (
        f"Two-sided; classes survive at {ALPHA:g}. Holm bounds the probability of any false class, BH (Benjamini and "
        "Hochberg) the expected share of false ones, for classes that depend on each other positively or not at all."
    )
    by_index = {row.index: row.name for row in result.rows}
    for test in tests:
        yield OVER_IMAGES if test.noise == "images" else OVER_SEEDS
        survivors = {key: [by_index[k] for k in test.surviving(key)] for key in ADJUSTMENTS}
        said = "; ".join(
            f"{len(names)} after {ADJUSTMENTS[key]} ({_list_of(names)})" for key, names in survivors.items()
        )
        yield f"Over {test.noise}, of {test.tested} classes survive: {said}. {_least_sentence(test)}"
    if not any(test.noise == "images" for test in tests):
        yield "No test over images: it exchanges the i-th seeds of both methods, which have different numbers of seeds."
    if not any(test.noise == "seeds" for test in tests):
        yield f"No test over seeds: it needs at least {FEWEST_SEEDS} seeds of each method, in pairs."


def _least_sentence(test: ClassTests) -> str:
    """The smallest attainable p."""
    if test.noise == "images":
        return f"The smallest attainable p is {test.least:.4g}."
    needed = 1 + math.ceil(math.log2(max(test.tested, 1) / ALPHA))
    return (
        f"A test without the assumption of normal differences (sign flips) attains p = {test.least:.4g} at best, and "
        f"needs {needed} seeds for one of {test.tested} classes to survive Holm."
    )


def _notes(result: PerClassResult, baseline: str, other: str) -> Iterator[str]:
    yield delta_note(baseline, other)
    yield seeds_note([result.baseline_seeds, result.other_seeds]).replace("mean ± sample", "Means and sample")
    if result.paired and result.baseline_seeds > 1:
        yield (
            f"Of {len(result.rows) - len(result.undefined)} classes {len(result.improved_on_all)} improve on every "
            f"seed ({_list_of(result.improved_on_all)}), {len(result.worsened_on_all)} worsen on every seed "
            f"({_list_of(result.worsened_on_all)})."
        )
    if result.common:
        yield (
            f"Classes without an IoU in some run: {_list_of(result.undefined)}. The mIoU of a run averages the classes "
            "with an IoU in that run, which differ between runs. "
            f"'{result.common.name}': the classes with an IoU in all runs."
        )
    elif result.undefined:
        yield f"Classes without an IoU in any run, left out of the mIoU: {_list_of(result.undefined)}."


def _list_of(names: Sequence[str]) -> str:
    return name_list(names) or "none"


def result_of(methods: Methods) -> Result:
    """IoU of every class of each method against the baseline."""
    return per_class_result(methods.measured(), seed=methods.options.seed, bar=methods.bar)
