"""Seeds and images that a comparison needs, and seed noise and best-epoch optimism from logs."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pixcon_diag.analyses.power_tables import (
    detectable_table,
    epochs_table,
    groups_table,
    images_table,
    needed_table,
    pairs_table,
)
from pixcon_diag.groups.methods import Methods
from pixcon_diag.logs.history import RunHistory, Weights, common_weights, origins
from pixcon_diag.measures.dynamics import DynamicsResult, dynamics
from pixcon_diag.measures.image_power import ImagePower, image_power
from pixcon_diag.measures.power_sources import Plan, given_source, prior_sources
from pixcon_diag.measures.seed_power import SeedPower, seed_power
from pixcon_diag.measures.uncertainty import paired_bootstrap, pooled_miou
from pixcon_diag.statistics.power import ALPHA, POWER
from pixcon_diag.statistics.run_seeds import why_unpaired
from pixcon_diag.tables.result import Result
from pixcon_train.core.errors import ConfigError

EFFECTS = (0.2, 0.5, 1.0)
"""Differences of mIoU, in points."""
SEEDS = (3, 5, 6, 10)


def result_of(
    methods: Methods,
    *,
    effects: Sequence[float] = EFFECTS,
    seeds: Sequence[int] = SEEDS,
    sd: float | None = None,
    weights: Weights | None = None,
    images: bool = False,
) -> Result:
    """Power from the user's runs, from a stated standard deviation, or from a prior.

    Args:
        methods: runs or logs by method; without any, and without runs under ``./runs``, the prior is taken.
        effects: differences of mIoU in points.
        seeds: numbers of seeds per method.
        sd: standard deviation of the paired difference of two runs, in points.
        weights: network whose mIoU is taken; None: the EMA teacher if every log has it, else the student.
        images: whether to measure the checkpoints too, for the number of images.

    Raises:
        ConfigError: an effect, a number of seeds or a standard deviation that is not positive.
        PixConError: a log cannot be read or, with ``images``, a checkpoint cannot be measured.
    """
    plan = _plan(effects, seeds, sd)
    result, notes, histories = None, [], {}
    if methods.any_named or (sd is None and methods.any_run):
        histories = methods.histories()
        result = dynamics(histories, weights or common_weights(histories))
        notes = [*_run_notes(result), *fork_notes(histories), *_pair_notes(histories)]
    rng = np.random.default_rng(methods.options.seed)
    found = SeedPower(None, (), (), (), ()) if result is None else seed_power(result, plan, rng)
    sources = [*([] if sd is None else [given_source(plan, sd / 100)]), *found.sources]
    sources = sources or [*prior_sources(plan)]
    by_images = _image_powers(methods, plan) if images else []
    tables = [
        *([groups_table(found.groups, notes)] if found.groups else []),
        *([pairs_table(found.pairs)] if found.pairs else []),
        needed_table(sources, plan, found),
        detectable_table(sources, plan),
        *([epochs_table(found.runs, found.weights)] if any(run.evaluations > 1 for run in found.runs) else []),
        *([images_table(by_images, plan)] if images else []),
    ]
    return Result.of(
        "power",
        tables,
        alpha=ALPHA,
        power=POWER,
        effects=plan.effects,
        seeds=plan.seeds,
        seed_noise=found.to_dict() | {"sources": [source.to_dict() for source in sources]},
        image_noise=[row.to_dict() for row in by_images],
        logs=origins(histories),
    )


def _plan(effects: Sequence[float], seeds: Sequence[int], sd: float | None) -> Plan:
    """The questions, checked and without repetitions."""
    if (
        not all(effect > 0 for effect in effects)
        or not all(number > 1 for number in seeds)
        or not (sd is None or sd > 0)
    ):
        raise ConfigError(
            f"Power needs effects above 0, at least 2 seeds and a standard deviation above 0, got effects {effects}, "
            f"seeds {seeds} and standard deviation {sd}, in mIoU points."
        )
    return Plan(tuple(effect / 100 for effect in dict.fromkeys(effects)), tuple(dict.fromkeys(seeds)))


def fork_notes(histories: Mapping[str, Sequence[RunHistory]]) -> Iterator[str]:
    """Groups of which several runs fork one checkpoint."""
    counts: dict[tuple[int, int], list[str]] = {}
    for name, runs in histories.items():
        starts = {run.seed.start for run in runs}
        if None not in starts and len(starts) < len(runs):
            counts.setdefault((len(runs), len(starts)), []).append(name)
    for (runs_each, starts_each), names in counts.items():
        yield (
            f"The {runs_each} runs{' each' if len(names) > 1 else ''} of {', '.join(names)} fork {starts_each} "
            f"checkpoint{'s' if starts_each > 1 else ''}: they are not independent, so their SDs and those of their "
            "pairs are likely too small."
        )


def _pair_notes(histories: Mapping[str, Sequence[RunHistory]]) -> Iterator[str]:
    """Why the runs of a group are not paired with the baseline's."""
    seeds = {name: [run.seed for run in runs] for name, runs in histories.items()}
    baseline, *others = seeds
    for other in others:
        reason = why_unpaired((baseline, other), (seeds[baseline], seeds[other]))
        if reason is not None:
            yield reason


def _run_notes(result: DynamicsResult) -> Iterator[str]:
    """Groups whose runs differ in more than the seed, or in length."""
    for group in result.groups:
        if group.varied:
            yield f"The runs of {group.name} differ in {', '.join(group.varied)}: the SD covers more than seeds."
        lengths = sorted({len(run.epoch) for run in group.runs})
        if len(lengths) > 1:
            yield (
                f"The runs of {group.name} have {', '.join(map(str, lengths))} epochs in their logs: if one is "
                "unfinished, its score does not compare with the others'."
            )


def _image_powers(methods: Methods, plan: Plan) -> list[ImagePower]:
    """The paired difference of mIoU over images, of every other method and the baseline."""
    methods.require_comparable(2)
    baseline, *others = methods.measured()
    first = [member.statistics for member in baseline.members]
    powers = []
    for other in others:
        rng = np.random.default_rng(methods.options.seed)
        second = [member.statistics for member in other.members]
        noise = paired_bootstrap(first, second, pooled_miou, rng=rng)
        powers.append(image_power(baseline.name, other.name, noise, plan.effects))
    return powers
