"""How the trainer tells whoever watches what it is doing; it knows nothing of screens."""

from collections.abc import Mapping
from typing import Any, Protocol


class TrainingObserver(Protocol):
    """Receives what happens in a run, in order. In several processes only the first one's is told."""

    def started(self, lines: list[str], iteration: int, iterations: int) -> None:
        """The run is set up, as ``lines`` say, and stands at ``iteration`` of ``iterations``."""

    def stepped(self, iteration: int) -> None:
        """An optimizer step is done."""

    def working(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` parts of something beside the steps (a validation, say) are through."""

    def epoch_finished(self, record: Mapping[str, Any]) -> None:
        """An epoch is through; ``record`` is its line in the log."""

    def noted(self, line: str) -> None:
        """Something went wrong that does not stop the run."""


class Unobserved:
    """An observer that looks away."""

    def started(self, lines: list[str], iteration: int, iterations: int) -> None: ...

    def stepped(self, iteration: int) -> None: ...

    def working(self, what: str, done: int, total: int) -> None: ...

    def epoch_finished(self, record: Mapping[str, Any]) -> None: ...

    def noted(self, line: str) -> None: ...
