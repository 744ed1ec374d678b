"""Histories of runs from run folders, folders of logs, files and groups of seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pixcon_diag.checkpoints.finding import is_run
from pixcon_diag.checkpoints.loading import LoadedCheckpoint
from pixcon_diag.groups.arguments import RUNS, Group, Listed, find_groups, short_name, source_path, split_name
from pixcon_diag.logs.event_files import EVENTS
from pixcon_diag.logs.histories import SUFFIXES, TABLES, TEXT, holds_log, logs_in, read_histories, read_history
from pixcon_diag.logs.history import NoEpochError, RunHistory
from pixcon_diag.statistics.run_seeds import in_order
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.core.paths import is_folder, resolved
from pixcon_train.core.progress import Notify, no_notes
from pixcon_train.runs.log_file import LOG


def read_groups(logs: Listed, notify: Notify = no_notes) -> dict[str, list[RunHistory]]:
    """Histories by group, the baseline first if it is known.

    As :func:`pixcon_diag.groups.arguments.find_groups`, for logs; a folder of text logs stands for its logs, each a
    group by itself, or the seeds of one method: ``name=folder``. Without arguments: the runs under ``./runs``.
    A run of a folder that has no finished epoch is left out, and so is a group without another run.

    Args:
        logs: the logs, by group or as on the command line.
        notify: called with what is left out.

    Raises:
        NoEpochError: a log that is named itself, every log, or every log of a group with a name, has no finished epoch.
        ConfigError: a group without a name or a path, two with one name, or a log named twice.
        DataError: a log is missing, damaged or of an unknown format, or none is named and there are no runs.
    """
    if isinstance(logs, Mapping):
        expanded: Listed = {name: [log for path in paths for log in _logs_of(path)] for name, paths in logs.items()}
    else:
        expanded = [log for argument in logs or _default_runs() for log in _text_logs(source_path(argument))]
    groups = _with_epochs(find_groups(expanded, holds_run=holds_log), _named(logs), notify)
    split = [part for group, found in groups for part in _split(group, found)]
    read = {part: in_order(runs, [run.seed for run in runs]) for part, runs in split}
    _no_log_twice([run for runs in read.values() for run in runs])
    names = {group: _name(group, runs) for group, runs in read.items()}
    unique = len(set(names.values())) == len(names)
    return {names[group] if unique else group.name: runs for group, runs in read.items()}


def _named(logs: Listed) -> set[str]:
    """The paths as the user wrote them."""
    if isinstance(logs, Mapping):
        return {source_path(path) for paths in logs.values() for path in paths}
    values = (split_name(source_path(argument)) for argument in logs)
    return {path for name, value in values for path in ([value] if name is None else value.split(","))}


def _with_epochs(groups: Sequence[Group], named: set[str], notify: Notify) -> list[tuple[Group, list[RunHistory]]]:
    """The groups with their histories, without runs of a folder that have no finished epoch."""
    found, reasons = [], []
    for group in groups:
        histories, lacking = [], []
        for source in group.sources:
            try:
                histories += read_histories(_path(source))
            except NoEpochError as error:
                if source_path(source) in named:
                    raise
                lacking.append(error)
        if group.given and not histories:
            raise lacking[0]
        reasons += lacking
        found += [(group, histories)] if histories else []
    if reasons and not found:
        raise reasons[0]
    for reason in reasons:
        notify(f"left out: {reason}")
    return found


def _path(source: str | LoadedCheckpoint) -> Path:
    return Path(source_path(source))


def _split(group: Group, runs: list[RunHistory]) -> list[tuple[Group, list[RunHistory]]]:
    """Each run of a file with several as a group by itself, unless the user named them together."""
    if group.given or len(group.sources) > 1 or len(runs) == 1:
        return [(group, runs)]
    return [(replace(group, name=run.name), [run]) for run in runs]


def history_beside(checkpoint: LoadedCheckpoint) -> RunHistory:
    """The log in a checkpoint's folder, named after the checkpoint, as folders of two methods may share a name.

    Raises:
        DataError: there is no log, or it is damaged.
    """
    if checkpoint.file is None:
        raise DataError(f"{checkpoint.name} is a network without a file of weights, which has no log.")
    folder = Path(checkpoint.file).parent
    if not holds_log(folder):  # a table of metrics there may be of another run
        raise DataError(f"{folder} holds no log of a run: neither log.jsonl nor TensorBoard's files.")
    return replace(read_history(folder), name=checkpoint.name)


def split_logs(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Arguments that name checkpoints, and those that name logs; the first path of a group decides.

    A log is a file of a known ending, or a folder that holds one and no checkpoint.
    """
    logs = [argument for argument in arguments if _is_log(Path(split_name(argument)[1].partition(",")[0]))]
    return [argument for argument in arguments if argument not in logs], logs


def _is_log(path: Path) -> bool:
    if not is_folder(path):
        return path.suffix in SUFFIXES or ".tfevents." in path.name
    folders = [path, *(child for child in path.iterdir() if is_folder(child))]
    if any(is_run(folder) for folder in folders):
        return False
    return any(map(holds_log, folders)) or bool(logs_in(path))


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
    logs = logs_in(folder)
    if not logs:
        patterns = ", ".join(pattern for kind in (TEXT, *TABLES) for pattern in kind)
        raise DataError(
            f"{folder} holds no log: expected runs of pixcon-train ({LOG}), TensorBoard's {EVENTS}, or logs of other "
            f"trainers ({patterns})."
        )
    return [str(log) for log in logs]


def _no_log_twice(runs: Sequence[RunHistory]) -> None:
    """Raise if a run is named twice: counted as two seeds, its spread would be zero."""
    seen: set[tuple[Path, str]] = set()
    for run in runs:
        key = resolved(Path(run.source)), run.name
        if key in seen:
            raise ConfigError(f"{run.source} is named twice. Name every run once.")
        seen.add(key)


def _name(group: Group, runs: Sequence[RunHistory]) -> str:
    """The run's name for a single file, as ``log.jsonl`` is generic; otherwise the group's name."""
    alone = len(runs) == 1 and not group.given and group.name == short_name(source_path(group.sources[0]))
    return runs[0].name if alone else group.name
