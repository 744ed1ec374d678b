"""Sensitivity to one hyperparameter at a time, from the configurations that logs hold (Table 10, Sec. H.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pixcon_diag.logs.history import BestEpoch, RunHistory, Weights, disambiguate
from pixcon_diag.logs.recipe import NOT_RECIPE, RUNTIME
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import NAN, mean, sample_std
from pixcon_train.core.errors import ConfigError

DEFAULTS: Mapping[str, Any] = {
    "conf_thresh": 0.95,
    "consistency.tau": 0.95,
    "consistency.threshold.rule": "fixed",
    "consistency.noise.rate": 0.0,
    "bank.weight": 0.1,
    "bank.temperature": 0.1,
    "bank.dim": 256,
    "bank.size": 256,
    "bank.cap": 64,
    "bank.max_anchors": 1024,
    "ema_decay": 0.996,
}
"""Published values (Table 5), which decide between several candidates for the base run; UniMatch V2 names the first
one."""


@dataclass(frozen=True)
class Setting:
    """The runs with one value of the hyperparameter; several are seeds of it."""

    value: Any
    runs: tuple[str, ...]
    best: tuple[float, ...]
    """Best mIoU of each run, a fraction."""
    peak_epochs: tuple[int, ...]
    """Epoch of each run's best mIoU, as its log counts."""
    mean: float
    std: float
    """Sample std (ddof 1) over seeds; NaN for one run."""
    delta: float
    """Mean minus that of the base setting; NaN where no base is known."""
    is_base: bool


@dataclass(frozen=True)
class Axis:
    """One hyperparameter, its values ascending."""

    hyperparameter: str
    """Dotted key of the configuration."""
    settings: tuple[Setting, ...]
    spread: float
    """Greatest minus least mean mIoU."""


@dataclass(frozen=True)
class SensitivityResult(Serializable):
    """One block per hyperparameter; all blocks share the base setting."""

    weights: Weights
    base: tuple[str, ...]
    """Names of the base setting's runs; empty where the base is ambiguous."""
    axes: tuple[Axis, ...]
    partly_known: tuple[str, ...]
    """Keys present in only some of the logs, which cannot be compared."""


Group = list[RunHistory]
"""Runs of one recipe: its seeds."""


def sensitivity(runs: Sequence[RunHistory], *, base: str | None = None, weights: Weights = "ema") -> SensitivityResult:
    """Best mIoU and its epoch for each value of each hyperparameter that ``runs`` vary.

    Runs with equal recipes are seeds of one setting. Every setting must differ from the base one in a single
    hyperparameter. The base is the setting of the run with the name or source ``base``; where None, the only one from
    which every other differs once, or, among several (a single hyperparameter), the one with the published default.

    Raises:
        ConfigError: fewer than two settings, nothing but two values of a category, a log without configuration or
            without an evaluation of ``weights``, no run called ``base``, or a setting that differs from the base in
            several hyperparameters.
    """
    runs = disambiguate(runs)
    for run in runs:
        _check(run, weights)
    keys = recipe_keys(runs)
    groups = _groups(runs, keys)
    if len(groups) < 2:
        raise ConfigError(
            f"{len(runs)} runs with {len(groups)} distinct recipes have no hyperparameter to compare. Give runs that "
            "differ in one of their configuration's values."
        )
    center, certain = _base(groups, keys, base)
    axes: dict[str, list[Group]] = {}
    for group in groups:
        if group is not center:
            axes.setdefault(_differences(center, group, keys)[0], [center]).append(group)
    _require_sweep({key: [group[0].config[key] for group in members] for key, members in axes.items()})
    everywhere = set.union(*(set(run.config) for run in runs))
    return SensitivityResult(
        weights=weights,
        base=tuple(run.name for run in center) if certain else (),
        axes=tuple(_axis(key, members, center if certain else None, weights) for key, members in axes.items()),
        partly_known=tuple(sorted(key for key in everywhere - _shared(runs) if not key.startswith(RUNTIME))),
    )


def _require_sweep(values: Mapping[str, Sequence[Any]]) -> None:
    """Raise where no hyperparameter has several numbers, or three values of any type."""
    if not any(len(of_key) > 2 or all(map(_is_number, of_key)) for of_key in values.values()):
        named = "; ".join(f"{key}: {', '.join(map(str, of_key))}" for key, of_key in values.items())
        raise ConfigError(
            f"These runs are no sweep of a hyperparameter, but compare two methods ({named}). `dynamics`, `per-class` "
            "and `compare` show their difference; a sweep varies a number, or has three values."
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def recipe_keys(runs: Sequence[RunHistory]) -> list[str]:
    """Keys of the configuration that all ``runs`` have and that belong to the recipe: not the seed or the machine."""
    return sorted(key for key in _shared(runs) if key not in NOT_RECIPE and not key.startswith(RUNTIME))


def _shared(runs: Sequence[RunHistory]) -> set[str]:
    return set.intersection(*(set(run.config) for run in runs)) if runs else set()


def _check(run: RunHistory, weights: Weights) -> None:
    if not run.config:
        raise ConfigError(
            f"{run.source} does not hold the run's configuration (TensorBoard files and tables do not). Give the run "
            "folder or the text log."
        )
    if run.best(weights) is None:
        raise ConfigError(
            f"{run.source} has no mIoU of the {weights} weights: no epoch was validated yet, or the other network "
            "alone (logs without an EMA column have the student's: --weights student). Leave it out, or ask for the "
            "other one."
        )


def _groups(runs: Sequence[RunHistory], keys: Sequence[str]) -> list[Group]:
    """Runs of equal recipes together, in order of appearance; 1 and 1.0 are one value."""
    groups: list[Group] = []
    for run in runs:
        same = next((group for group in groups if not _differences(group, [run], keys)), None)
        if same is None:
            groups.append([run])
        else:
            same.append(run)
    return groups


def _differences(first: Group, second: Group, keys: Sequence[str]) -> list[str]:
    """Keys in which two recipes differ."""
    return [key for key in keys if first[0].config[key] != second[0].config[key]]


def _base(groups: list[Group], keys: Sequence[str], name: str | None) -> tuple[Group, bool]:
    """The setting all others are compared with, and whether it is known to be the base or only the first candidate.

    Raises:
        ConfigError: the run called ``name`` is not there, or no setting is one hyperparameter away from every other.
    """
    named = [group for group in groups if any(name in (run.name, run.source) for run in group)]
    if name is not None and not named:
        names = ", ".join(run.name for group in groups for run in group)
        raise ConfigError(f"No run is called {name!r}, so it cannot be the base. There are: {names}.")
    candidates = [g for g in named or groups if all(len(_differences(g, o, keys)) <= 1 for o in groups)]
    if not candidates:
        raise ConfigError(_too_different(named or groups, groups, keys))
    varied = {key for group in groups for key in _differences(candidates[0], group, keys)}
    usual = [g for g in candidates if all(g[0].config[key] == DEFAULTS.get(key) for key in varied)]
    certain = len(candidates) == 1 or len(usual) == 1
    return (usual if len(usual) == 1 else candidates)[0], certain


def _too_different(tried: list[Group], groups: list[Group], keys: Sequence[str]) -> str:
    """Why no setting is the base: the differences of the closest candidate."""
    center = min(tried, key=lambda g: sum(len(_differences(g, other, keys)) > 1 for other in groups))
    other = max(groups, key=lambda g: len(_differences(center, g, keys)))
    values = ", ".join(
        f"{key} ({center[0].config[key]!r} and {other[0].config[key]!r})" for key in _differences(center, other, keys)
    )
    return (
        f"{center[0].name} and {other[0].name} differ in several hyperparameters: {values}. A sensitivity table needs "
        "runs that each differ from the base run in one; leave the others out, or name the base."
    )


def _axis(key: str, groups: list[Group], base: Group | None, weights: Weights) -> Axis:
    """One block; ``groups`` holds the setting all others differ from, whether or not it is known to be the base."""
    reference = mean([best.miou for best in _bests(base, weights)]) if base else NAN
    settings = [_setting(key, group, reference, group is base, weights) for group in groups]
    numbers = all(_is_number(setting.value) for setting in settings)
    settings.sort(key=lambda setting: setting.value if numbers else str(setting.value))
    means = [setting.mean for setting in settings]
    return Axis(key, tuple(settings), max(means) - min(means))


def _setting(key: str, group: Group, reference: float, is_base: bool, weights: Weights) -> Setting:
    bests = _bests(group, weights)
    values = [best.miou for best in bests]
    return Setting(
        value=group[0].config[key],
        runs=tuple(run.name for run in group),
        best=tuple(values),
        peak_epochs=tuple(best.epoch for best in bests),
        mean=mean(values),
        std=sample_std(values),
        delta=mean(values) - reference,
        is_base=is_base,
    )


def _bests(group: Group, weights: Weights) -> list[BestEpoch]:
    """Best epoch of each run; :func:`_check` ensures that there is one."""
    return [best for run in group if (best := run.best(weights)) is not None]
