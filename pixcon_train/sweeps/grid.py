"""A sweep: one run per point of a grid and seed, described by one YAML file.

``base`` holds the values all runs share (``preset``, ``recipe``, ``dataset``, any other nested or by dotted key),
``grid`` lists of values by dotted key, of which every combination is a point, and ``seeds`` the seeds of each point.
Without a grid, the seeds are the points.
Several grids in a list follow one another: a table that varies one value at a time has one grid per value.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pixcon_train.config.named_paths import require_own_paths
from pixcon_train.config.resolve import dotted_layer, resolve_config
from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import ConfigError
from pixcon_train.core.hints import hint
from pixcon_train.core.paths import exists
from pixcon_train.core.records import shortened
from pixcon_train.core.yaml_files import flatten, read_yaml_mapping
from pixcon_train.runs.file_names import is_folder_name

_KEYS = ("name", "base", "grid", "seeds")
_EXAMPLE = "such as grid: {bank.rule: [none, clean]}"
RUNS = Path("runs")
"""Parent of the folders of sweeps, if no other is named."""
_MOST_RUNS = 1_000
"""Most runs of a sweep; checking each takes milliseconds, and training it hours."""
_LONGEST = 200
"""Longest name of a folder in bytes; file systems allow 255."""


@dataclass(frozen=True)
class Point:
    """One run of a sweep."""

    name: str
    """Its folder's name: the grid's values and the seed, by their dotted keys."""
    values: Mapping[str, Any]
    """The grid's values and the seed by dotted key."""
    config: TrainConfig


@dataclass(frozen=True)
class Sweep:
    """The runs of a sweep, in the order of its file: seeds together."""

    name: str
    points: tuple[Point, ...]


def find_sweep(path: Path) -> Path:
    """``path`` itself if there is such a file, else the built-in sweep of that name: ``pascal/table4``.

    Raises:
        ConfigError: neither.
    """
    if exists(path):
        return path
    ready = _ready()
    name = path.as_posix().removeprefix("sweeps/").removesuffix(".yaml")
    if name not in ready:
        raise ConfigError(
            f"No sweep file at {path}, and no ready one is called so{hint(name, [*ready])}. Ready: {', '.join(ready)}."
        )
    return ready[name]


def _ready() -> dict[str, Path]:
    """The sweep files of the package, by name."""
    found = find_spec("pixcon_sweeps")  # without installation, they are next to the package
    folders = list(found.submodule_search_locations or ()) if found else [str(Path(__file__).parents[1] / "sweeps")]
    files = sorted(file for folder in folders for file in Path(folder).glob("*/*.yaml"))
    return {f"{file.parent.name}/{file.stem}": file for file in files}


def read_sweep(
    path: Path, changes: Mapping[str, Any] | None = None, *, runs: Path = RUNS, allow_outside: bool = False
) -> Sweep:
    """The sweep of the YAML file ``path``, its base updated by ``changes`` (by dotted key).

    Args:
        runs: parent of the folders of sweeps; a `fork.checkpoint` of the file under `runs/` is looked for there.
        allow_outside: whether the file may name any root and file, and not only the user's.

    Raises:
        ConfigError: the file is no sweep, a key is unknown, a value does not fit, a grid or a list is empty, two
            points are the same run, its name is none of a folder, or the file names a root or file that is not the
            user's.
    """
    content = read_yaml_mapping(path)
    for key in content:
        if key not in _KEYS:
            raise ConfigError(f"Unknown key '{key}' in {path}{hint(str(key), _KEYS)}. Expected {', '.join(_KEYS)}.")
    name = _name(content.get("name"), path)
    base = _flat(content.get("base") or {}, "base", path)
    grids = _grids(content["grid"], path) if "grid" in content else [{}]
    seeds = _different_values(content.get("seeds", [0]), f"`seeds` of {path}")
    if (count := len(seeds) * sum(prod(map(len, grid.values())) for grid in grids)) > _MOST_RUNS:
        raise ConfigError(f"{path} has {count:,} runs; expected at most {_MOST_RUNS:,}. Split it into several sweeps.")
    combinations = [values for grid in grids for values in every_combination(grid)]
    changed = next((key for key in changes or {} if any(key in values for values in combinations)), None)
    if changed or any("seed" in values for values in (base, changes or {}, *combinations)):
        what = f"'{changed}' is varied by the grid" if changed else "'seed' is set like any other value"
        raise ConfigError(f"{what} in {path}. Change the file: values to vary stand in `grid`, seeds in `seeds`.")
    given = [{**values, "seed": seed} for values in combinations for seed in seeds]
    if not allow_outside:
        for values in given:
            named = {**base, **values}
            require_own_paths({key: named[key] for key in named.keys() - (changes or {}).keys()}, str(path))
    shared = {**_under(runs, base), **(changes or {})}
    points = tuple(_point(values, {**shared, **_under(runs, values)}, path) for values in given)
    require_different(points, str(path))
    return Sweep(name, points)


def every_nth(points: Sequence[Point], share: str) -> tuple[Point, ...]:
    """The points of ``share``, `i/n`: the i-th and every n-th after it, so that n machines together run all points.

    Raises:
        ConfigError: no such share.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", share)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ConfigError(f"'{share}' is no share of a sweep; expected i/n with i from 1 to n, such as 1/4.")
    return tuple(points[int(found[1]) - 1 :: int(found[2])])


def _name(given: Any, path: Path) -> str:
    """The name of the sweep's folder, by default that of its file."""
    name = path.stem if given is None else given
    if not isinstance(name, str) or not is_folder_name(name):
        raise ConfigError(
            f"The name of {path} is {shortened(name)}, which is no name for a sweep's folder. Give a plain name as "
            "`name`, in quotes if it is a number, and its parent as --runs FOLDER."
        )
    return name


def _flat(section: Any, name: str, path: Path) -> dict[str, Any]:
    """Values of a section of the file by dotted key."""
    if not isinstance(section, Mapping):
        raise ConfigError(f"`{name}` in {path} is {shortened(section)}; expected a mapping, {_EXAMPLE}.")
    values: dict[str, Any] = {}
    for key, value in section.items():
        for dotted, leaf in flatten({str(key): value}).items():
            if dotted in values:
                raise ConfigError(f"'{dotted}' is given twice in `{name}` of {path}. Leave one of them out.")
            values[dotted] = leaf
    if "dataset" in values:
        values["data.dataset"] = values.pop("dataset")
    return values


def _grids(section: Any, path: Path) -> list[dict[str, list[Any]]]:
    """The grids of the file, each with a list of distinct values per key."""
    grids = [_flat(grid, "grid", path) for grid in (section if isinstance(section, list) else [section or {}])]
    if not grids or not all(grids):
        raise ConfigError(f"A `grid` in {path} is empty; expected lists of values by dotted key, {_EXAMPLE}.")
    for key, values in (item for grid in grids for item in grid.items()):
        _different_values(values, f"'{key}' in the grid of {path}")
    return grids


def _different_values(values: Any, where: str) -> list[Any]:
    """``values``, if they are a list without repetitions."""
    if not isinstance(values, list) or not values:
        raise ConfigError(f"{where} is {shortened(values)}; expected a list of at least one value, such as [0, 1].")
    if len(values) > _MOST_RUNS:
        raise ConfigError(f"{where} has {len(values):,} values; expected at most {_MOST_RUNS:,}.")
    repeated = [value for position, value in enumerate(values) if value in values[:position]]
    if repeated:
        raise ConfigError(f"{where} holds {shortened(repeated[0])} twice. Name each value once.")
    return values


def every_combination(grid: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Every combination of a grid's values, the last key varying fastest."""
    return (dict(zip(grid, values, strict=True)) for values in product(*grid.values()))


def _under(runs: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """A file's ``values``, with a `fork.checkpoint` under `runs/` sought under ``runs``."""
    parent = values.get("fork.checkpoint")
    if not isinstance(parent, str) or not Path(parent).is_relative_to(RUNS):
        return dict(values)
    return {**values, "fork.checkpoint": str(runs / Path(parent).relative_to(RUNS))}


def _point(values: dict[str, Any], together: dict[str, Any], path: Path) -> Point:
    """The point of the grid's ``values``, which with those of the base are ``together``."""
    recipe = together.pop("recipe", None)
    layer = dotted_layer(str(path), together)
    return Point(folder_name(values), values, resolve_config([layer], recipe=None if recipe is None else str(recipe)))


def folder_name(values: Mapping[str, Any]) -> str:
    """Name of a run's folder, `key-value--key-value`, with a dash for characters that a path cannot contain."""
    parts = [f"{key}-{value}" for key, value in values.items()]
    return "--".join(re.sub(r"[^\w.+-]+", "-", part).strip("-") for part in parts)


def require_different(points: Sequence[Point], where: str) -> None:
    """Require that no two points are the same run or have the same folder.

    Raises:
        ConfigError: two are, or a name is too long.
    """
    runs: dict[str, str] = {}
    folders: set[str] = set()
    for point in points:
        same = runs.setdefault(_outcome_key(point.config), point.name)
        if same != point.name:
            raise ConfigError(
                f"{same} and {point.name} in {where} would be the same run. Leave one of them out (without a bank, "
                "its values make no difference)."
            )
        if point.name in folders or len(point.name.encode(errors="surrogatepass")) > _LONGEST:
            raise ConfigError(
                f"{point.name[:_LONGEST]} in {where} cannot be a folder of its own: another point has this name, or it "
                "is too long. Move long values that all runs share from `grid` to `base`."
            )
        folders.add(point.name)


def _outcome_key(config: TrainConfig) -> str:
    """The values that a run's result depends on, as text; without a bank, its other values do not matter."""
    values = flatten(config.model_dump())
    if not config.bank.enabled:
        values = {key: value for key, value in values.items() if key == "bank.rule" or not key.startswith("bank.")}
    return repr(sorted((key, value) for key, value in values.items() if not key.startswith("runtime.")))


def one_process(processes: int) -> None:
    """Raise if a sweep was started as several processes.

    Raises:
        ConfigError: it was: after a failed run the processes would wait for each other.
    """
    if processes > 1:
        raise ConfigError(
            f"A sweep runs in one process, and {processes} were started. Start one sweep for each device instead, with "
            "--only 1/n, --only 2/n, ... and CUDA_VISIBLE_DEVICES."
        )
