"""What was measured, and the mIoU of each bank rule in the layout of Table 4."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pixcon_diag.analyses.class_sets import uneven_miou
from pixcon_diag.analyses.measured import Measured, identity, load_warnings
from pixcon_diag.cache.replay import rule_of
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.groups.methods import Methods
from pixcon_diag.measures.comparison import Quantity
from pixcon_diag.measures.uncertainty import pooled_miou, pooled_ratio
from pixcon_diag.paper.scores import table4 as paper_table4
from pixcon_diag.paper.scores import tables1_to_3
from pixcon_diag.passes.load_check import stated_miou
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass
from pixcon_diag.statistics.spread import Spread, spread
from pixcon_diag.tables.paper_table import PaperTable
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Column, Table
from pixcon_train.data.lists import parse_list
from pixcon_train.method.admission import RULES

ENCODER_NAMES = {
    "small": "DINOv2-S",
    "base": "DINOv2-B",
    "large": "DINOv2-L",
    "giant": "DINOv2-G",
    "nano": "DINOv2-nano",
}
"""The paper's names of encoders by the size of the network."""
RULE_ORDER = tuple(dict.fromkeys(("none", "confidence", "labeled", "clean", *RULES)))
"""Bank rules in the order of the paper's Table 4, then the other ones."""


class Training(NamedTuple):
    """How a checkpoint was trained; None where its file does not state it."""

    rule: str | None
    """Admission rule of the bank."""
    labeled: int | None
    """Labeled images."""


Trained = Measured[MeasuredPass, Training]


def training_of(checkpoint: LoadedCheckpoint) -> Training:
    """The training as stated in the file."""
    return Training(rule_of(checkpoint), labeled_images_of(checkpoint))


def labeled_images_of(checkpoint: LoadedCheckpoint) -> int | None:
    """Number of labeled images it was trained with; None where the file does not state it."""
    listed = None if checkpoint.run is None else checkpoint.run.lists.get("labeled")
    return None if listed is None else len(parse_list(listed["text"], listed["path"], masks_required=False))


def checkpoints_result(members: Sequence[Trained]) -> Result:
    """Every checkpoint, and Table 4 where the files state the bank's rule."""
    with_rule = [trained for trained in members if trained.result.rule in RULES]
    results = [trained.record(iou=trained.member.iou.to_dict(), **trained.result._asdict()) for trained in members]
    return Result.of(
        "checkpoints",
        [checkpoints_table(members), *([table4(with_rule)] if with_rule else [])],
        paper=[*tables1_to_3(results, ENCODER_NAMES), *_paper_table4(with_rule)],
        results=results,
    )


def _paper_table4(members: Sequence[Trained]) -> list[PaperTable]:
    """Table 4 as the paper has it; none where no file states a rule and the number of its labeled images."""
    rules = {
        row.rule: {n: spread([m.member.iou.miou() for m in seeds]) for n, seeds in row.cells.items() if seeds and n}
        for row in _rules(members)
    }
    known = {rule: cells for rule, cells in rules.items() if cells}
    return [paper_table4(known, {rule: RULES[rule].title for rule in known})] if known else []


def checkpoints_table(members: Sequence[Trained]) -> Table:
    """A row for each checkpoint."""
    passes = [trained.member for trained in members]
    data = passes[0].provenance.data
    return Table.of(
        "checkpoints",
        "Checkpoints measured",
        members,
        (
            Column("group", "group"),
            Column("name", "checkpoint"),
            Column("model", "model", of=lambda r: f"{r.checkpoint.architecture} {r.checkpoint.size}"),
            Column("weights", "weights", of=lambda r: r.checkpoint.shown_weights),
            Column("epoch", "epoch", of=lambda r: r.checkpoint.scores.epoch),
            Column("miou", "mIoU %", "per_cent", of=lambda r: r.member.iou.miou("skip")),
            Column("miou_zero", "absent as 0", "per_cent", of=lambda r: r.member.iou.miou("zero")),
            Column("stated_miou", "stated %", "per_cent", of=lambda r: stated_miou(r.checkpoint)),
            Column("accuracy", "accuracy %", "per_cent", of=lambda r: r.member.iou.accuracy),
        ),
        (
            f"{data.images} images of {data.dataset} ({data.list_name}).",
            *uneven_miou(passes),
            *load_warnings(passes),
        ),
        lambda r: identity(r.member),
    )


class _Rule(NamedTuple):
    """The checkpoints of one bank rule by their number of labeled images."""

    rule: str
    cells: dict[int, list[Trained]]


def table4(members: Sequence[Trained]) -> Table:
    """Table 4: a row for each bank rule, a column for each number of labeled images."""
    splits = sorted({trained.result.labeled or 0 for trained in members})
    rows = _rules(members)
    cells = [seeds for row in rows for seeds in row.cells.values() if seeds]
    counts = ", ".join(map(str, sorted({len(seeds) for seeds in cells})))
    groups = [dict.fromkeys(trained.group for trained in seeds) for seeds in cells]
    return Table.of(
        "table4",
        "mIoU % by bank rule (layout of Table 4)",
        [row for row in rows if any(row.cells.values())],
        [Column("rule", "contrastive bank", of=lambda r: RULES[r.rule].title), *map(_split_column, splits)],
        (
            f"Checkpoints as measured (of a run folder: its best EMA epoch); seeds per cell: {counts}.",
            *(
                f"{', '.join(names)} share a cell: if they differ in more than the seed, ± includes that difference."
                for names in groups
                if len(names) > 1
            ),
        ),
    )


def _rules(members: Sequence[Trained]) -> list[_Rule]:
    """The checkpoints of each rule; an unstated number of labeled images counts as 0."""
    splits = sorted({trained.result.labeled or 0 for trained in members})
    return [
        _Rule(rule, {n: [m for m in members if m.result.rule == rule and (m.result.labeled or 0) == n] for n in splits})
        for rule in RULE_ORDER
    ]


def _split_column(labeled: int) -> Column[_Rule]:
    """mIoU over the seeds with ``labeled`` labeled images."""

    def miou(row: _Rule) -> Spread | None:
        seeds = row.cells[labeled]
        return spread([trained.member.iou.miou() for trained in seeds]) if seeds else None

    return Column(f"labeled_{labeled}", f"{labeled} labeled", "per_cent", of=miou)


def result_of(methods: Methods) -> Result:
    """Every checkpoint measured, with the mIoU it measures and the one its file states."""
    return checkpoints_result(
        [Measured(m.group, measured, training_of(m.checkpoint)) for m, measured in methods.network_passes()]
    )


def quantities(methods: Methods, group: MeasuredGroup) -> Iterator[Quantity]:
    """mIoU and pixel accuracy."""
    statistics = tuple(member.statistics for member in group.members)
    ious = [member.iou for member in group.members]
    values = tuple(iou.miou() for iou in ious)
    yield Quantity("mIoU", "fraction", True, values, statistics, pooled_miou, tuple(iou.present for iou in ious))
    totals = tuple(counts.sum(-1) for counts in statistics)  # (I, 3): correct, predicted and valid pixels
    values = tuple(iou.accuracy for iou in ious)
    yield Quantity("pixel accuracy", "fraction", True, values, totals, pooled_ratio(0, 2))
