"""Effect of a bank's contamination on mIoU, from pairs of runs that differ in the admission rule alone (Sec. 5, ii)."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pixcon_diag.logs.history import RunHistory, Weights, disambiguate
from pixcon_diag.logs.recipe import NOT_RECIPE, RUNTIME
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.intervals import Interval, half_width
from pixcon_diag.statistics.spread import by_start, mean, sample_std
from pixcon_train.core.errors import ConfigError

RULE = "bank.rule"
DRAWN = ("fork.checkpoint", "seed")
"""Keys in which pairs of one setting differ: where a run starts, and its random numbers."""
NOISE, NOISE_KIND = "consistency.noise.rate", "consistency.noise.kind"
"""At a rate of 0 the kind has no effect."""
EPOCHS, PATIENCE = "schedule.epochs", "schedule.patience"
"""Epochs of a whole run; evaluations without a better mIoU after which it stops early, None for never."""
LEVEL = 0.95
_FREE = NOT_RECIPE - {*DRAWN} | {RULE, "data.unlabeled_truth"}
"""Keys that the runs of a pair need not share; ``data.unlabeled_truth`` only says what is logged."""


@dataclass(frozen=True)
class BankPair:
    """Two runs with one recipe, start and seed; rates and mIoUs are fractions."""

    reference: str
    """Name of the run with the reference rule."""
    other: str
    contamination: float
    """ρ_F of the other run's bank after its last epoch, among entries with a known target."""
    pseudo_labels: float
    """ρ_F of the other run's retained pseudo-labels in its last epoch; NaN where its log has none."""
    reference_miou: float
    """Best epoch, as is the next."""
    other_miou: float
    difference: float
    """mIoU with the reference rule minus mIoU with the other."""


@dataclass(frozen=True)
class BankSetting:
    """Pairs of one recipe and rule; they differ in start and seed."""

    rule: str
    values: Mapping[str, Any]
    """The keys that vary between the settings, beside the rule, with this one's values."""
    pairs: tuple[BankPair, ...]
    contamination: float
    """Mean over the pairs, as are the next three."""
    pseudo_labels: float
    reference_miou: float
    other_miou: float
    difference: float
    """Mean over the starts of their means."""
    std: float
    """Sample standard deviation (ddof 1) of the differences; NaN for one pair."""
    starts: int
    """Checkpoints that the pairs start from; as many as pairs where they are no forks."""
    interval: Interval
    """Of the mean difference, by Student's t over the means of the starts: pairs of one start share its first epochs,
    so they are not independent. With one start over its pairs, for continuations of it; NaN bounds for one pair."""
    better: int
    """Pairs in which the reference rule has the higher mIoU."""


@dataclass(frozen=True)
class BankEffect(Serializable):
    """Settings by their mean contamination, ascending."""

    weights: Weights
    reference: str
    settings: tuple[BankSetting, ...]
    rank_correlations: Mapping[str, float]
    """Spearman's, of contamination and difference over the pairs of each rule that has three and in which both vary.
    Rules are not pooled: they differ in more than contamination."""
    unpaired: tuple[str, ...]
    """Runs with a bank, but without a partner that has the reference rule."""
    unfinished: tuple[str, ...]
    """Runs left out as they or their partners have neither finished their schedule nor stopped early."""
    unknown: tuple[str, ...]
    """Runs left out as their logs do not say the contamination of their bank after the last epoch."""


def bank_effect(runs: Sequence[RunHistory], *, reference: str = "clean", weights: Weights = "ema") -> BankEffect:
    """mIoU with the rule ``reference`` minus mIoU with each other rule, beside the contamination of the other's bank.

    Two runs are a pair if their configurations are equal in everything but the rule, the machine and paths: seed and
    start of a fork included, so that they share what is random.

    Args:
        runs: logs with configuration; those without a bank are left aside.
        reference: admission rule that the others are compared with.
        weights: whose best mIoU is compared.

    Raises:
        ConfigError: no two runs are such a pair with a known contamination, or two runs have one configuration.
    """
    runs = [run for run in disambiguate(runs) if run.config.get(RULE, "none") != "none" and run.best(weights)]
    by_rule: dict[tuple[Any, ...], dict[str, RunHistory]] = defaultdict(dict)
    for run in runs:
        of_recipe = by_rule[tuple(_recipe(run).items())]
        if run.config[RULE] in of_recipe:
            raise ConfigError(
                f"{of_recipe[run.config[RULE]].name} and {run.name} have one configuration, so they are no two runs "
                "of a comparison. Leave one of them out."
            )
        of_recipe[run.config[RULE]] = run
    found: dict[tuple[Any, ...], list[tuple[RunHistory, BankPair]]] = defaultdict(list)
    unpaired, unfinished, unknown = [], [], []
    for of_recipe in by_rule.values():
        partner = of_recipe.pop(reference, None)
        for rule, run in of_recipe.items():
            if partner is None:
                unpaired.append(run.name)
            elif not math.isfinite(run.epochs[-1].bank_contamination):
                unknown.append(run.name)
            elif not _ended(run) or not _ended(partner):
                unfinished.append(run.name)
            else:
                found[(rule, _setting_key(run))].append((run, _pair(partner, run, weights)))
    if not found:
        raise ConfigError(
            f"No two finished ones of these {len(runs)} runs with a bank differ in {RULE} alone, one of them "
            f"{reference!r} and the other with a known contamination of its bank. Give the logs of a sweep over "
            f"{RULE}, such as digits/fork-contamination; rules that fill the bank from unlabeled pixels need the "
            "unlabeled list's masks."
        )
    varied = _varied([members[0][0] for members in found.values()])
    settings = [_setting(members, varied) for members in found.values()]
    return BankEffect(
        weights,
        reference,
        tuple(sorted(settings, key=lambda setting: setting.contamination)),
        _rank_correlations(settings),
        tuple(unpaired),
        tuple(unfinished),
        tuple(unknown),
    )


def _ended(run: RunHistory) -> bool:
    """Whether the run has finished its schedule, or stopped early by the EMA teacher's mIoU."""
    epochs, patience, best = run.config.get(EPOCHS), run.config.get(PATIENCE), run.best("ema")
    if epochs is None or run.finished(run.epochs[-1].epoch) >= epochs:
        return True
    since = 0 if best is None else sum(finished > best.finished for finished in run.curve("ema"))
    return patience is not None and since >= patience


def _recipe(run: RunHistory) -> dict[str, str]:
    """Everything that the runs of a pair share."""
    free = _FREE if run.config.get(NOISE) else _FREE | {NOISE_KIND}
    return {k: str(v) for k, v in sorted(run.config.items()) if k not in free and not k.startswith(RUNTIME)}


def _setting_key(run: RunHistory) -> tuple[Any, ...]:
    """Everything that the pairs of a setting share."""
    return tuple((key, value) for key, value in _recipe(run).items() if key not in DRAWN)


def _varied(runs: Sequence[RunHistory]) -> list[str]:
    keys = sorted({key for run in runs for key, _ in _setting_key(run)})
    return [key for key in keys if len({_recipe(run).get(key) for run in runs}) > 1]


def _pair(reference: RunHistory, other: RunHistory, weights: Weights) -> BankPair:
    first, second = reference.best(weights), other.best(weights)
    assert first is not None and second is not None
    last = other.epochs[-1]
    return BankPair(
        reference=reference.name,
        other=other.name,
        contamination=last.bank_contamination,
        pseudo_labels=last.contamination,
        reference_miou=first.miou,
        other_miou=second.miou,
        difference=first.miou - second.miou,
    )


def _setting(members: Sequence[tuple[RunHistory, BankPair]], varied: Sequence[str]) -> BankSetting:
    run, pairs = members[0][0], tuple(pair for _, pair in members)
    differences = [pair.difference for pair in pairs]
    starts = [each.seed.start or each.name for each, _ in members]
    means = by_start(differences, starts)
    center, reach = mean(means), half_width(means, LEVEL)
    return BankSetting(
        rule=run.config[RULE],
        values={key: run.config[key] for key in varied if key in _recipe(run)},
        pairs=pairs,
        contamination=mean([pair.contamination for pair in pairs]),
        pseudo_labels=mean([pair.pseudo_labels for pair in pairs]),
        reference_miou=mean([pair.reference_miou for pair in pairs]),
        other_miou=mean([pair.other_miou for pair in pairs]),
        difference=center,
        std=sample_std(differences),
        starts=len(set(starts)),
        interval=Interval(center - reach, center + reach, LEVEL),
        better=sum(difference > 0 for difference in differences),
    )


def _rank_correlations(settings: Sequence[BankSetting]) -> dict[str, float]:
    found = {}
    for rule in dict.fromkeys(setting.rule for setting in settings):
        pairs = [pair for setting in settings if setting.rule == rule for pair in setting.pairs]
        x, y = np.array([[pair.contamination, pair.difference] for pair in pairs]).T
        if len(pairs) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0:
            found[rule] = float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])
    return found


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 on; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[inverse]
