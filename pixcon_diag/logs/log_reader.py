"""What the readers of text logs share: epochs in order, and checks of a log against what it states of itself."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pixcon_diag.logs.history import (
    MOST_EPOCHS,
    Absent,
    EpochRecord,
    Evaluation,
    Form,
    NoEpochError,
    RunHistory,
    Weights,
    fraction,
)
from pixcon_diag.statistics.spread import mean
from pixcon_train.core.errors import DataError
from pixcon_train.core.yaml_files import flatten

NUMBER = r"\d{1,3}\.\d\d|nan"
"""A rate as trainers print it: in per cent with two digits."""
ROUNDING = 1.01e-4
"""Rounding to two digits in per cent changes the difference of two numbers by at most 1e-4."""
LONGEST = 10_000
"""Most characters of a line that is parsed. No pattern begins at more than one place of it, as the time would then grow
with the square of its length."""
COLOR = re.compile(r"\x1b\[[\d;]*m")
"""A terminal's code for a color."""
NEW_LOG = "Copy the log again, or cut it after the last complete evaluation."
NETWORKS: dict[Weights, str] = {"student": "student", "ema": "EMA"}


@dataclass
class LogReader(ABC):
    """Reads a log line by line and collects its epochs."""

    path: Path
    first_epoch: int
    """Number of a run's first epoch."""
    epochs: list[EpochRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    line: int = 0
    """Number of the line that is read."""
    best: dict[Weights, float] = field(default_factory=dict)
    """Highest mIoU so far."""

    def read_lines(self, lines: Sequence[str]) -> None:
        """Read all lines; of other kinds (a scheduler's message, a warning) they are skipped."""
        for self.line, line in enumerate(lines, 1):
            if len(line) <= LONGEST:
                self.read(COLOR.sub("", line).rstrip())

    @abstractmethod
    def read(self, line: str) -> None:
        """Read one line."""

    def add(self, record: EpochRecord) -> None:
        """Append an epoch."""
        if len(self.epochs) == MOST_EPOCHS:
            self.fail(f"the log has more than {MOST_EPOCHS:,} epochs", "Give a part of it.")
        self.epochs.append(record)
        for weights in NETWORKS:
            miou = record.evaluation(weights).miou
            if miou > self.best.get(weights, 0):
                self.best[weights] = miou

    def check_next(self, epoch: int) -> None:
        """Raise if ``epoch`` does not follow the last one."""
        last = self.epochs[-1].epoch if self.epochs else epoch - 1
        if epoch <= last:
            self.fail(
                f"the epochs begin again, epoch {epoch} after epoch {last}: the log of another run, or of this one "
                "resumed from an earlier state, was appended",
                "Give each run a separate file.",
            )
        if epoch != last + 1:
            self.fail(f"epoch {epoch} follows epoch {last}, the last one evaluated")

    def evaluation(self, epoch: int, iou: Sequence[float], stated: str | None) -> Evaluation:
        """The IoUs of one network, checked against the stated mean; empty if its column is missing."""
        if stated is None:
            return Evaluation()
        miou = fraction(stated)
        if iou and abs(miou - mean(iou)) > ROUNDING:
            self.fail(f"epoch {epoch} states a MeanIoU of {stated}, but its classes' is {100 * mean(iou):.2f}")
        return Evaluation(miou, tuple(iou))

    def check_best(self, weights: Weights, stated: str, epoch: str | None) -> None:
        """Compare the best mIoU that the log states at this point with the epochs read.

        Args:
            epoch: the epoch that it names, if any. Of values equal to two digits it may be any.

        Raises:
            DataError: another value, in a log that begins with the run's first epoch.
        """
        value = fraction(stated)
        if not self.epochs and value > 0:
            self.notes.append(f"it continues a run whose best {NETWORKS[weights]} mIoU was {stated} before.")
        if math.isnan(value) or not self.epochs or self.epochs[0].epoch > self.first_epoch:
            return
        best = self.best.get(weights, 0.0)
        place = int(epoch) - self.first_epoch if epoch is not None else -1
        there = self.epochs[place].evaluation(weights).miou if 0 <= place < len(self.epochs) and value else best
        if value != best or there != value:
            at = f" at epoch {epoch}, whose own is {100 * there:.2f}" if epoch is not None else ""
            self.fail(
                f"the log states a best {NETWORKS[weights]} mIoU of {stated}{at}, but the best of its epochs is "
                f"{100 * best:.2f}"
            )

    def history(
        self,
        form: Form,
        config: Mapping[str, Any],
        *,
        absent: Absent | None,
        classes: Sequence[str] = (),
        name: str | None = None,
    ) -> RunHistory:
        """The run that was read.

        Args:
            form: of the log.
            config: printed at its beginning.
            absent: treatment of a class absent from target and prediction in its mIoUs.
            classes: names of the classes; empty if it states no class IoUs.
            name: of the run; the file's where None.
        """
        return RunHistory(
            name=name or self.path.stem,
            source=str(self.path),
            format=form,
            classes=tuple(classes),
            first_epoch=self.first_epoch,
            epochs=tuple(self.epochs),
            config=flatten(config),
            absent=absent,
            note=" ".join(self.notes) or None,
        )

    def check_end(self, planned: object, *, begun: bool) -> None:
        """End of the log: note an early one.

        Args:
            planned: the configuration's number of epochs.
            begun: whether an epoch was begun and not evaluated.

        Raises:
            NoEpochError: no epoch was evaluated.
        """
        if not self.epochs:
            raise NoEpochError(
                f"{self.path} has no evaluated epoch, so there is no mIoU to read. Wait until the run has validated "
                "once, or give another log."
            )
        finished = self.epochs[-1].epoch + 1 - self.first_epoch
        if isinstance(planned, int) and finished < planned:
            end = "; the epoch in progress was not evaluated." if begun else "."
            self.notes.append(f"the run ends after {finished} of {planned} epochs{end}")

    def fail(self, problem: str, remedy: str = NEW_LOG) -> NoReturn:
        """Raise: numbers of a damaged log are unreliable."""
        readable = f"epochs {self.epochs[0].epoch} to {self.epochs[-1].epoch}" if self.epochs else "no epoch"
        raise DataError(f"{self.path}, line {self.line}: {problem}. Before it, {readable} can be read. {remedy}")
