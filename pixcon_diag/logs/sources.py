"""From what the user names to the histories of runs: run folders, folders of logs, files, groups of seeds."""

from collections.abc import Sequence
from pathlib import Path

from pixcon_diag.groups import find_groups, split_name
from pixcon_diag.logs.event_files import EVENTS
from pixcon_diag.logs.histories import read_history
from pixcon_diag.logs.history import RunHistory
from pixcon_train.errors import DataError
from pixcon_train.runlog import LOG

TEXT = ("*.log", "*.txt")
"""Text logs in a folder."""


def read_groups(arguments: Sequence[str]) -> dict[str, list[RunHistory]]:
    """Histories by group, the baseline first where that is known.

    As :func:`pixcon_diag.groups.find_groups`, of logs instead of checkpoints; a folder of text logs stands for the logs
    in it, each a group of its own. None named: the runs under ``./runs``.

    Raises:
        CheckpointError: nothing named and no runs there.
        ConfigError: a group without a name or a path, or two of one name.
        DataError: a log is missing, damaged or of no known kind.
    """
    expanded = [each for argument in arguments for each in _text_logs(argument)]
    groups = find_groups(expanded, holds_run=holds_log)
    return {group.name: [read_history(Path(source)) for source in group.sources] for group in groups}


def holds_log(folder: Path) -> bool:
    """Whether ``folder`` is a run's: it has our log, or TensorBoard's files."""
    return (folder / LOG).is_file() or any(any(place.glob(EVENTS)) for place in (folder, folder / "tensorboard"))


def _text_logs(argument: str) -> list[str]:
    """The text logs in the folder ``argument``; itself where it is none."""
    name, value = split_name(argument)
    folder = Path(value)
    if name is not None or not folder.is_dir() or holds_log(folder):
        return [argument]
    if any(holds_log(each) for each in folder.iterdir() if each.is_dir()):
        return [argument]
    logs = sorted(str(path) for pattern in TEXT for path in folder.glob(pattern))
    if not logs:
        raise DataError(
            f"{folder} holds no log: expected runs of pixcon-train ({LOG}), TensorBoard's {EVENTS}, or text logs "
            f"({', '.join(TEXT)})."
        )
    return logs
