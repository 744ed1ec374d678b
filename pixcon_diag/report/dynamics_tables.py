"""Training dynamics as tables: best epochs, who leads over how many epochs, and the curves (Fig. 4, Sec. H.1)."""

from collections.abc import Sequence

from pixcon_diag.logs.history import BestEpoch, mean
from pixcon_diag.measures.dynamics import DynamicsResult, GroupDynamics, RunDynamics
from pixcon_diag.report.spreads import seeds_note, spread
from pixcon_diag.section import Section, section
from pixcon_diag.tables import Cell, Column, Table

SHOWN_RUNS = 6
"""Runs whose classes still fit side by side on a screen."""


def dynamics_section(result: DynamicsResult, classes: Sequence[str] = ()) -> Section:
    """Best epochs, bands and leads; ``classes`` are the names of the runs' class IoUs, where they share them."""
    tables = [runs_table(result), groups_table(result)]
    if result.leads:
        tables.append(leads_table(result))
    runs = [run for group in result.groups for run in group.runs]
    fits = bool(classes) and len(runs) <= SHOWN_RUNS
    by_class = [classes_table(runs, classes)] if classes else []
    return section(
        "dynamics",
        [*tables, *(by_class if fits else [])],
        [*([] if fits else by_class), curves_table(result)],
        classes=list(classes),
        dynamics=result.to_dict(),
    )


def runs_table(result: DynamicsResult) -> Table:
    """A row for each run."""
    rows: list[tuple[Cell, ...]] = []
    for group in result.groups:
        for run in group.runs:
            best: list[Cell] = []
            for found in (run.best_ema, run.best_student):
                best += [found.miou, found.epoch] if found else [None, None]
            retained = [ratio for ratio in run.mask_ratio if ratio == ratio]
            last = (retained[0], retained[-1]) if retained else (None, None)
            rows.append((group.name, run.name, len(run.epoch), *best, *last))
    notes = [f"{run.name}: {run.note}" for group in result.groups for run in group.runs if run.note]
    return Table(
        "dynamics",
        "Runs",
        (
            Column("group", "group"),
            Column("run", "run"),
            Column("epochs", "epochs", "count"),
            Column("best_ema", "best EMA mIoU %", "per_cent"),
            Column("best_ema_epoch", "epoch"),
            Column("best_student", "best student %", "per_cent"),
            Column("best_student_epoch", "epoch"),
            Column("first_mask_ratio", "retained first %", "per_cent"),
            Column("last_mask_ratio", "retained last %", "per_cent"),
        ),
        tuple(rows),
        (
            "Epochs as each log counts (UniMatch V2 from 0). Retained: share of unlabeled pixels that the threshold "
            "kept in training, in the first and the last epoch that tells it.",
            *notes,
        ),
    )


def groups_table(result: DynamicsResult) -> Table:
    """A row for each group: its best mIoU over the seeds, and the epochs where all of them are live."""
    rows: list[tuple[Cell, ...]] = []
    for group in result.groups:
        best = [found.miou for run in group.runs if (found := _best(run, result)) is not None]
        finished = group.band.finished
        window = f"{finished[0]}–{finished[-1]}" if finished else None
        peak = mean([float(found.finished) for run in group.runs if (found := _best(run, result)) is not None])
        rows.append((group.name, len(group.runs), spread(best) if best else None, peak, len(finished), window))
    return Table(
        "dynamics_groups",
        f"Groups ({result.weights})",
        (
            Column("group", "group"),
            Column("runs", "runs", "count"),
            Column("best", "best mIoU %", "per_cent"),
            Column("peak", "after epochs", "number", 1),
            Column("live", "all-live epochs", "count"),
            Column("window", "of epochs finished"),
        ),
        tuple(rows),
        (seeds_note([len(group.runs) for group in result.groups]),),
    )


def leads_table(result: DynamicsResult) -> Table:
    """Each later group against the first one."""
    common = [lead for lead in result.leads if lead.live]
    apart = [lead.other for lead in result.leads if not lead.live]
    rows = tuple((lead.baseline, lead.other, lead.live, lead.leads, lead.ties, lead.mean_margin) for lead in common)
    notes = ["Epochs at which every seed of both groups has a value; means over seeds."]
    if apart:
        notes.append(f"No such epoch in common with {result.leads[0].baseline}: {', '.join(apart)}.")
    return Table(
        "dynamics_leads",
        "Who leads",
        (
            Column("baseline", "baseline"),
            Column("other", "other"),
            Column("live", "epochs compared", "count"),
            Column("leads", "other leads in", "count"),
            Column("ties", "ties", "count"),
            Column("mean_margin", "mean margin", "points"),
        ),
        rows,
        tuple(notes),
    )


def classes_table(runs: Sequence[RunDynamics], classes: Sequence[str]) -> Table:
    """IoU per class at each run's best EMA epoch (its best student epoch where no teacher was evaluated)."""
    best = [run.best_ema or run.best_student for run in runs]
    ious = [found.iou if found is not None and len(found.iou) == len(classes) else None for found in best]
    rows = [(name, *(iou[k] if iou else None for iou in ious)) for k, name in enumerate(classes)]
    rows.append(("mean", *(found.miou if found else None for found in best)))
    columns = [Column(run.name, run.name, "per_cent") for run in runs]
    return Table("dynamics_classes", "Classes at the best epoch, %", (Column("class", "class"), *columns), tuple(rows))


def curves_table(result: DynamicsResult) -> Table:
    """Every epoch of every run."""
    losses = list(dict.fromkeys(name for group in result.groups for run in group.runs for name in run.losses))
    rows = [row for group in result.groups for run in group.runs for row in _curve(group, run, losses)]
    return Table(
        "dynamics_curves",
        "Curves",
        (
            Column("group", "group"),
            Column("run", "run"),
            Column("epoch", "epoch"),
            Column("finished", "epochs finished"),
            Column("ema_miou", "EMA mIoU %", "per_cent"),
            Column("student_miou", "student mIoU %", "per_cent"),
            Column("mask_ratio", "retained %", "per_cent"),
            *(Column(name, name, "number") for name in losses),
        ),
        tuple(rows),
    )


def _curve(group: GroupDynamics, run: RunDynamics, losses: Sequence[str]) -> list[tuple[Cell, ...]]:
    return [
        (
            group.name,
            run.name,
            run.epoch[i],
            run.finished[i],
            run.ema_miou[i],
            run.student_miou[i],
            run.mask_ratio[i],
            *(run.losses[name][i] if name in run.losses else None for name in losses),
        )
        for i in range(len(run.epoch))
    ]


def _best(run: RunDynamics, result: DynamicsResult) -> BestEpoch | None:
    return run.best_ema if result.weights == "ema" else run.best_student
