"""Which checkpoints belong together: the seeds of one method, named by the user or told by their configurations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pixcon_diag.checkpoints.finding import WeightsAsked, checkpoint_path, is_run
from pixcon_diag.checkpoints.reading import HUB
from pixcon_diag.measures.sensitivity import NOT_RECIPE, RUNTIME
from pixcon_train.errors import CheckpointError, ConfigError
from pixcon_train.resolve import flatten
from pixcon_train.runs import CONFIG
from pixcon_train.yaml_files import read_yaml_mapping

RUNS = Path("runs")
"""Where runs are looked for when none is named."""

IsRun = Callable[[Path], bool]


@dataclass(frozen=True)
class Group:
    """Checkpoints (or logs) of one method: its seeds."""

    name: str
    sources: tuple[str, ...]


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
    groups = [group for argument in arguments for group in _groups(argument, holds)]
    names = [group.name for group in groups]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is None:
        return tuple(groups)
    plain = [replace(g, name=g.sources[0]) if g.name == doubled and len(g.sources) == 1 else g for g in groups]
    if len({group.name for group in plain}) < len(plain):
        raise ConfigError(f"Two groups are called '{doubled}'. Give each its own name: name=path[,path...].")
    return tuple(plain)


def _groups(argument: str, holds: IsRun) -> list[Group]:
    name, equals, paths = argument.partition("=")
    if equals and "/" not in name and not Path(argument).exists():
        sources = [source for path in paths.split(",") if path for source in _sources(path, holds)]
        if not name or not sources:
            raise ConfigError(f"Could not read '{argument}' as a group. Expected name=path[,path...].")
        return [Group(name, tuple(sources))]
    folder = Path(argument)
    if argument.startswith(HUB) or not folder.is_dir() or holds(folder):
        return [Group(short_name(argument), (argument,))]
    return by_recipe([Path(source) for source in _sources(argument, holds)])


def _sources(path: str, holds: IsRun) -> list[str]:
    """``path`` itself, or the runs in the folder it is."""
    folder = Path(path)
    if path.startswith(HUB) or not folder.is_dir() or holds(folder):
        return [path]
    return [str(run) for run in _runs_in(folder, holds)] or [str(checkpoint_path(folder))]  # the latter raises


def _runs_in(folder: Path, holds: IsRun) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and holds(each))


def short_name(source: str) -> str:
    """What a single checkpoint is called: its file's or run folder's name, with the folder's where the file's says
    little."""
    path = Path(source.removeprefix(HUB))
    says_little = path.stem in ("best", "best_ema", "best_student", "latest", "model", "checkpoint")
    return path.parent.name if says_little and path.parent.name else path.stem


def by_recipe(runs: Sequence[Path]) -> list[Group]:
    """Runs of equal configuration but for the seed together; those without a bank (the baseline) first.

    A group is named by what its configuration differs in from the others'; a run without a configuration is alone.
    """
    recipes: dict[str, dict[str, Any]] = {}
    members: dict[str, list[str]] = {}
    for run in runs:
        recipe = _recipe(run)
        key = repr(sorted(recipe.items(), key=lambda item: item[0])) if recipe else str(run)
        recipes.setdefault(key, recipe)
        members.setdefault(key, []).append(str(run))
    names = _names(recipes)
    order = sorted(recipes, key=lambda key: (recipes[key].get("bank.rule") != "none", names[key]))
    return [Group(names[key], tuple(members[key])) for key in order]


def _recipe(run: Path) -> dict[str, Any]:
    """What the run's configuration says of its method; empty where there is none."""
    if not (run / CONFIG).is_file():
        return {}
    values = flatten(read_yaml_mapping(run / CONFIG))
    return {k: v for k, v in values.items() if k not in NOT_RECIPE and not k.startswith(RUNTIME)}


def _names(recipes: dict[str, dict[str, Any]]) -> dict[str, str]:
    """A name for each recipe by its key."""
    known = [recipe for recipe in recipes.values() if recipe]
    keys = sorted(set().union(*known)) if known else []
    # What follows from the bank's rule (its weight, say) says nothing more than the rule.
    varied = [key for key in keys if len({repr(recipe.get(key)) for recipe in known}) > 1]
    if len({recipe.get("bank.rule") for recipe in known}) == len(known):
        varied = ["bank.rule"]
    names = {
        key: ", ".join(_value(name, recipe.get(name)) for name in varied) if recipe else Path(key).name
        for key, recipe in recipes.items()
    }
    if len(set(names.values())) == len(names):
        return names
    return {key: f"{name} ({number})" for number, (key, name) in enumerate(names.items(), 1)}


def _value(key: str, value: Any) -> str:
    """How a group's name tells a value: the bank's rule by itself, others with their key."""
    return str(value) if key == "bank.rule" else f"{key.rpartition('.')[2]}={value}"
