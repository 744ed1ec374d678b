"""What was measured, and the mIoU of each bank rule in the layout of Table 4."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from pixcon_diag.analyses.class_sets import uneven_note
from pixcon_diag.analyses.measured import identity, load_warnings
from pixcon_diag.cache.replay import rule_of
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.uncertainty import pooled_miou, pooled_ratio
from pixcon_diag.passes.load_check import stated_miou
from pixcon_diag.passes.measured import MeasuredGroup, MeasuredPass
from pixcon_diag.statistics import spread
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import Cell, Column, Table
from pixcon_train.data.lists import parse_list
from pixcon_train.method.admission import RULES

TABLE4 = ("none", "confidence", "labeled", "clean")
"""Bank rules of the paper's Table 4 in its order; rows of other rules follow."""


@dataclass(frozen=True)
class Member:
    """One checkpoint of a group, loaded and measured."""

    group: str
    loaded: LoadedCheckpoint
    measured: MeasuredPass

    @property
    def rule(self) -> str | None:
        """The bank's rule in training; None where the file does not say."""
        return rule_of(self.loaded)

    @property
    def labeled(self) -> int | None:
        """Labeled images it was trained with; None where the file does not say."""
        own = self.loaded.own
        if own is None:
            return None
        return len(parse_list(own.lists["labeled"]["text"], own.lists["labeled"]["path"], masks_required=False))


def checkpoints_section(members: Sequence[Member]) -> Section:
    """Every checkpoint, and Table 4 where the files tell the bank's rule."""
    known = [each for each in members if each.rule in RULES]
    return section(
        "checkpoints",
        [checkpoints_table(members), *([table4(known)] if known else [])],
        results=[
            {
                "name": each.measured.name,
                "group": each.group,
                "provenance": asdict(each.measured.provenance),
                "iou": each.measured.iou.to_dict(),
                "rule": each.rule,
                "labeled": each.labeled,
            }
            for each in members
        ],
    )


def checkpoints_table(members: Sequence[Member]) -> Table:
    """A row for each checkpoint."""
    rows: list[tuple[Cell, ...]] = []
    for each in members:
        info, iou = each.measured.provenance.checkpoint, each.measured.iou
        model = f"{info.architecture} {info.size}"
        rates = (iou.miou("skip"), iou.miou("zero"), stated_miou(info), iou.accuracy)
        rows.append((each.group, each.measured.name, model, info.weights, info.scores.epoch, *rates))
    data = members[0].measured.provenance.data
    return Table(
        "checkpoints",
        "Checkpoints measured",
        (
            Column("group", "group"),
            Column("name", "checkpoint"),
            Column("model", "model"),
            Column("weights", "weights"),
            Column("epoch", "epoch"),
            Column("miou", "mIoU %", "per_cent"),
            Column("miou_zero", "absent as 0", "per_cent"),
            Column("stated_miou", "stated %", "per_cent"),
            Column("accuracy", "accuracy %", "per_cent"),
        ),
        tuple(rows),
        (
            f"{data.images} images of {data.dataset} ({data.list_name}).",
            *uneven_note("mIoU", [(each.measured, each.measured.iou.present) for each in members]),
            *load_warnings([each.measured for each in members]),
        ),
        tuple(identity(each.measured) for each in members),
    )


def table4(members: Sequence[Member]) -> Table:
    """Table 4: a row for each bank rule, a column for each number of labeled images."""
    splits = sorted({each.labeled or 0 for each in members})
    rows: list[tuple[Cell, ...]] = []
    seeds, mixed = set(), []
    for rule in dict.fromkeys((*TABLE4, *RULES)):
        cells: list[Cell] = []
        for split in splits:
            own = [m for m in members if m.rule == rule and m.labeled == split]
            cells.append(spread([m.measured.iou.miou() for m in own]) if own else None)
            seeds.add(len(own))
            if len(groups := dict.fromkeys(m.group for m in own)) > 1:
                mixed.append(
                    f"{', '.join(groups)} share a cell: where they differ in more than the seed, ± is over that too."
                )
        if any(cell is not None for cell in cells):
            rows.append((RULES[rule].title, *cells))
    counts = ", ".join(str(count) for count in sorted(seeds - {0}))
    return Table(
        "table4",
        "mIoU % by bank rule (layout of Table 4)",
        (Column("rule", "contrastive bank"), *(Column(f"labeled_{n}", f"{n} labeled", "per_cent") for n in splits)),
        tuple(rows),
        (f"Of the checkpoints measured (the best EMA epoch of a run's folder); seeds per cell: {counts}.", *mixed),
    )


def section_of(methods: Methods) -> Section:
    """Every checkpoint measured, with the mIoU it measures and the one its file states."""
    return checkpoints_section([Member(m.group, m.checkpoint, measured) for m, measured in methods.passes()])


def quantities(methods: Methods, group: MeasuredGroup) -> Iterator[Quantity]:
    """mIoU and pixel accuracy."""
    statistics = tuple(member.statistics for member in group.members)
    ious = [member.iou for member in group.members]
    values = tuple(iou.miou() for iou in ious)
    yield Quantity("mIoU", "fraction", True, values, statistics, pooled_miou, tuple(iou.present for iou in ious))
    totals = tuple(counts.sum(-1) for counts in statistics)  # (I, 3): correct, predicted and valid pixels
    values = tuple(iou.accuracy for iou in ious)
    yield Quantity("pixel accuracy", "fraction", True, values, totals, pooled_ratio(0, 2))
