"""Warnings of a run that gains little from its unlabeled images, each with a remedy."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `doctor` takes only the bounds, which need no pydantic
    from pixcon_train.config.schema import TrainConfig

MOST_WARMUP = 0.2
"""Share of the run above which a warm-up is too long."""
MOST_LAG = 0.05
"""mIoU by which the teacher may trail its student at the end."""
TEACHER_SPANS = 20
"""Minimum length of a run in time constants 1/(1 − γ) of the teacher's average."""


class TrainingWarnings:
    """The warnings of a run, each given at most once."""

    def __init__(self, config: "TrainConfig", iterations: int) -> None:
        """For a run of ``iterations`` steps."""
        self._config = config
        self._iterations = iterations
        self._retention_warned = False

    def at_start(self) -> list[str]:
        """A warm-up too long for the run."""
        warmup, total = self._config.optimizer.warmup, self._iterations
        if warmup <= MOST_WARMUP * total:
            return []
        most = int(MOST_WARMUP * total)
        return [
            f"the learning rate warms up over {warmup} iterations, more than a fifth of the run's {total}: set "
            f"optimizer.warmup to {most}{' or less' if most else ''}, or train longer (schedule.epochs)."
        ]

    def at_epoch(self, record: Mapping[str, Any], *, last: bool) -> list[str]:
        """Nothing retained in the epoch (after the first one); a teacher far below its student at the end."""
        return [*self._retention(record, last), *(self._lag(record) if last else [])]

    def _retention(self, record: Mapping[str, Any], last: bool) -> list[str]:
        begun = record["epoch"] > 1 or last  # a network from scratch starts with low confidence
        if record["retention"] != 0 or self._retention_warned or not begun:
            return []
        self._retention_warned = True
        return [
            f"no pseudo-label was retained in epoch {record['epoch']}, so the unlabeled images contribute nothing: "
            f"{_or([*self._lower(), *self._follow(), 'train longer'])}."
        ]

    def _lag(self, record: Mapping[str, Any]) -> list[str]:
        student, ema = (record["validation"].get(name, {}).get("miou") for name in ("student", "ema"))
        if student is None or ema is None or not student - ema > MOST_LAG:
            return []
        return [
            f"the EMA teacher ends {100 * (student - ema):.1f} points of mIoU below its student: its average is too "
            f"slow for a run of {self._iterations} iterations: {_or([*self._follow(), 'train longer'])}."
        ]

    def _lower(self) -> list[str]:
        """The advice of a lower threshold, if a value of the rule lowers it."""
        values = self._config.consistency
        name, value = {
            "quantile": ("consistency.threshold.quantile", values.threshold.quantile),
            "dynamic": ("", 0.0),  # the mean confidence itself
            "dynamic_floor": ("consistency.threshold.minimum", values.threshold.minimum),
        }.get(values.threshold.rule, ("consistency.tau", values.tau))
        return [f"lower the threshold ({name} is {value:g})"] if value > 0 else []

    def _follow(self) -> list[str]:
        """The advice of a faster teacher, if the run is short for the configured one."""
        decay = max(0.0, round(1 - TEACHER_SPANS / self._iterations, 3))
        if not 0 < decay < self._config.ema_decay:
            return []
        return [f"let the teacher follow faster (ema_decay {decay:g} where it is {self._config.ema_decay:g})"]


def _or(advice: list[str]) -> str:
    """Several remedies as one phrase."""
    return ", or ".join(filter(None, (", ".join(advice[:-1]), advice[-1])))
