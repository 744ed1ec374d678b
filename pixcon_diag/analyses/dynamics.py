"""Training dynamics as tables: best epochs, leading method, and the curves (Fig. 4, Sec. H.1)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

from pixcon_diag.analyses.deltas import BETTER, delta_column
from pixcon_diag.analyses.dynamics_curves import RETAINED, Curve, curves_table, logged, thresholds_tables
from pixcon_diag.groups.kept_teachers import KeptTeacher, kept_teachers
from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import BestEpoch, Weights, common_weights, origins
from pixcon_diag.measures.dynamics import DynamicsResult, GroupDynamics, RunDynamics, dynamics
from pixcon_diag.statistics.spread import mean, seeds_note, spread
from pixcon_diag.tables.result import Result
from pixcon_diag.tables.table import Cell, Column, Table

SHOWN_RUNS = 6
"""Most runs whose classes fit side by side on a screen."""
OTHER: dict[Weights, Weights] = {"ema": "student", "student": "ema"}
WEIGHTS_LABEL: dict[Weights, str] = {"ema": "the EMA teacher", "student": "the student"}


class _Run(NamedTuple):
    """A run with its label: the group's name if it is the only run of the group."""

    group: str
    label: str
    run: RunDynamics


class _Class(NamedTuple):
    """A class, or the mean over all."""

    label: str
    k: int | None


def dynamics_result(
    result: DynamicsResult, logs: Sequence[Mapping[str, str | None]] = (), kept: Sequence[KeptTeacher] = ()
) -> Result:
    """Best epochs, bands and leads; class tables if they fit on a screen; the curves as files.

    Pseudo-labels and bank in training, and thresholds by class, if a log has them; the kept teachers, if measured.
    """
    by_class = classes_tables(result)
    fits = len(_runs(result)) <= SHOWN_RUNS
    return Result.of(
        "dynamics",
        [
            runs_table(result),
            groups_table(result),
            *([training_table(result)] if logged(result) else []),
            *([kept_table(kept)] if kept else []),
            *([leads_table(result)] if any(lead.live for lead in result.leads) else []),
            *(by_class if fits else []),
        ],
        [*([] if fits else by_class), curves_table(result), *thresholds_tables(result)],
        dynamics=result.to_dict(),
        logs=list(logs),
        kept=[_kept_record(teacher) for teacher in kept],
    )


def runs_table(result: DynamicsResult) -> Table:
    """A row for each run."""
    columns: list[Column[_Run]] = [
        Column("epochs", "epochs", "count", of=lambda r: len(r.run.epoch)),
        Column("best_ema", "mIoU %", "per_cent", over="best EMA", of=lambda r: _miou(r.run.best_ema)),
        Column("best_ema_epoch", "epoch", over="best EMA", of=lambda r: _epoch(r.run.best_ema)),
        Column("best_student", "mIoU %", "per_cent", over="best student", of=lambda r: _miou(r.run.best_student)),
        Column("best_student_epoch", "epoch", over="best student", of=lambda r: _epoch(r.run.best_student)),
        *_ends(RETAINED),
    ]
    return _table_of_runs("dynamics", "Runs", result, columns, _run_notes(_runs(result)))


def training_table(result: DynamicsResult) -> Table:
    """A row for each run: pseudo-labels and bank in the first and the last epoch with a value."""
    columns = [column for curve in logged(result) for column in _ends(curve)]
    note = (
        "In the first and the last epoch with a value. τ: mean over the unlabeled pixels. ρ_F: of the retained "
        "pseudo-labels as trained on, noise included, where the unlabeled masks were available. Replaced: "
        "share of the retained pseudo-labels that noise replaced. Bank's ρ_F: of its entries of known truth."
    )
    return _table_of_runs("dynamics_training", "Pseudo-labels and bank in training", result, columns, [note])


def kept_table(kept: Sequence[KeptTeacher]) -> Table:
    """A row for each measured teacher."""
    tau = kept[0].measured.options.taus[0]
    keys = ("miou", "retention", "rho_f", "macro_rho_f")
    heads = ("mIoU %", "retention %", "ρ_F", "macro ρ_F")
    numbers = [
        Column[KeptTeacher](key, head, "per_cent" if "%" in head else "number", of=partial(_kept_value, key))
        for key, head in zip(keys, heads, strict=True)
    ]
    note = (
        f"The EMA teachers that the runs kept, on whole validation images at τ = {tau:g} (`contamination`); ρ_F in "
        "training is of training views of unlabeled images."
    )
    columns = [Column[KeptTeacher](name, name) for name in ("group", "run", "epoch")]
    return Table.of("dynamics_kept", "Kept teachers", kept, [*columns, *numbers], [note])


def _kept_value(key: str, teacher: KeptTeacher) -> float:
    value: float = _kept_record(teacher)[key]
    return value


def _kept_record(teacher: KeptTeacher) -> dict[str, Any]:
    (tau,) = teacher.measured.options.taus[:1]
    at = teacher.measured.contamination([tau]).at(tau)
    return {
        "group": teacher.group,
        "run": teacher.run,
        "epoch": teacher.epoch,
        "tau": tau,
        "miou": teacher.measured.iou.miou("skip"),
        "retention": at.overall.retention,
        "rho_f": at.overall.rho_f,
        "macro_rho_f": at.by_predicted.macro_rho_f,
        "provenance": asdict(teacher.measured.provenance),
    }


def _table_of_runs(
    name: str, title: str, result: DynamicsResult, columns: Sequence[Column[_Run]], notes: Iterable[str]
) -> Table:
    """A row for each run; the run's name is in files only if every group has a single run."""
    alone = all(len(group.runs) == 1 for group in result.groups)
    names: list[Column[_Run]] = [Column("group", "group"), Column("run", "run", of=lambda r: r.run.name)]
    extra = (lambda r: {"run": r.run.name}) if alone else None
    return Table.of(name, title, _runs(result), [*names[: 1 if alone else 2], *columns], notes, extra)


def _ends(curve: Curve) -> Iterator[Column[_Run]]:
    """Columns of the first and the last defined value."""
    for end, index in (("first", 0), ("last", -1)):
        yield Column(f"{end}_{curve.key}", end, curve.kind, curve.digits, curve.head, _defined_value(curve, index))


def _defined_value(curve: Curve, index: int) -> Callable[[_Run], Cell]:
    def value(row: _Run) -> Cell:
        defined = [value for value in curve.values(row.run) if value == value]
        return defined[index] if defined else None

    return value


def _miou(best: BestEpoch | None) -> float | None:
    return best.miou if best else None


def _epoch(best: BestEpoch | None) -> int | None:
    return best.epoch if best else None


def groups_table(result: DynamicsResult) -> Table:
    """A row for each group: its best mIoU over the seeds, and the epochs at which all seeds have a value."""

    def bests(group: GroupDynamics) -> list[BestEpoch]:
        return [best for run in group.runs if (best := _best(run, result.weights)) is not None]

    return Table.of(
        "dynamics_groups",
        f"Groups ({result.weights})",
        result.groups,
        (
            Column("group", "group", of=lambda g: g.name),
            Column("runs", "runs", "count", of=lambda g: len(g.runs)),
            Column(
                "best",
                "best mIoU %",
                "per_cent",
                of=lambda g: spread([best.miou for best in bests(g)]) if bests(g) else None,
            ),
            Column("peak", "after epochs", "count", of=lambda g: mean([float(best.finished) for best in bests(g)])),
            Column("live", "all-live epochs", "count", of=lambda g: len(g.band.finished)),
            Column("window", "of epochs finished", of=_window),
        ),
        (seeds_note([len(group.runs) for group in result.groups]), *_group_notes(result), *_incomparable_notes(result)),
    )


def _window(group: GroupDynamics) -> str | None:
    """The range of epochs finished at which all seeds have a value."""
    finished = group.band.finished
    return f"{finished[0]}–{finished[-1]}" if finished else None


def leads_table(result: DynamicsResult) -> Table:
    """Each later group against the first one, if the two share an epoch."""
    return Table.of(
        "dynamics_leads",
        "Who leads",
        [lead for lead in result.leads if lead.live],
        (
            Column("baseline", "baseline"),
            Column("other", "other"),
            Column("live", "epochs compared", "count"),
            Column("leads", "other leads in", "count"),
            Column("ties", "ties", "count"),
            delta_column("mean_margin", "mIoU, mean", higher_is_better=True),
        ),
        [f"Epochs at which every seed of both groups has a value; means over seeds. Δ = other − baseline. {BETTER}"],
    )


def classes_tables(result: DynamicsResult) -> list[Table]:
    """IoU per class at each run's best epoch, a table for each list of classes in the logs."""
    lists = dict.fromkeys(row.run.classes for row in _runs(result) if row.run.classes)
    return [
        _classes_table("dynamics_classes" if number == 1 else f"dynamics_classes_{number}", classes, result)
        for number, classes in enumerate(lists, 1)
    ]


def _classes_table(name: str, classes: tuple[str, ...], result: DynamicsResult) -> Table:
    runs = [row for row in _runs(result) if row.run.classes == classes]
    best = [_best(row.run, result.weights) or _best(row.run, OTHER[result.weights]) for row in runs]
    measured = {epoch.weights for epoch in best if epoch}
    weights = measured.pop() if len(measured) == 1 else result.weights
    instead = [row.label for row, epoch in zip(runs, best, strict=True) if epoch and epoch.weights != weights]
    return Table.of(
        name,
        f"Classes at the best epoch of {WEIGHTS_LABEL[weights]}, %",
        [*(_Class(label, k) for k, label in enumerate(classes)), _Class("mean", None)],
        [
            Column("class", "class", of=lambda r: r.label),
            *(_iou_column(row.label, epoch) for row, epoch in zip(runs, best, strict=True)),
        ],
        [f"Of {WEIGHTS_LABEL[OTHER[weights]]}, the only network validated: {', '.join(instead)}."] if instead else [],
    )


def _iou_column(label: str, best: BestEpoch | None) -> Column[_Class]:
    """IoU per class of a run at its best epoch, and the mIoU."""

    def iou(row: _Class) -> Cell:
        if best is None or row.k is None:
            return _miou(best)
        return best.iou[row.k] if best.iou else None

    return Column(f"iou_{label}", label, "per_cent", of=iou)


def _runs(result: DynamicsResult) -> list[_Run]:
    return [
        _Run(group.name, group.name if len(group.runs) == 1 else run.name, run)
        for group in result.groups
        for run in group.runs
    ]


def _best(run: RunDynamics, weights: Weights) -> BestEpoch | None:
    return run.best_ema if weights == "ema" else run.best_student


def _run_notes(runs: Sequence[_Run]) -> Iterator[str]:
    """How epochs and absent classes are counted, and what was left out of a run."""
    yield (
        "Epochs as each log counts (UniMatch from 0). Retained: share of unlabeled pixels above the threshold "
        "in training, in the first and the last epoch with a value."
    )
    zero = [label for _, label, run in runs if run.absent == "zero"]
    skip = [label for _, label, run in runs if run.absent == "skip"]
    if zero and skip:
        yield (
            f"A class absent from both target and prediction counts as IoU 0 in {', '.join(zero)} and is left out of "
            f"the mean in {', '.join(skip)}: the mIoUs differ if there is such a class."
        )
    yield from (f"{label}: {run.note}" for _, label, run in runs if run.note)


def _group_notes(result: DynamicsResult) -> Iterator[str]:
    """Groups whose runs differ in more than the seed, and runs without a value for the selected network."""
    for group in result.groups:
        if group.varied:
            yield f"The runs of {group.name} differ in {', '.join(group.varied)}: ± covers more than seeds."
    unknown = [label for _, label, run in _runs(result) if _best(run, result.weights) is None]
    if unknown:
        yield (
            f"No mIoU of {WEIGHTS_LABEL[result.weights]} in {', '.join(unknown)}: no epoch was validated, or only the "
            "other network (logs without an EMA column have the student's: --weights student)."
        )


def _incomparable_notes(result: DynamicsResult) -> Iterator[str]:
    """Groups that cannot be compared with the first, and why."""
    others = [lead.other for lead in result.leads if not lead.same_classes]
    apart = [lead.other for lead in result.leads if lead.same_classes and not lead.live]
    first = result.groups[0].name
    if others:
        yield f"Not compared with {first} because the classes differ: {', '.join(others)}."
    if apart:
        yield f"Not compared with {first} because no epoch has a value for all seeds of both: {', '.join(apart)}."


def result_of(methods: Methods, weights: Weights | None = None, measure_kept: bool = False) -> Result:
    """The curves of the training logs of each method.

    Args:
        weights: network whose mIoU is compared; None: the EMA teacher, or the student if only that is in every log.
        measure_kept: whether to measure the teachers that the runs kept (``runtime.keep_every``).

    Raises:
        PixConError: there are no logs, or a kept teacher cannot be measured.
    """
    histories = methods.histories()
    kept = kept_teachers(methods, histories) if measure_kept else []
    return dynamics_result(dynamics(histories, weights or common_weights(histories)), origins(histories), kept)
