"""From what the user names to the histories of runs: run folders, folders of logs, files, groups of seeds."""

from collections.abc import Sequence
from pathlib import Path

from pixcon_diag.groups.arguments import RUNS, Group, find_groups, short_name, split_name
from pixcon_diag.logs.event_files import EVENTS
from pixcon_diag.logs.histories import read_history
from pixcon_diag.logs.history import RunHistory
from pixcon_train.core.errors import ConfigError, DataError
from pixcon_train.runs.log_file import LOG

TEXT = ("*.log", "*.txt")
"""Text logs in a folder."""


def read_groups(arguments: Sequence[str]) -> dict[str, list[RunHistory]]:
    """Histories by group, the baseline first where that is known.

    As :func:`pixcon_diag.groups.arguments.find_groups`, of logs instead of checkpoints; a folder of text logs stands
    for the logs in it, each a group of its own, or seeds of the method that is named: ``name=folder``. None named: the
    runs under ``./runs``.

    Raises:
        ConfigError: a group without a name or a path, two of one name, or a log named twice.
        DataError: a log is missing, damaged or of no known kind, or none is named and there are no runs.
    """
    expanded = [each for argument in arguments or _runs_here() for each in _text_logs(argument)]
    groups = find_groups(expanded, holds_run=holds_log)
    read = {group: [read_history(Path(source)) for source in group.sources] for group in groups}
    _no_log_twice([run for runs in read.values() for run in runs])
    names = {group: _name(group, runs) for group, runs in read.items()}
    unique = len(set(names.values())) == len(names)
    return {names[group] if unique else group.name: runs for group, runs in read.items()}


def holds_log(folder: Path) -> bool:
    """Whether ``folder`` is a run's: it has our log, or TensorBoard's files."""
    return (folder / LOG).is_file() or any(any(place.glob(EVENTS)) for place in (folder, folder / "tensorboard"))


def _runs_here() -> list[str]:
    if not RUNS.is_dir() or not _holds_runs(RUNS):
        raise DataError(
            f"No log was named, and there are no runs in ./{RUNS}. Name run folders, log.jsonl, TensorBoard files, "
            "text logs of UniMatch or PrevMatch or groups of them (name=path,path), or train here: `pixcon-train run`."
        )
    return [str(RUNS)]


def _holds_runs(folder: Path) -> bool:
    return any(holds_log(each) for each in folder.iterdir() if each.is_dir())


def _text_logs(argument: str) -> list[str]:
    """``argument``, or the text logs in the folder it is; in a group's, a folder of text logs gives way to those."""
    name, value = split_name(argument)
    if name is None:
        return _logs_of(argument)
    return [f"{name}={','.join(log for path in value.split(',') if path for log in _logs_of(path))}"]


def _logs_of(path: str) -> list[str]:
    """The text logs in the folder ``path``; itself where it is a file, a run's folder or one of runs."""
    folder = Path(path)
    if not folder.is_dir() or holds_log(folder) or _holds_runs(folder):
        return [path]
    logs = sorted(str(log) for pattern in TEXT for log in folder.glob(pattern))
    if not logs:
        raise DataError(
            f"{folder} holds no log: expected runs of pixcon-train ({LOG}), TensorBoard's {EVENTS}, or text logs "
            f"({', '.join(TEXT)})."
        )
    return logs


def _no_log_twice(runs: Sequence[RunHistory]) -> None:
    """One run counted as two seeds would have a spread of zero."""
    seen: set[Path] = set()
    for run in runs:
        path = Path(run.source).resolve()
        if path in seen:
            raise ConfigError(f"{run.source} is named twice. Name every run once.")
        seen.add(path)


def _name(group: Group, runs: Sequence[RunHistory]) -> str:
    """The run's own name for a single file's group, as ``log.jsonl`` says little; otherwise the group's."""
    alone = len(runs) == 1 and not group.given and group.name == short_name(group.sources[0])
    return runs[0].name if alone else group.name
