"""Histories of runs from run folders, folders of logs, files and groups of seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pixcon_diag.checkpoints.finding import is_run
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.groups.arguments import RUNS, Group, Listed, find_groups, short_name, source_path, split_name
from pixcon_diag.logs.event_files import EVENTS
from pixcon_diag.logs.histories import read_history
from pixcon_diag.logs.history import RunHistory
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.paths import is_file, is_folder, resolved
from pixcon_train.runs.log_file import LOG

TEXT = ("*.log", "*.txt")
"""Text logs in a folder."""


def read_groups(logs: Listed) -> dict[str, list[RunHistory]]:
    """Histories by group, the baseline first if it is known.

    As :func:`pixcon_diag.groups.arguments.find_groups`, for logs; a folder of text logs stands for its logs, each a
    group by itself, or the seeds of one method: ``name=folder``. Without arguments: the runs under ``./runs``.

    Raises:
        ConfigError: a group without a name or a path, two with one name, or a log named twice.
        DataError: a log is missing, damaged or of an unknown format, or none is named and there are no runs.
    """
    if isinstance(logs, Mapping):
        expanded: Listed = {name: [log for path in paths for log in _logs_of(path)] for name, paths in logs.items()}
    else:
        expanded = [log for argument in logs or _default_runs() for log in _text_logs(source_path(argument))]
    groups = find_groups(expanded, holds_run=holds_log)
    read = {group: [read_history(Path(source_path(source))) for source in group.sources] for group in groups}
    _no_log_twice([run for runs in read.values() for run in runs])
    names = {group: _name(group, runs) for group, runs in read.items()}
    unique = len(set(names.values())) == len(names)
    return {names[group] if unique else group.name: runs for group, runs in read.items()}


def split_logs(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Arguments that name checkpoints, and those that name logs; the first path of a group decides.

    A log is a file of a known ending, or a folder that holds one and no checkpoint.
    """
    logs = [argument for argument in arguments if _is_log(Path(split_name(argument)[1].partition(",")[0]))]
    return [argument for argument in arguments if argument not in logs], logs


def _is_log(path: Path) -> bool:
    if not is_folder(path):
        return path.suffix in (".jsonl", ".log", ".txt") or ".tfevents." in path.name
    folders = [path, *(child for child in path.iterdir() if is_folder(child))]
    if any(is_run(folder) for folder in folders):
        return False
    return any(map(holds_log, folders)) or any(any(path.glob(pattern)) for pattern in TEXT)


def holds_log(folder: Path) -> bool:
    """Whether ``folder`` is a run: it holds a log of this project or TensorBoard files."""
    return is_file(folder / LOG) or any(any(parent.glob(EVENTS)) for parent in (folder, folder / "tensorboard"))


def runs_here() -> bool:
    """Whether there are runs under ``./runs``, which are taken if nothing is named."""
    return is_folder(RUNS) and _holds_runs(RUNS)


def _default_runs() -> list[str]:
    if not runs_here():
        raise DataError(
            f"No log was named, and there are no runs in ./{RUNS}. Name run folders, log.jsonl, TensorBoard files, "
            "text logs of other trainers or groups of them (name=path,path), or train one: `pixcon-train run`."
        )
    return [str(RUNS)]


def _holds_runs(folder: Path) -> bool:
    return any(holds_log(run) for run in folder.iterdir() if is_folder(run))


def _text_logs(argument: str) -> list[str]:
    """``argument`` with every folder of text logs replaced by its logs."""
    name, value = split_name(argument)
    if name is None:
        return _logs_of(argument)
    return [f"{name}={','.join(log for path in value.split(',') if path for log in _logs_of(path))}"]


def _logs_of(source: str | LoadedCheckpoint) -> list[str]:
    """The text logs in the folder ``path``; ``path`` itself if it is a file, a run or a folder of runs."""
    path = source_path(source)
    folder = Path(path)
    if not is_folder(folder) or holds_log(folder) or _holds_runs(folder):
        return [path]
    logs = sorted(str(log) for pattern in TEXT for log in folder.glob(pattern))
    if not logs:
        raise DataError(
            f"{folder} holds no log: expected runs of pixcon-train ({LOG}), TensorBoard's {EVENTS}, or text logs "
            f"({', '.join(TEXT)})."
        )
    return logs


def _no_log_twice(runs: Sequence[RunHistory]) -> None:
    """Raise if a run is named twice: counted as two seeds, its spread would be zero."""
    seen: set[Path] = set()
    for run in runs:
        path = resolved(Path(run.source))
        if path in seen:
            raise ConfigError(f"{run.source} is named twice. Name every run once.")
        seen.add(path)


def _name(group: Group, runs: Sequence[RunHistory]) -> str:
    """The run's name for a single file, as ``log.jsonl`` is generic; otherwise the group's name."""
    alone = len(runs) == 1 and not group.given and group.name == short_name(source_path(group.sources[0]))
    return runs[0].name if alone else group.name
