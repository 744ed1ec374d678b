"""The facts of a study that the rules judge, gathered once from its passes, replays, logs and configurations."""

import math
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from pixcon_diag.analyses.error_budgets import error_budgets
from pixcon_diag.analyses.filter_verdict import overall_verdict
from pixcon_diag.cache.replay import ReplayedPass
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.findings.facts import (
    Facts,
    Filter,
    Labeled,
    Load,
    Measurements,
    Member,
    Method,
    Pair,
    Shifts,
    Training,
)
from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import RunHistory, Weights
from pixcon_diag.measures.error_budget_result import ErrorBudget
from pixcon_diag.measures.uncertainty import ImageNoise, paired_bootstrap, pooled_miou
from pixcon_diag.passes.predictions import MeasuredGroup, MeasuredPass, Predictions
from pixcon_diag.provenance import LoadCheck
from pixcon_diag.statistics.run_seeds import RunSeed, common_starts, paired
from pixcon_diag.statistics.spread import by_start
from pixcon_train.core.yaml_files import flatten
from pixcon_train.data.lists import parse_list
from pixcon_train.method.admission import REPLAYED

TRIED = 20
"""Images on which shifts of the labels are tried, evenly spaced in the list."""


def gather(methods: Methods, *, width: int, draws: int) -> Facts:
    """Everything that is known of ``methods``; what cannot be measured is noted by them and left out.

    Args:
        width: of the boundary zone, in pixels.
        draws: resamples of the images for intervals.

    Raises:
        PixConError: nothing can be read or measured.
    """
    if methods.only_logs:
        return _of_logs(methods.histories())
    groups = methods.measured()
    with methods.lenient():
        histories = {run.name: run for runs in methods.histories().values() for run in runs}
        replays = {replayed.name: replayed for _, replayed in methods.replays()}
        budgets = methods.attempt("error budget", lambda: error_budgets(methods, width)) or {}
    checkpoints = {
        member.checkpoint.name: member.checkpoint for member in methods.members if member.checkpoint.maps is None
    }
    members = [
        Member(
            predictions.name,
            group.name,
            _training(checkpoints.get(predictions.name), histories.get(predictions.name)),
            _measurements(
                predictions,
                checkpoints.get(predictions.name),
                budgets.get(predictions.name),
                replays.get(predictions.name),
                (methods.options.seed, draws),
            ),
        )
        for group in groups
        for predictions in group.members
    ]
    known = {member.name for member in members}
    members += [Member(name, name, _training(None, run)) for name, run in histories.items() if name not in known]
    first, *others = groups
    pairs = [
        _pair(first, other, budgets, (methods.options.seed, draws))
        for other in others
        if first.members[0].provenance.data.same_images == other.members[0].provenance.data.same_images
    ]
    return Facts(tuple(members), tuple(pairs), _methods({group.name: len(group.members) for group in groups}))


def _methods(seeds: dict[str, int]) -> tuple[Method, ...]:
    return tuple(Method(name, number, compared=len(seeds) > 1) for name, number in seeds.items())


def _of_logs(groups: dict[str, list[RunHistory]]) -> Facts:
    """The facts of logs alone: training, and differences over seeds in the best epochs' mIoU.

    The mIoU is that of the EMA teachers if every log has it, else that of the students: never one against the other.
    """
    members = [
        Member(name if len(runs) == 1 else run.name, name, _training(None, run))
        for name, runs in groups.items()
        for run in runs
    ]
    every = [run for runs in groups.values() for run in runs]
    weights: Weights = "ema" if all(run.best("ema") for run in every) else "student"
    bests = {name: [_best(run, weights) for run in runs] for name, runs in groups.items()}
    first, *others = bests
    seeds = {name: [run.seed for run in runs] for name, runs in groups.items()}
    pairs = [
        Pair(first, other, seeds=_deltas(bests[first], bests[other], (seeds[first], seeds[other]))) for other in others
    ]
    return Facts(tuple(members), tuple(pairs), _methods({name: len(runs) for name, runs in groups.items()}))


def _best(run: RunHistory, weights: Weights) -> float:
    best = run.best(weights)
    return best.miou if best else float("nan")


def _deltas(
    first: Sequence[float], second: Sequence[float], seeds: tuple[Sequence[RunSeed], Sequence[RunSeed]]
) -> tuple[float, ...]:
    """second − first of each pair of runs, or of each start's pairs the mean; empty where they are not paired or a
    value is undefined."""
    if not paired(*seeds):
        return ()
    deltas = np.subtract(second, first).tolist()
    starts = common_starts(*seeds)
    return () if any(map(math.isnan, deltas)) else tuple(deltas if starts is None else by_start(deltas, starts))


def _training(checkpoint: LoadedCheckpoint | None, history: RunHistory | None) -> Training | None:
    """The run of a log, else what its checkpoint says of it; None where neither is known."""
    run = None if checkpoint is None else checkpoint.run
    config = history.config if history is not None and history.config else {} if run is None else flatten(run.config)
    if history is None and checkpoint is None:
        return None
    about: dict[str, Any] = {
        "decay": config.get("ema_decay"),
        "warmup": config.get("optimizer.warmup"),
        "tau": config.get("consistency.tau", config.get("conf_thresh")),
    }
    if history is not None:
        return Training(
            iterations=history.iterations,
            teacher=history.curve("ema"),
            student=history.curve("student"),
            retention=tuple(r.retention for r in history.epochs if r.retention == r.retention),
            **about,
        )
    assert checkpoint is not None
    scores = checkpoint.info.scores
    epoch = scores.epoch or 0
    return Training(
        iterations=_iterations(checkpoint, config),
        teacher={} if scores.ema is None else {epoch: scores.ema},
        student={} if scores.student is None else {epoch: scores.student},
        **about,
    )


def _iterations(checkpoint: LoadedCheckpoint, config: dict[str, Any]) -> int | None:
    """Length of a run by its configuration and its unlabeled list; None where they are not known."""
    listed = checkpoint.run.lists.get("unlabeled") if checkpoint.run is not None else None
    epochs, batch = config.get("schedule.epochs"), config.get("schedule.batch")
    if listed is None or not epochs or not batch:
        return None
    images = parse_list(listed["text"], listed["path"], masks_required=False)
    return len(images) // int(batch) * int(epochs) or None


def _load(check: LoadCheck) -> Load:
    fitting = check.recipes.best if check.recipes is not None and check.recipes.told_apart else None
    return Load(check.stated, check.measured, check.same_list, fitting)


def _measurements(
    member: Predictions,
    checkpoint: LoadedCheckpoint | None,
    budget: ErrorBudget | None,
    replayed: ReplayedPass | None,
    drawing: tuple[int, int],
) -> Measurements:
    spec, info = member.data.spec, member.provenance
    seed, draws = drawing
    check = info.load_check
    measured = member if isinstance(member, MeasuredPass) else None
    return Measurements(
        classes=spec.classes,
        images=info.data.images,
        list_name=info.data.list_name,
        statistics=member.statistics,
        trained_on=_trained_on(member),
        load=None if check is None else _load(check),
        filter=None if measured is None else _filter(measured, checkpoint),
        budget=None if budget is None else budget.result(seed=seed, draws=draws),
        confusion=None if budget is None else budget.confusion,
        shifts=None if budget is None else _shifts(budget),
        cosine=_cosine(measured),
        labeled=None if replayed is None or replayed.data.limited else _labeled(replayed),  # a part says little
    )


def _trained_on(member: Predictions) -> float | None:
    """Share of the measured images that the labeled list of training names; None where that list is unknown."""
    if isinstance(member, MeasuredPass) and member.labeled is not None:
        return float(member.labeled.mean())
    # The public splits call the list so; other names say nothing.
    return 1.0 if PurePosixPath(member.data.list_name).stem == "labeled" else None


def _filter(measured: MeasuredPass, checkpoint: LoadedCheckpoint | None) -> Filter:
    """The filter at the run's τ where the pass counted it, else at the first threshold asked for."""
    asked = float(measured.options.taus[0])
    run = None if checkpoint is None else checkpoint.run
    trained = None if run is None else flatten(run.config).get("consistency.tau")
    tau = float(trained) if trained is not None and float(trained) in measured.counts.edges else asked
    result = measured.contamination([tau])
    at, curve = result.at(tau), result.curve
    return Filter(
        tau=tau,
        counts=measured.counts.retained(tau),
        macro_rho_f=at.by_predicted.macro_rho_f,
        predicted=at.by_predicted.pixels,
        retained=at.by_predicted.retained,
        taus=curve.tau,
        retention=curve.retention,
        rho_f=curve.rho_f,
        verdict=overall_verdict(measured, tau),
    )


def _shifts(budget: ErrorBudget) -> Shifts:
    """mIoU of labels one lower and one higher, from the confusions of a few images."""
    total = len(budget.statistics)
    images = np.unique(np.linspace(0, total - 1, min(TRIED, total)).round().astype(int))
    confusion = budget.confusion_of(images)
    return Shifts(len(images), {shift: shifted_miou(confusion, shift) for shift in (0, -1, 1)})


def shifted_miou(confusion: np.ndarray, shift: int) -> float:
    """mIoU over the classes present if every predicted class k were k + ``shift``; beyond the classes it is none.

    Args:
        confusion: (K, K) pixels by target and predicted class.
        shift: −1, 0 or 1.
    """
    moved = np.zeros_like(confusion)
    if shift > 0:
        moved[:, 1:] = confusion[:, :-1]
    else:
        moved[:, : len(confusion) + shift] = confusion[:, -shift:]
    return float(pooled_miou(np.stack((moved.diagonal(), moved.sum(0), confusion.sum(1)))))


def _cosine(measured: MeasuredPass | None) -> np.ndarray | None:
    """Cosines of the class centroids; None without features."""
    if measured is None or measured.without_feature:
        return None
    return np.array(measured.geometry().cosine)


def _labeled(replayed: ReplayedPass) -> Labeled:
    rule = replayed.trained if replayed.trained in REPLAYED else "clean"
    coverage = replayed.coverage(rule)
    return Labeled(coverage.images, coverage.absent, rule, coverage.starved, replayed.contamination("confidence"))


def _pair(
    first: MeasuredGroup, other: MeasuredGroup, budgets: dict[str, ErrorBudget], drawing: tuple[int, int]
) -> Pair:
    seed, draws = drawing

    def noise(arrays: dict[str, np.ndarray]) -> ImageNoise:
        baseline, method = ([arrays[member.name] for member in group.members] for group in (first, other))
        return paired_bootstrap(baseline, method, pooled_miou, rng=np.random.default_rng(seed), draws=draws)

    members = (*first.members, *other.members)
    inner = {name: budget.inner for name, budget in budgets.items()}
    ious = [np.array([member.iou.iou for member in group.members]) for group in (first, other)]
    mious = [[member.iou.miou() for member in group.members] for group in (first, other)]
    return Pair(
        first.name,
        other.name,
        classes=first.members[0].data.spec.classes,
        image_noise=noise({member.name: member.statistics for member in members}),
        inner=noise(inner) if all(member.name in inner for member in members) else None,
        by_class=tuple((ious[1].mean(0) - ious[0].mean(0)).tolist()),
        seeds=_deltas(mious[0], mious[1], (first.seeds, other.seeds)),
    )
