"""The interface through which the trainer reports its progress."""

from collections.abc import Mapping
from typing import Any, Protocol


class TrainingObserver(Protocol):
    """Receives the events of a run, in order. With several processes only that of the main process is called."""

    def started(self, lines: list[str], iteration: int, iterations: int) -> None:
        """The run is set up, as ``lines`` say, and stands at ``iteration`` of ``iterations``."""

    def stepped(self, iteration: int) -> None:
        """An optimizer step is done."""

    def progressed(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` parts of something beside the steps (a validation, say) are through."""

    def epoch_finished(self, record: Mapping[str, Any]) -> None:
        """An epoch is through; ``record`` is its line in the log."""

    def warned(self, line: str) -> None:
        """Something went wrong that does not stop the run."""


class NullObserver:
    """An observer that ignores everything."""

    def started(self, lines: list[str], iteration: int, iterations: int) -> None: ...

    def stepped(self, iteration: int) -> None: ...

    def progressed(self, what: str, done: int, total: int) -> None: ...

    def epoch_finished(self, record: Mapping[str, Any]) -> None: ...

    def warned(self, line: str) -> None: ...
