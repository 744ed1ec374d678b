"""Which checkpoints belong together: the seeds of one method, named by the user or told by their configurations."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.finding import HUB, WeightsAsked, checkpoint_path, is_run
from pixcon_diag.checkpoints.loading import SAYS_LITTLE, LoadedCheckpoint, parent_name
from pixcon_diag.logs.history import folder_name
from pixcon_diag.logs.recipe import NOT_RECIPE, RUNTIME
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.yaml_files import flatten, read_yaml_mapping
from pixcon_train.runs.file_names import CONFIG

RUNS = Path("runs")
"""Where runs are looked for when none is named."""
RULE = "bank.rule"

IsRun = Callable[[Path], bool]


@dataclass(frozen=True)
class Group:
    """Checkpoints (or logs) of one method: its seeds."""

    name: str
    sources: tuple[str, ...]
    given: bool = False
    """Whether the user chose the name; then it stands wherever the method is named."""


def find_groups(
    arguments: Sequence[str], *, weights: WeightsAsked = None, holds_run: IsRun | None = None
) -> tuple[Group, ...]:
    """The groups that the user names, the baseline first where that is known.

    ``name=path[,path…]`` is a group; a file or a run's folder is a group of its own; a folder of runs stands for the
    runs in it, those of one recipe together (all but the seed equal). No arguments: the folder ``runs`` here.

    Args:
        arguments: as on the command line.
        weights: which checkpoint of a run's folder counts.
        holds_run: whether a folder is a run's; by its checkpoints where None.

    Raises:
        CheckpointError: nothing there.
        ConfigError: a group without a name or a path, or two groups of one name.
    """
    holds = holds_run or (lambda folder: is_run(folder, weights))
    if not arguments:
        if not RUNS.is_dir() or not _runs_in(RUNS, holds):
            raise CheckpointError(
                "No checkpoint was named, and there are no runs in ./runs. Name files, run folders or groups "
                "(name=path,path), or train some here: `pixcon-train run --bank none` and `pixcon-train run`."
            )
        arguments = (str(RUNS),)
    groups = [group for argument in arguments for group in _groups(argument, holds, weights)]
    return _disambiguate(groups)


def split_name(argument: str) -> tuple[str | None, str]:
    """Name and value of ``name=value``; no name and all of it where the ``=`` belongs to a path."""
    name, equals, value = argument.partition("=")
    return (name, value) if equals and "/" not in name and not _exists(argument) else (None, argument)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a group of many paths is too long for the name of one
        return False


def named(groups: Sequence[tuple[Group, Sequence[LoadedCheckpoint]]]) -> list[list[LoadedCheckpoint]]:
    """The checkpoints of each group under the names they have in tables, figures and messages.

    A name that the user gave stays: a single checkpoint has it, and of several each one is "name seed N" where the
    files tell different seeds, else "name/file", else "name N" by their order. Others are called as their files are,
    and where these are equal by where they lie.
    """
    names = [_names_within(group, loaded) for group, loaded in groups]
    count = Counter(name for members in names for name in members)
    return [
        [
            replace(one, name=one.info.source if count[name] > 1 and not group.given else name)
            for one, name in zip(loaded, own, strict=True)
        ]
        for (group, loaded), own in zip(groups, names, strict=True)
    ]


def _names_within(group: Group, loaded: Sequence[LoadedCheckpoint]) -> list[str]:
    own = [checkpoint.name for checkpoint in loaded]
    if not group.given:
        return own
    if len(loaded) == 1:
        return [group.name]
    seeds = [checkpoint.own.config.get("seed") if checkpoint.own is not None else None for checkpoint in loaded]
    if None not in seeds and len(set(seeds)) == len(seeds):
        return [f"{group.name} seed {seed}" for seed in seeds]
    if len(set(own)) == len(own):
        return [f"{group.name}/{name}" for name in own]
    return [f"{group.name} {number}" for number in range(1, len(own) + 1)]


def _disambiguate(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The groups, those of one name named by where they lie; not those whose name was given."""
    count = Counter(group.name for group in groups)
    apart = [
        replace(group, name=_location(group)) if count[group.name] > 1 and not group.given else group
        for group in groups
    ]
    doubled = [name for name, number in Counter(group.name for group in apart).items() if number > 1]
    if doubled:
        raise ConfigError(f"Two groups are called '{doubled[0]}'. Give each its own name: name=path[,path...].")
    return tuple(apart)


def _location(group: Group) -> str:
    first = group.sources[0]
    return first if len(group.sources) == 1 else f"{Path(first).parent}/{group.name}"


def _groups(argument: str, holds: IsRun, weights: WeightsAsked) -> list[Group]:
    name, value = split_name(argument)
    if name is not None:
        sources = [source for path in value.split(",") if path for source in _sources(path, holds, weights)]
        if not name or not sources:
            raise ConfigError(f"Could not read '{argument}' as a group. Expected name=path[,path...].")
        return [Group(name, tuple(sources), given=True)]
    folder = Path(argument)
    if argument.startswith(HUB) or not folder.is_dir() or holds(folder):
        return [Group(short_name(argument), (argument,))]
    return by_recipe([Path(source) for source in _sources(argument, holds, weights)])


def _sources(path: str, holds: IsRun, weights: WeightsAsked) -> list[str]:
    """``path`` itself, or the runs in the folder it is."""
    folder = Path(path)
    if path.startswith(HUB) or not folder.is_dir() or holds(folder):
        return [path]
    runs = [str(run) for run in _runs_in(folder, holds)]
    return runs or [str(checkpoint_path(folder, weights))]  # which says what was expected


def _runs_in(folder: Path, holds: IsRun) -> list[Path]:
    return sorted(run for run in folder.iterdir() if run.is_dir() and holds(run))


def short_name(source: str) -> str:
    """What a single checkpoint is called: its run's folder, or its file, but the folder where that says little."""
    path = Path(source.removeprefix(HUB))
    if not source.startswith(HUB) and path.is_dir():
        return folder_name(path)
    return parent_name(path) if path.stem in SAYS_LITTLE and parent_name(path) else path.stem


def by_recipe(runs: Sequence[Path]) -> list[Group]:
    """Runs of equal configuration but for the seed together; those without a bank (the baseline) first.

    A group is named by what its configuration differs in from the others'; a run without a configuration is alone.
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
    """What the run's configuration says of its method; empty where there is none."""
    if not (run / CONFIG).is_file():
        return {}
    values = flatten(read_yaml_mapping(run / CONFIG))
    return {k: v for k, v in values.items() if k not in NOT_RECIPE and not k.startswith(RUNTIME)}


def _names(recipes: dict[str, dict[str, Any]], folders: dict[str, str]) -> dict[str, str]:
    """A name for each recipe by its key; that of its first run's folder where nothing tells it from the others."""
    telling = _telling([recipe for recipe in recipes.values() if recipe])
    names = {
        key: ", ".join(_value(name, recipe.get(name)) for name in telling if recipe) or folders[key]
        for key, recipe in recipes.items()
    }
    if len(set(names.values())) == len(names):
        return names
    return {key: f"{name} ({number})" for number, (key, name) in enumerate(names.items(), 1)}


def _telling(recipes: Sequence[dict[str, Any]]) -> list[str]:
    """Keys that tell all ``recipes`` apart: the bank's rule and the data set first, then others that are needed too.

    Where there is nothing to tell apart, the bank's rule.
    """
    chosen: list[str] = []
    apart = 1
    for key in dict.fromkeys((RULE, "data.dataset", *sorted(set().union(*recipes)))):
        found = len({repr([recipe.get(name) for name in (*chosen, key)]) for recipe in recipes})
        if found > apart:
            chosen, apart = [*chosen, key], found
    return chosen or ([RULE] if any(RULE in recipe for recipe in recipes) else [])


def _value(key: str, value: Any) -> str:
    """How a group's name tells a value: the bank's rule by itself, others with their key within its section."""
    return str(value) if key == RULE else f"{key.partition('.')[2] or key}={value}"
