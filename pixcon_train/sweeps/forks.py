"""The forks of one run: a sweep whose runs continue one of its checkpoints, each under its own values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pixcon_train.config.named_paths import require_own_paths
from pixcon_train.config.resolve import Layer, build_config, dotted_layer
from pixcon_train.config.schema import TrainConfig
from pixcon_train.core.errors import CheckpointError, ConfigError
from pixcon_train.core.paths import exists, is_folder, resolved
from pixcon_train.core.yaml_files import flatten, read_yaml_mapping
from pixcon_train.runs.checkpoint import Checkpoint, describe_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, CONFIG, KEPT, LATEST
from pixcon_train.runs.folder import run_folder
from pixcon_train.sweeps.grid import Point, Sweep, every_combination, folder_name, require_different


def fork_sweep(
    run: Path,
    epoch: int | None,
    grid: Mapping[str, Sequence[Any]],
    *,
    seeds: int = 1,
    name: str | None = None,
    allow_outside: bool = False,
) -> Sweep:
    """The forks of ``run``: every combination of ``grid`` with every seed, from the state after ``epoch``.

    A fork has the configuration of its run, with the values of the grid. Its seeds are the run's and the following
    ones; forks of one seed share every draw.

    Args:
        run: folder of a run, or one of its checkpoints.
        epoch: finished epoch to fork from; None for that of a checkpoint.
        grid: values by dotted key; a key with one value is changed in every fork.
        seeds: number of forks per combination.
        name: of the sweep; None: the name of the run, `fork` and the epoch.
        allow_outside: whether the run may name any root and file, and not only the user's.

    Raises:
        CheckpointError: the run has no state of that epoch.
        ConfigError: an unknown key, a value that does not fit, two equal forks, no seed, or a root or file that is not
            the user's.
    """
    if seeds < 1:
        raise ConfigError(f"--seeds is {seeds}; expected at least 1.")
    path = _state(run, epoch)
    parent = describe_checkpoint(path)
    saved = Layer(str(path), parent.config)
    first = build_config([saved]).seed
    changed = {key for key in grid if key in ("seed", "fork.checkpoint")}
    if changed:
        raise ConfigError(f"'{min(changed)}' is set by the fork itself; use --seeds, or another RUN.")
    own: dict[str, Any] = {"fork.checkpoint": str(resolved(path)), "fork.keep_bank": False, "runtime.keep_every": None}
    if not allow_outside:
        named = {key: value for key, value in flatten(parent.config).items() if key not in {*grid, *own}}
        require_own_paths(named, saved.source)
    points = tuple(
        Point(folder_name(_varied(values, grid, seed)), _varied(values, grid, seed), _config(saved, own, values, seed))
        for values in every_combination(grid)
        for seed in range(first, first + seeds)
    )
    require_different(points, "these forks")
    default = f"{resolved(run if is_folder(run) else path.parent).name}-fork-{parent.epoch}"
    return Sweep(default if name is None else name, points)


def require_same_parent(forks: Sweep, runs: Path) -> None:
    """Require that the runs in the folder of ``forks`` under ``runs`` continue the same checkpoint.

    Raises:
        ConfigError: one of them continues another one or none, or the name of the forks is no name of a folder.
    """
    folder, own = run_folder(runs, forks.name), forks.points[0].config.fork.checkpoint
    for file in sorted(folder.glob(f"*/{CONFIG}")):
        found = flatten(read_yaml_mapping(file)).get("fork.checkpoint")
        if found != own:
            there = "a run that is no fork" if found is None else f"forks of {found}"
            raise ConfigError(
                f"{folder} holds {there} ({file.parent.name}), and these are forks of {own}. Keep them apart: "
                "--name OTHER-NAME, or another --runs."
            )


def _varied(values: Mapping[str, Any], grid: Mapping[str, Sequence[Any]], seed: int) -> dict[str, Any]:
    """The values that distinguish the forks, and the seed."""
    return {key: value for key, value in values.items() if len(grid[key]) > 1} | {"seed": seed}


def _config(saved: Layer, own: Mapping[str, Any], values: Mapping[str, Any], seed: int) -> TrainConfig:
    return build_config([saved, dotted_layer("the command line", {**own, **values, "seed": seed})])


def _state(run: Path, epoch: int | None) -> Path:
    """The checkpoint of ``run`` after ``epoch``."""
    if not is_folder(run):
        if epoch not in (None, (found := describe_checkpoint(run).epoch)):
            raise CheckpointError(f"{run} is of epoch {found}, not {epoch}. Leave --at out, or name the run's folder.")
        return run
    names = [LATEST, BEST_EMA, BEST_STUDENT, *sorted(path.name for path in run.glob(KEPT))]
    states = {name: describe_checkpoint(run / name) for name in names if exists(run / name)}
    whole = {name: state.epoch for name, state in states.items() if _ends_an_epoch(state)}
    for name in sorted(whole, key=lambda name: not name.startswith("epoch")):
        if whole[name] == epoch:
            return run / name
    there = ", ".join(map(str, sorted(set(whole.values())))) or "none"
    asked = "Name one with --at" if epoch is None else f"Epoch {epoch} is not among them"
    raise CheckpointError(
        f"{run} holds the states of the epochs {there}. {asked}; a run keeps more of them with "
        "--set runtime.keep_every=N."
    )


def _ends_an_epoch(state: Checkpoint) -> bool:
    return state.epoch > 0 and state.progress.get("step") == 0
