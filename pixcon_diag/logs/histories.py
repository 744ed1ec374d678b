"""Reading a run log of any known format."""

from pathlib import Path

from pixcon_diag.logs.event_files import EVENTS
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.logs.metric_files import read_csv, read_json_rows
from pixcon_diag.logs.metric_log import histories_of
from pixcon_diag.logs.run_log import is_run_log, read_run_log
from pixcon_diag.logs.tensorboard_log import read_tensorboard
from pixcon_diag.logs.text_logs import read_text_log
from pixcon_train.core.errors import DataError
from pixcon_train.core.paths import is_file, is_folder
from pixcon_train.runs.log_file import LOG

METRICS = "metrics.csv"
"""The log in a folder of Lightning's CSVLogger."""
TEXT = ("*.log", "*.txt")
TABLES = (("*.csv",), ("*.jsonl", "*.json"))
SUFFIXES = frozenset({".jsonl", ".json", ".csv", ".log", ".txt"})
"""Endings of files that are logs."""


def read_history(path: Path) -> RunHistory:
    """The history of the run at ``path``.

    ``path`` is a run folder of pixcon-train or its ``log.jsonl``; a folder with TensorBoard event files or one such
    file; a text log of another trainer; or a table of metrics as CSV or JSON.

    Raises:
        DataError: no log at the path, an unknown format, a damaged log, or a table of several runs.
    """
    runs = read_histories(path)
    if len(runs) > 1:
        raise DataError(f"{path} holds {len(runs)} runs, expected one. Export the run alone.")
    return runs[0]


def read_histories(path: Path) -> list[RunHistory]:
    """The runs at ``path``, as :func:`read_history`; a chart exported from W&B may hold several.

    Raises:
        DataError: no log at the path, an unknown format, or a damaged log.
    """
    if is_folder(path):
        return [_read_folder(path)]
    if path.suffix == ".csv":
        return histories_of(path, read_csv(path))
    if path.suffix == ".json" or (path.suffix == ".jsonl" and not is_run_log(path)):
        return histories_of(path, read_json_rows(path))
    if path.suffix == ".jsonl":
        return [read_run_log(path)]
    if ".tfevents." in path.name:
        return [read_tensorboard(path)]
    return [read_text_log(path)]


def holds_log(folder: Path) -> bool:
    """Whether ``folder`` is a run: it holds a log of this project, TensorBoard files or a CSVLogger's table."""
    known = any(is_file(folder / name) for name in (LOG, METRICS))
    return known or any(any(parent.glob(EVENTS)) for parent in (folder, folder / "tensorboard"))


def logs_in(folder: Path) -> list[Path]:
    """The text logs in ``folder``; if it has none, its tables, as a trainer may write both of one run."""
    for patterns in (TEXT, *TABLES):
        if found := sorted(path for pattern in patterns for path in folder.glob(pattern)):
            return found
    return []


def _read_folder(folder: Path) -> RunHistory:
    """The folder's ``log.jsonl`` if there is one, as TensorBoard files hold the same numbers at lower precision."""
    if is_file(folder / LOG):
        return read_run_log(folder / LOG)
    if is_file(folder / METRICS):
        return read_history(folder / METRICS)
    for candidate in (folder, folder / "tensorboard"):
        if any(candidate.glob(EVENTS)):
            return read_tensorboard(candidate)
    raise DataError(
        f"{folder} holds no log: expected {LOG} (a run of pixcon-train), {METRICS} (Lightning) or TensorBoard's "
        f"{EVENTS}. For a text log, give the path of the file."
    )
