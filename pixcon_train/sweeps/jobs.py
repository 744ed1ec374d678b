"""The runs of a sweep as works of a queue, and how far each is by its log."""

import math
from dataclasses import dataclass
from pathlib import Path

from pixcon_train.core.signals import StopRequest
from pixcon_train.engine.observer import TrainingObserver
from pixcon_train.jobs.outcome import Outcome
from pixcon_train.runs.log_file import LOG, last_records
from pixcon_train.sweeps.grid import Point
from pixcon_train.sweeps.run_states import run_state


@dataclass(frozen=True)
class TrainingWork:
    """The training of a point of a sweep in its folder under ``parent``."""

    point: Point
    parent: Path

    @property
    def name(self) -> str:
        """The name of the run's folder."""
        return self.point.name

    def finished(self) -> bool:
        """Whether the run is finished."""
        return run_state(self.point, self.parent).state == "finished"

    def run(self, interruption: StopRequest) -> Outcome:
        """Start the run, or resume it."""
        from pixcon_train.sweeps.running import run_point  # imports torch

        after = run_point(self.point, self.parent, interruption=interruption, observer=PrintingObserver())
        return Outcome(after.message, after.trace, interruption.name)


class PrintingObserver(TrainingObserver):
    """Prints what the log does not hold: the description of the run, and problems."""

    def started(self, lines: list[str], iteration: int, iterations: int) -> None:
        """Print the description."""
        print(*lines, f"at iteration {iteration} of {iterations}", sep="\n", flush=True)

    def warned(self, line: str) -> None:
        """Print a problem."""
        print(line, flush=True)


@dataclass(frozen=True)
class RunProgress:
    """How far a run is."""

    epoch: int = 0
    """Epochs that are done."""
    miou: float = math.nan
    """mIoU of the EMA teacher at the last validation, a fraction; NaN before the first one."""
    seconds_left: float = math.nan
    """Time to its end at the speed of the last epoch; NaN before the first one is done."""


def run_progress(folder: Path) -> RunProgress:
    """How far the run in ``folder`` is, by the end of its log; as at the start where it has none."""
    records = last_records(folder / LOG)
    epochs = [record for record in records if record["event"] == "epoch"]
    if not epochs:
        return RunProgress()
    last = epochs[-1]
    try:
        mious = [float(record["validation"]["ema"]["miou"]) for record in epochs if record.get("validation")]
        share = max(record["iteration"] for record in records) / last["iteration"] * last["epoch"]
        left = max(0.0, last["epochs"] - share) * float(last["seconds"])
    except (KeyError, TypeError, ValueError, ArithmeticError):  # a log of something else
        return RunProgress(last["epoch"])
    return RunProgress(last["epoch"], _finite(mious[-1]) if mious else math.nan, _finite(left))


def _finite(value: float) -> float:
    """``value``; NaN for an infinite one."""
    return value if math.isfinite(value) else math.nan
