"""IoU per class of each method against the baseline, in the layout of Table 6."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from pixcon_diag.analyses.deltas import delta_column, delta_note
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.per_class import PerClassResult, per_class
from pixcon_diag.passes.predictions import MeasuredGroup
from pixcon_diag.statistics.spread import seeds_note
from pixcon_diag.tables.file_names import file_parts
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.core.errors import ConfigError


def per_class_result(groups: Sequence[MeasuredGroup]) -> Result:
    """IoU per class of every other group against the first.

    Raises:
        ConfigError: fewer than two groups.
    """
    if len(groups) < 2:
        raise ConfigError(
            "Differences per class need two methods. Name two checkpoints, or two groups of seeds: name=path,path."
        )
    classes = groups[0].members[0].data.spec.classes
    seeds = {group.name: [member.iou.iou for member in group.members] for group in groups}
    baseline = groups[0].name
    results = {group.name: per_class(classes, seeds[baseline], seeds[group.name]) for group in groups[1:]}
    return Result.of(
        "per-class",
        [
            table6(results[other], baseline, other, f"per-class_{part}")
            for other, part in file_parts([*results]).items()
        ],
        classes=classes,
        comparisons=[{"baseline": baseline, "other": o, "per_class": r.to_dict()} for o, r in results.items()],
        provenance={g.name: [asdict(member.provenance) for member in g.members] for g in groups},
    )


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
    return ", ".join(names) or "none"


def result_of(methods: Methods) -> Result:
    """IoU of every class of each method against the baseline."""
    return per_class_result(methods.measured())
