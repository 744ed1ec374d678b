"""The progress of a run that is trained from Python: a bar of its iterations."""

import sys
from collections.abc import Mapping
from typing import Any

from pixcon_train.core.progress_bars import DELAY, Bar
from pixcon_train.engine.observer import TrainingObserver


class TrainingBar(TrainingObserver):
    """Shows a run on standard error; a context manager."""

    def __init__(self) -> None:
        self._bar: Bar | None = None

    def __enter__(self) -> "TrainingBar":
        return self

    def __exit__(self, *details: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def started(self, lines: list[str], iteration: int, iterations: int) -> None:
        """Open the bar, at the iteration of a resumed run."""
        self._bar = Bar(desc="training", total=iterations, initial=iteration, delay=DELAY)

    def stepped(self, iteration: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(iteration - self._bar.n)

    def epoch_finished(self, record: Mapping[str, Any]) -> None:
        """State the epoch beside the bar, after a validation with the teacher's mIoU."""
        scores = record["validation"]
        miou = f", mIoU EMA {100 * scores['ema']['miou']:.1f} %" if scores else ""
        if self._bar is not None:
            self._bar.set_postfix_str(f"epoch {record['epoch']}/{record['epochs']}{miou}", refresh=False)

    def warned(self, line: str) -> None:
        """Print a problem above the bar."""
        Bar.write(line, file=sys.stderr)
