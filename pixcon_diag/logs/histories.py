"""Reading a run log of any known format."""

from pathlib import Path

from pixcon_diag.logs.event_files import EVENTS
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.logs.run_log import read_run_log
from pixcon_diag.logs.tensorboard_log import read_tensorboard
from pixcon_diag.logs.text_logs import read_text_log
from pixcon_train.core.errors import DataError
from pixcon_train.core.paths import is_file, is_folder
from pixcon_train.runs.log_file import LOG


def read_history(path: Path) -> RunHistory:
    """The history of the run at ``path``.

    ``path`` is a run folder of pixcon-train or its ``log.jsonl``; a folder with TensorBoard event files or one such
    file; or a text log of another trainer.

    Raises:
        DataError: no log at the path, an unknown format, or a damaged log.
    """
    if is_folder(path):
        return _read_folder(path)
    if path.suffix == ".jsonl":
        return read_run_log(path)
    if ".tfevents." in path.name:
        return read_tensorboard(path)
    return read_text_log(path)


def _read_folder(folder: Path) -> RunHistory:
    """The folder's ``log.jsonl`` if there is one, as TensorBoard files hold the same numbers at lower precision."""
    if is_file(folder / LOG):
        return read_run_log(folder / LOG)
    for candidate in (folder, folder / "tensorboard"):
        if any(candidate.glob(EVENTS)):
            return read_tensorboard(candidate)
    raise DataError(
        f"{folder} holds no log: expected {LOG} (a run of pixcon-train) or TensorBoard's {EVENTS}. "
        "For a text log, give the path of the file."
    )
