"""Groups of checkpoints: the seeds of one method, named by the user or derived from configurations."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.finding import HUB, WeightsAsked, checkpoint_path, is_run
from pixcon_diag.checkpoints.loading import GENERIC_STEMS, LoadedCheckpoint, parent_name
from pixcon_diag.checkpoints.model_spec import parse_spec, require_spec, with_model
from pixcon_diag.logs.history import folder_name
from pixcon_diag.logs.recipe import NOT_RECIPE, RUNTIME, completed
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.paths import exists, is_file, is_folder, resolved
from pixcon_train.core.yaml_files import flatten, read_yaml_mapping
from pixcon_train.runs.file_names import CONFIG

RUNS = Path("runs")
"""Folder of runs if none is named."""
RULE = "bank.rule"

IsRun = Callable[[Path], bool]

Source = str | Path | LoadedCheckpoint
"""A file, a run's folder, a folder of runs, ``hf://owner/repo/file``, ``SPEC`` or ``SPEC@weights``, or a network from
:func:`wrap_module`."""
Sources = Mapping[str, Source | Sequence[Source]] | Source | Sequence[Source]
"""Methods by name, each with one or several seeds; or paths and ``name=path,path`` as on the command line."""
Listed = Mapping[str, Sequence[str | LoadedCheckpoint]] | Sequence[str | LoadedCheckpoint]
"""Sources, every method with the list of its seeds."""


@dataclass(frozen=True)
class Group:
    """Checkpoints (or logs) of one method: its seeds."""

    name: str
    sources: tuple[str | LoadedCheckpoint, ...]
    given: bool = False
    """Whether the user chose the name, which is then never changed."""


def listed(methods: Sources) -> Listed:
    """Methods as :func:`find_groups` takes them: every one with the list of its seeds.

    Raises:
        ConfigError: a source is neither a path nor a checkpoint.
    """
    if isinstance(methods, Mapping):
        return {name: _checked(seeds) for name, seeds in methods.items()}
    return _checked(methods)


def _checked(sources: Source | Sequence[Source]) -> list[str | LoadedCheckpoint]:
    several = sources if isinstance(sources, list | tuple) else [sources]
    checked: list[str | LoadedCheckpoint] = []
    for source in several:
        if not isinstance(source, str | Path | LoadedCheckpoint):
            raise ConfigError(
                f"Expected a path or a checkpoint, got a {type(source).__name__}. Give a path, what pixcon_diag.load "
                "returns, or a network in memory through pixcon_diag.wrap_module."
            )
        checked.append(str(source) if isinstance(source, Path) else source)
    return checked


def of_model(methods: Listed, model: str | None) -> Listed:
    """The methods with every path as a file of weights of the network that the SPEC ``model`` names, which is itself
    the method where none is named; unchanged where there is no SPEC.

    Raises:
        ConfigError: it is no SPEC, or one with weights.
    """
    if model is None:
        return methods
    network = require_spec(model).network
    if not methods:
        return [network]
    if isinstance(methods, Mapping):
        return {name: [_of_network(seed, network) for seed in seeds] for name, seeds in methods.items()}
    return [_argument_of_network(argument, network) for argument in methods]


def _of_network(source: str | LoadedCheckpoint, network: str) -> str | LoadedCheckpoint:
    return with_model(source, network) if isinstance(source, str) else source


def _argument_of_network(argument: str | LoadedCheckpoint, network: str) -> str | LoadedCheckpoint:
    """An argument of the command line, ``name=path,path`` among them."""
    name, value = split_name(argument) if isinstance(argument, str) else (None, "")
    if name is None:
        return _of_network(argument, network)
    return f"{name}={','.join(with_model(path, network) for path in value.split(',') if path)}"


def named_folders(predictions: Listed) -> list[tuple[str, Path]]:
    """Name and folder of each set of saved predictions; a folder without a name is called as it is on disk."""
    pairs: list[tuple[str | None, str]]
    if isinstance(predictions, Mapping):
        pairs = [(name, str(folder)) for name, folders in predictions.items() for folder in folders]
    else:
        pairs = [split_name(str(argument)) for argument in predictions]
    return [(name or resolved(Path(folder)).name, Path(folder)) for name, folder in pairs]


def find_groups(methods: Listed, *, weights: WeightsAsked = None, holds_run: IsRun | None = None) -> tuple[Group, ...]:
    """The groups named by the user, the baseline first if it is known.

    ``name=path[,path…]`` is a group; a file or a run's folder is a group by itself; a folder of runs stands for
    its runs, grouped by recipe (equal in all but the seed). No arguments: the folder ``./runs``.

    Args:
        methods: by name, each with its seeds; or arguments as on the command line.
        weights: which checkpoint of a run's folder is used.
        holds_run: whether a folder is a run; None: if it holds checkpoints.

    Raises:
        CheckpointError: no checkpoint at a path.
        ConfigError: a group without a name or a path, or two groups with one name.
    """
    holds = holds_run or (lambda folder: is_run(folder, weights))
    if not methods:
        if not is_folder(RUNS) or not _runs_in(RUNS, holds):
            raise CheckpointError(
                "No checkpoint was named, and there are no runs in ./runs. Name files, run folders or groups "
                "(name=path,path), or train some: `pixcon-train run --bank none` and `pixcon-train run`."
            )
        methods = [str(RUNS)]
    if isinstance(methods, Mapping):
        return tuple(_group(name, seeds, holds, weights) for name, seeds in methods.items())
    groups = [group for argument in methods for group in _groups(argument, holds, weights)]
    return _disambiguate(groups)


def split_name(argument: str) -> tuple[str | None, str]:
    """Name and value of ``name=value``; None and the whole argument if the ``=`` belongs to a path."""
    name, equals, value = argument.partition("=")
    return (name, value) if equals and "/" not in name and not exists(Path(argument)) else (None, argument)


def with_names(groups: Sequence[tuple[Group, Sequence[LoadedCheckpoint]]]) -> list[list[LoadedCheckpoint]]:
    """The checkpoints of each group under their names in tables, figures and messages.

    A name given by the user is kept: a single checkpoint has that name; several are "name seed N" if the files state
    distinct seeds, else "name/file", else "name N" in order. Other checkpoints have the names of their files, or
    their paths if those are equal.
    """
    names = [_names_within(group, loaded) for group, loaded in groups]
    count = Counter(name for members in names for name in members)
    return [
        [
            replace(checkpoint, name=checkpoint.info.source if count[name] > 1 and not group.given else name)
            for checkpoint, name in zip(loaded, new_names, strict=True)
        ]
        for (group, loaded), new_names in zip(groups, names, strict=True)
    ]


def _names_within(group: Group, loaded: Sequence[LoadedCheckpoint]) -> list[str]:
    file_names = [checkpoint.name for checkpoint in loaded]
    if not group.given:
        return file_names
    if len(loaded) == 1:
        return [group.name]
    seeds = [checkpoint.run.settings.seed if checkpoint.run is not None else None for checkpoint in loaded]
    if None not in seeds and len(set(seeds)) == len(seeds):
        return [f"{group.name} seed {seed}" for seed in seeds]
    if len(set(file_names)) == len(file_names):
        return [f"{group.name}/{name}" for name in file_names]
    return [f"{group.name} {number}" for number in range(1, len(file_names) + 1)]


def _disambiguate(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The groups, with paths as names where derived names are equal."""
    count = Counter(group.name for group in groups)
    apart = [
        replace(group, name=_location(group)) if count[group.name] > 1 and not group.given else group
        for group in groups
    ]
    doubled = [name for name, number in Counter(group.name for group in apart).items() if number > 1]
    if doubled:
        raise ConfigError(f"Two groups are called '{doubled[0]}'. Give each a distinct name: name=path[,path...].")
    return tuple(apart)


def source_path(source: str | LoadedCheckpoint) -> str:
    """Where a checkpoint comes from, as a path or the name of a network in memory."""
    return source if isinstance(source, str) else source.info.source


def _location(group: Group) -> str:
    first = source_path(group.sources[0])
    return first if len(group.sources) == 1 else f"{Path(first).parent}/{group.name}"


def _group(name: str, seeds: Sequence[str | LoadedCheckpoint], holds: IsRun, weights: WeightsAsked) -> Group:
    """The group that the user calls ``name``.

    Raises:
        ConfigError: it has no name or no seed.
    """
    sources = [
        source for seed in seeds for source in (_sources(seed, holds, weights) if isinstance(seed, str) else [seed])
    ]
    if not name or not sources:
        raise ConfigError(
            f"Could not read '{name}' as a group: it lacks a name or a path. Expected name=path[,path...]."
        )
    return Group(name, tuple(sources), given=True)


def _groups(argument: str | LoadedCheckpoint, holds: IsRun, weights: WeightsAsked) -> list[Group]:
    if isinstance(argument, LoadedCheckpoint):
        return [Group(argument.name, (argument,))]
    name, value = split_name(argument)
    if name is not None:
        return [_group(name, [path for path in value.split(",") if path], holds, weights)]
    folder = Path(argument)
    if argument.startswith(HUB) or not is_folder(folder) or holds(folder):
        return [Group(short_name(argument), (argument,))]
    return by_recipe([Path(source) for source in _sources(argument, holds, weights)])


def _sources(path: str, holds: IsRun, weights: WeightsAsked) -> list[str]:
    """``path`` itself, or its runs if it is a folder of runs."""
    folder = Path(path)
    if path.startswith(HUB) or not is_folder(folder) or holds(folder):
        return [path]
    runs = [str(run) for run in _runs_in(folder, holds)]
    return runs or [str(checkpoint_path(folder, weights))]  # raises, with what was expected


def _runs_in(folder: Path, holds: IsRun) -> list[Path]:
    return sorted(run for run in folder.iterdir() if is_folder(run) and holds(run))


def short_name(source: str) -> str:
    """Name of a single checkpoint: its run's folder, or its file, or its folder if the file's name is generic; without
    a file that of its network."""
    spec = parse_spec(source)
    if spec is not None:
        return spec.short_name if spec.weights is None else short_name(spec.weights)
    path = Path(source.removeprefix(HUB))
    if not source.startswith(HUB) and is_folder(path):
        return folder_name(path)
    return parent_name(path) if path.stem in GENERIC_STEMS and parent_name(path) else path.stem


def by_recipe(runs: Sequence[Path]) -> list[Group]:
    """Runs grouped by configuration except the seed; those without a bank (the baseline) first.

    A group is named by the values that distinguish its configuration; a run without a configuration is a group.
    """
    recipes: dict[str, dict[str, Any]] = {}
    members: dict[str, list[str]] = {}
    for run in runs:
        recipe = _recipe(run)
        key = repr(sorted(recipe.items())) if recipe else str(run)
        recipes.setdefault(key, recipe)
        members.setdefault(key, []).append(str(run))
    names = _names(recipes, {key: Path(sources[0]).name for key, sources in members.items()})
    order = sorted(recipes, key=lambda key: (recipes[key].get(RULE) != "none", names[key]))
    return [Group(names[key], tuple(members[key])) for key in order]


def _recipe(run: Path) -> dict[str, Any]:
    """The method's part of the run's configuration; empty without a configuration."""
    if not is_file(run / CONFIG):
        return {}
    values = completed(flatten(read_yaml_mapping(run / CONFIG)))
    return {k: v for k, v in values.items() if k not in NOT_RECIPE and not k.startswith(RUNTIME)}


def _names(recipes: dict[str, dict[str, Any]], folders: dict[str, str]) -> dict[str, str]:
    """A name for each recipe by its key; the folder of its first run if nothing distinguishes it."""
    keys = _distinguishing_keys([recipe for recipe in recipes.values() if recipe])
    names = {
        key: ", ".join(_value(name, recipe.get(name)) for name in keys if recipe) or folders[key]
        for key, recipe in recipes.items()
    }
    if len(set(names.values())) == len(names):
        return names
    return {key: f"{name} ({number})" for number, (key, name) in enumerate(names.items(), 1)}


def _distinguishing_keys(recipes: Sequence[dict[str, Any]]) -> list[str]:
    """Keys that distinguish all ``recipes``: the bank's rule and the data set first, then others as needed.

    If all are equal: the bank's rule.
    """
    chosen: list[str] = []
    count = 1
    for key in dict.fromkeys((RULE, "data.dataset", *sorted(set().union(*recipes)))):
        distinct = len({repr([recipe.get(name) for name in (*chosen, key)]) for recipe in recipes})
        if distinct > count:
            chosen, count = [*chosen, key], distinct
    return chosen or ([RULE] if any(RULE in recipe for recipe in recipes) else [])


def _value(key: str, value: Any) -> str:
    """A value in a group's name: the bank's rule alone, others with their key."""
    return str(value) if key == RULE else f"{key.partition('.')[2] or key}={value}"
