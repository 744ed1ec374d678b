"""The log of a run: ``log.jsonl``, one JSON record per line, and the same numbers for TensorBoard.

Records have an ``event``: `start` (configuration), `step` (losses and learning rates, every few iterations), `epoch`
(student and EMA mIoU, per-class IoU of both, mean losses, retention, bank fill, learning rates). Rates are fractions,
undefined values ``null``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pixcon_train.core.errors import PixConError
from pixcon_train.core.files import write_text
from pixcon_train.runs.log_file import LOG, log_line, read_log
from pixcon_train.runs.tensorboard_log import TensorBoardLog


class RunLog:
    """Appends records to a run's log and TensorBoard folder."""

    def __init__(
        self, folder: Path, *, iteration: int | None, epoch: int, note: Callable[[str], None] = lambda line: None
    ) -> None:
        """Open the log of the run in ``folder``, at ``iteration`` with ``epoch`` epochs finished.

        Later records, of a process that died before it saved, are dropped, since the same steps are done again. A new
        run (``iteration`` None) starts an empty log. ``note`` is called with one line if TensorBoard's files cannot be
        written.

        Raises:
            DataError: the log is damaged before its last line.
            PixConError: it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / LOG
        past = [] if iteration is None else read_log(self._path)
        kept = [record for record in past if _before(record, iteration or 0, epoch)]
        write_text(self._path, "".join(map(log_line, kept)))
        self._tensorboard = TensorBoardLog(folder, resumed_at=iteration, note=note)

    def write(self, event: str, record: Mapping[str, Any]) -> None:
        """Append ``record``; its numbers go to TensorBoard under ``event``, by its ``iteration``.

        Those of the start, the configuration, do not: each would be a curve of one point.

        Raises:
            PixConError: the log cannot be written.
        """
        line = log_line({"event": event, **record})
        try:
            with self._path.open("a", encoding="utf-8") as handle:
                handle.write(line)
        except OSError as error:
            raise PixConError(f"Could not write {self._path}: {error.strerror}.") from error
        if event != "start":
            self._tensorboard.write(event, record)

    def close(self) -> None:
        """Flush what TensorBoard still holds."""
        self._tensorboard.close()


def _before(record: Mapping[str, Any], iteration: int, epoch: int) -> bool:
    """Whether a checkpoint at ``iteration`` with ``epoch`` finished epochs already contains what ``record`` reports."""
    at: int = record.get("iteration", 0)
    return at <= iteration and (record["event"] != "epoch" or bool(record["epoch"] <= epoch))
