"""The log's numbers as TensorBoard curves; a run continues without them if they cannot be written."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"


class TensorBoardLog:
    """Writes curves; after a failed write it notifies once and writes nothing more."""

    def __init__(self, folder: Path, *, resumed_at: int | None, note: Callable[[str], None]) -> None:
        """Open the curves of the run in ``folder``; those beyond iteration ``resumed_at`` are superseded.

        ``note`` is called with one line if they cannot be written.
        """
        self._folder = folder / FOLDER
        self._note = note
        self._writer: SummaryWriter | None = None
        try:
            purge = None if resumed_at is None else resumed_at + 1
            self._writer = SummaryWriter(str(self._folder), purge_step=purge)
        except OSError as error:
            self._give_up(error)

    def write(self, event: str, record: Mapping[str, Any]) -> None:
        """Add the numbers of ``record`` under ``event``, by its ``iteration``."""
        try:
            for name, value in _scalars(record):
                if self._writer is not None:
                    self._writer.add_scalar(f"{event}/{name}", value, record["iteration"])
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Flush buffered values."""
        try:
            if self._writer is not None:
                self._writer.close()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        writer, self._writer = self._writer, None
        with suppress(OSError):
            if writer is not None:
                writer.close()
        reason = error.strerror or str(error)
        self._note(f"No more TensorBoard curves: could not write {self._folder}: {reason}. log.jsonl has every number.")


def _scalars(record: Mapping[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """The numbers in a nested record by slash-separated name, without `epoch` and `iteration`."""
    found: list[tuple[str, float]] = []
    for key, value in record.items():
        if isinstance(value, Mapping):
            found += _scalars(value, f"{prefix}{key}/")
        elif isinstance(value, int | float) and not isinstance(value, bool) and key not in {"epoch", "iteration"}:
            found.append((prefix + key, float(value)))
    return found
