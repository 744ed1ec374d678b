"""The interface through which the trainer reports its progress."""

from collections.abc import Mapping
from typing import Any


class TrainingObserver:
    """Receives the events of a run, in order, and ignores them; a subclass overrides what it reports.

    With several processes only the observer of the main process is called.
    """

    def started(self, lines: list[str], iteration: int, iterations: int) -> None:
        """The run is set up as described by ``lines``, at ``iteration`` of ``iterations``."""

    def stepped(self, iteration: int) -> None:
        """An optimizer step is done."""

    def progressed(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` parts of a pass other than the steps (a validation, say) are done."""

    def epoch_finished(self, record: Mapping[str, Any]) -> None:
        """An epoch is finished; ``record`` is its line in the log."""

    def warned(self, line: str) -> None:
        """A problem that does not stop the run."""
