"""Warnings of a run that trains but learns little from its unlabeled images, each with what to change."""

from collections.abc import Mapping
from typing import Any

from pixcon_train.config.schema import TrainConfig

MOST_WARMUP = 0.2
"""Share of the run above which a warm-up is too long."""
MOST_LAG = 0.05
"""mIoU by which the teacher may trail its student at the end."""
TEACHER_SPANS = 20
"""Spans 1/(1 − γ) of the teacher's average that a run should hold."""


class TrainingWarnings:
    """The warnings of a run, each given at most once."""

    def __init__(self, config: TrainConfig, iterations: int) -> None:
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
        """What an epoch's record shows: nothing retained (after the first epoch), a teacher far behind at the end."""
        return [*self._retention(record, last), *(self._lag(record) if last else [])]

    def _retention(self, record: Mapping[str, Any], last: bool) -> list[str]:
        begun = record["epoch"] > 1 or last  # in its first epoch a network from scratch is unsure everywhere
        if record["retention"] != 0 or self._retention_warned or not begun:
            return []
        self._retention_warned = True
        return [
            f"no pseudo-label was retained in epoch {record['epoch']}, so the unlabeled images teach nothing: "
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
        """The advice of a lower threshold, where the rule reads a value that lowers it."""
        values = self._config.consistency
        name, value = {
            "quantile": ("consistency.threshold.quantile", values.threshold.quantile),
            "dynamic": ("", 0.0),  # the mean confidence itself
            "dynamic_floor": ("consistency.threshold.minimum", values.threshold.minimum),
        }.get(values.threshold.rule, ("consistency.tau", values.tau))
        return [f"lower the threshold ({name} is {value:g})"] if value > 0 else []

    def _follow(self) -> list[str]:
        """The advice of a faster teacher, where the run is short for the one it has."""
        decay = max(0.0, round(1 - TEACHER_SPANS / self._iterations, 3))
        if not 0 < decay < self._config.ema_decay:
            return []
        return [f"let the teacher follow faster (ema_decay {decay:g} where it is {self._config.ema_decay:g})"]


def _or(advice: list[str]) -> str:
    """Several ways to go, as one phrase."""
    return ", or ".join(filter(None, (", ".join(advice[:-1]), advice[-1])))
