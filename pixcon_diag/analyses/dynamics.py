"""Training dynamics as tables: best epochs, who leads over how many epochs, and the curves (Fig. 4, Sec. H.1)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pixcon_diag.analyses.deltas import BETTER, delta_column
from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import BestEpoch, Weights
from pixcon_diag.measures.dynamics import DynamicsResult, GroupDynamics, RunDynamics, dynamics
from pixcon_diag.statistics import mean, seeds_note, spread
from pixcon_diag.tables.section import Section, section
from pixcon_diag.tables.table import AnyColumn, Cell, Column, Table

SHOWN_RUNS = 6
"""Runs whose classes still fit side by side on a screen."""
OTHER: dict[Weights, Weights] = {"ema": "student", "student": "ema"}
CALLED: dict[Weights, str] = {"ema": "the EMA teacher", "student": "the student"}
TRAINING: tuple[AnyColumn, ...] = (
    Column("threshold", "τ", "number", 3),
    Column("contamination", "ρ_F", "number"),
    Column("replaced", "replaced %", "per_cent"),
    Column("bank_contamination", "bank's ρ_F", "number"),
)
"""What some logs tell of pseudo-labels and bank, by the names of :class:`RunDynamics`."""


def dynamics_section(result: DynamicsResult) -> Section:
    """Best epochs, bands and leads; classes where they fit on a screen; the curves as files.

    Pseudo-labels and bank in training, and thresholds by class, where a log tells of them.
    """
    tables = [runs_table(result), groups_table(result)]
    if _told(result):
        tables.append(training_table(result))
    if any(lead.live for lead in result.leads):
        tables.append(leads_table(result))
    by_class = classes_tables(result)
    fits = len(_labelled(result)) <= SHOWN_RUNS
    return section(
        "dynamics",
        [*tables, *(by_class if fits else [])],
        [*([] if fits else by_class), curves_table(result), *thresholds_tables(result)],
        dynamics=result.to_dict(),
    )


def runs_table(result: DynamicsResult) -> Table:
    """A row for each run; where every group has a single one, its name is in files alone."""
    alone = _alone(result)
    rows: list[tuple[Cell, ...]] = []
    for group in result.groups:
        for run in group.runs:
            best: list[Cell] = []
            for found in (run.best_ema, run.best_student):
                best += [found.miou, found.epoch] if found else [None, None]
            retained = [ratio for ratio in run.mask_ratio if ratio == ratio]
            last = (retained[0], retained[-1]) if retained else (None, None)
            rows.append((group.name, *([] if alone else [run.name]), len(run.epoch), *best, *last))
    return Table(
        "dynamics",
        "Runs",
        (
            Column("group", "group"),
            *(() if alone else (Column("run", "run"),)),
            Column("epochs", "epochs", "count"),
            Column("best_ema", "mIoU %", "per_cent", over="best EMA"),
            Column("best_ema_epoch", "epoch", over="best EMA"),
            Column("best_student", "mIoU %", "per_cent", over="best student"),
            Column("best_student_epoch", "epoch", over="best student"),
            Column("first_mask_ratio", "first", "per_cent", over="retained %"),
            Column("last_mask_ratio", "last", "per_cent", over="retained %"),
        ),
        tuple(rows),
        tuple(_run_notes(_labelled(result))),
        tuple({"run": run.name} for _, run in _labelled(result)) if alone else (),
    )


def groups_table(result: DynamicsResult) -> Table:
    """A row for each group: its best mIoU over the seeds, and the epochs where all of them are live."""
    rows: list[tuple[Cell, ...]] = []
    for group in result.groups:
        bests = [found for run in group.runs if (found := _best(run, result.weights)) is not None]
        best = spread([found.miou for found in bests]) if bests else None
        peak = mean([float(found.finished) for found in bests])
        finished = group.band.finished
        window = f"{finished[0]}–{finished[-1]}" if finished else None
        rows.append((group.name, len(group.runs), best, peak, len(finished), window))
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
        (seeds_note([len(group.runs) for group in result.groups]), *_group_notes(result), *_apart_notes(result)),
    )


def leads_table(result: DynamicsResult) -> Table:
    """Each later group against the first one, where the two have an epoch in common."""
    return Table(
        "dynamics_leads",
        "Who leads",
        (
            Column("baseline", "baseline"),
            Column("other", "other"),
            Column("live", "epochs compared", "count"),
            Column("leads", "other leads in", "count"),
            Column("ties", "ties", "count"),
            delta_column("mean_margin", "mIoU, mean", higher_is_better=True),
        ),
        tuple((x.baseline, x.other, x.live, x.leads, x.ties, x.mean_margin) for x in result.leads if x.live),
        (f"Epochs at which every seed of both groups has a value; means over seeds. Δ = other − baseline. {BETTER}",),
    )


def training_table(result: DynamicsResult) -> Table:
    """A row for each run: pseudo-labels and bank in the first and the last epoch that tells of them."""
    alone, told = _alone(result), _told(result)
    rows: list[tuple[Cell, ...]] = []
    for group in result.groups:
        for run in group.runs:
            ends: list[Cell] = []
            for each in told:
                known = [value for value in getattr(run, each.key) if value == value]
                ends += [known[0], known[-1]] if known else [None, None]
            rows.append((group.name, *([] if alone else [run.name]), *ends))
    columns = [
        replace(each, key=f"{which}_{each.key}", head=which, over=each.head)
        for each in told
        for which in ("first", "last")
    ]
    return Table(
        "dynamics_training",
        "Pseudo-labels and bank in training",
        (Column("group", "group"), *(() if alone else (Column("run", "run"),)), *columns),
        tuple(rows),
        (
            "In the first and the last epoch that tells it. τ: mean over the unlabeled pixels. ρ_F: of the retained "
            "pseudo-labels as they trained, noise included, where the trainer knew the unlabeled masks. Replaced: "
            "share of the retained that noise replaced. Bank's ρ_F: of its entries whose truth is known.",
        ),
        tuple({"run": run.name} for _, run in _labelled(result)) if alone else (),
    )


def thresholds_tables(result: DynamicsResult) -> list[Table]:
    """τ of every class in every epoch, of the runs whose rule has one for each; no table where there is none."""
    rows: list[tuple[Cell, ...]] = [
        (group.name, run.name, run.epoch[i], run.finished[i], name, values[i])
        for group in result.groups
        for run in group.runs
        for i in range(len(run.epoch))
        for name, values in run.thresholds.items()
    ]
    columns: tuple[AnyColumn, ...] = (
        Column("group", "group"),
        Column("run", "run"),
        Column("epoch", "epoch"),
        Column("finished", "epochs finished"),
        Column("class", "class"),
        Column("threshold", "τ", "number", 3),
    )
    return [Table("dynamics_thresholds", "Thresholds by class", columns, tuple(rows))] if rows else []


def classes_tables(result: DynamicsResult) -> list[Table]:
    """IoU per class at each run's best epoch, a table for each list of classes that the logs have."""
    lists = dict.fromkeys(run.classes for _, run in _labelled(result) if run.classes)
    return [
        _classes_table("dynamics_classes" if number == 1 else f"dynamics_classes_{number}", classes, result)
        for number, classes in enumerate(lists, 1)
    ]


def _classes_table(name: str, classes: tuple[str, ...], result: DynamicsResult) -> Table:
    runs = [(label, run) for label, run in _labelled(result) if run.classes == classes]
    best = [_best(run, result.weights) or _best(run, OTHER[result.weights]) for _, run in runs]
    ious = [found.iou if found is not None and found.iou else None for found in best]
    rows = [(each, *(iou[k] if iou else None for iou in ious)) for k, each in enumerate(classes)]
    rows.append(("mean", *(found.miou if found else None for found in best)))
    columns: list[AnyColumn] = [Column(f"iou_{label}", label, "per_cent") for label, _ in runs]
    measured = {found.weights for found in best if found}
    weights = measured.pop() if len(measured) == 1 else result.weights
    instead = [x for (x, _), found in zip(runs, best, strict=True) if found and found.weights != weights]
    notes = [f"Of {CALLED[OTHER[weights]]}, which alone was validated: {', '.join(instead)}."] if instead else []
    title = f"Classes at the best epoch of {CALLED[weights]}, %"
    return Table(name, title, (Column("class", "class"), *columns), tuple(rows), tuple(notes))


def curves_table(result: DynamicsResult) -> Table:
    """Every epoch of every run."""
    losses = list(dict.fromkeys(name for group in result.groups for run in group.runs for name in run.losses))
    told = _told(result)
    rows = [row for group in result.groups for run in group.runs for row in _curve(group, run, losses, told)]
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
            *told,
        ),
        tuple(rows),
    )


def _curve(
    group: GroupDynamics, run: RunDynamics, losses: Sequence[str], told: Sequence[AnyColumn]
) -> list[tuple[Cell, ...]]:
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
            *(getattr(run, each.key)[i] for each in told),
        )
        for i in range(len(run.epoch))
    ]


def _told(result: DynamicsResult) -> list[AnyColumn]:
    """Which of the numbers of pseudo-labels and bank some run's log has."""
    runs = [run for group in result.groups for run in group.runs]
    return [each for each in TRAINING if any(value == value for run in runs for value in getattr(run, each.key))]


def _alone(result: DynamicsResult) -> bool:
    """Whether every group is a single run."""
    return all(len(group.runs) == 1 for group in result.groups)


def _labelled(result: DynamicsResult) -> list[tuple[str, RunDynamics]]:
    """Every run with what it is called: as its group, which the user may have named, where it is alone in it."""
    groups = result.groups
    return [(group.name if len(group.runs) == 1 else run.name, run) for group in groups for run in group.runs]


def _best(run: RunDynamics, weights: Weights) -> BestEpoch | None:
    return run.best_ema if weights == "ema" else run.best_student


def _run_notes(runs: Sequence[tuple[str, RunDynamics]]) -> Iterator[str]:
    """How the numbers of a run were counted, and what was left out of it."""
    yield (
        "Epochs as each log counts (UniMatch from 0). Retained: share of unlabeled pixels that the threshold kept "
        "in training, in the first and the last epoch that tells it."
    )
    zero = [label for label, run in runs if run.absent == "zero"]
    skip = [label for label, run in runs if run.absent == "skip"]
    if zero and skip:
        yield (
            f"A class in neither truth nor prediction counts as IoU 0 in {', '.join(zero)}, and is left out of the "
            f"mean in {', '.join(skip)}: their mIoUs differ where there is such a class."
        )
    yield from (f"{label}: {run.note}" for label, run in runs if run.note)


def _group_notes(result: DynamicsResult) -> Iterator[str]:
    """Groups that are no seeds of one recipe, and runs that say nothing of the network asked for."""
    for group in result.groups:
        if group.varied:
            yield f"The runs of {group.name} differ in {', '.join(group.varied)}: ± is not over seeds alone."
    unknown = [label for label, run in _labelled(result) if _best(run, result.weights) is None]
    if unknown:
        yield (
            f"No mIoU of {CALLED[result.weights]} in {', '.join(unknown)}: no epoch was validated, or the other "
            "network alone (logs without an EMA column have the student's: --weights student)."
        )


def _apart_notes(result: DynamicsResult) -> Iterator[str]:
    """Groups that cannot be compared with the first one, and why."""
    others = [lead.other for lead in result.leads if not lead.same_classes]
    apart = [lead.other for lead in result.leads if lead.same_classes and not lead.live]
    first = result.groups[0].name
    if others:
        yield f"On other classes than {first}, and not compared with it: {', '.join(others)}."
    if apart:
        yield f"No epoch at which all seeds have a value in common with {first}: {', '.join(apart)}."


def section_of(methods: Methods, weights: Weights = "ema") -> Section:
    """The curves of the training logs of each method.

    Raises:
        PixConError: there are no logs.
    """
    return dynamics_section(dynamics(methods.histories(), weights))
