"""Reading the text logs of AugSeg: the configuration, then progress lines, class IoUs and a `<<Test>>` line per epoch.

The numbers in brackets of a progress line are means over the last 20 iterations (over the epoch so far in
labeled-only runs), so their mean over an epoch's lines estimates the epoch's. Class IoUs come first for the student, if
it was evaluated, then for the teacher. Epochs count from 0; an epoch without an evaluation states -100000.00.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pixcon_diag.logs.history import EpochRecord, RunHistory, Weights, fraction
from pixcon_diag.logs.log_reader import NUMBER, LogReader
from pixcon_diag.logs.printed_config import is_count
from pixcon_diag.statistics.spread import NAN, mean
from pixcon_train.core.yaml_files import flatten
from pixcon_train.data.specs import spec_for_class_count

VALUE = rf"-100000\.00|{NUMBER}"
PROGRESS = re.compile(r"- Epoch/Iter \[")
MEANS = re.compile(r"\b(Sup|Uns|Pseudo|Loss):? ?\d{1,6}\.\d{1,6} ?\((\d{1,6}\.\d{1,6})\)")
CLASS = re.compile(rf"\[Test\] -  class \[(\d{{1,9}})\] IoU ({NUMBER})$")
TEST = re.compile(rf"<<Test>> - Epoch: (\d{{1,9}})\.  MIoU: ({VALUE})(?:/({VALUE}))?\. {{1,2}}")
BEST = re.compile(rf"Best(?:-STU|-EMA)?: ?({NUMBER})/(-?\d{{1,9}})")
NAMES = {"Sup": "loss_x", "Uns": "loss_u", "Pseudo": "retention", "Loss": "loss"}
NOT_EVALUATED = "-100000.00"


def is_augseg(config: dict[str, Any]) -> bool:
    """Whether a printed configuration is of this trainer."""
    net, trainer = config.get("net"), config.get("trainer")
    if not isinstance(net, dict) or not isinstance(trainer, dict):
        return False
    return is_count(net.get("num_classes")) and is_count(trainer.get("epochs"))


def read_augseg_log(path: Path, lines: Sequence[str], config: dict[str, Any]) -> RunHistory:
    """The run of a text log. A last epoch without its `<<Test>>` line is left out and noted.

    Raises:
        DataError: the log ends within an evaluation, lacks an epoch or a class, holds several runs, or its class IoUs
            do not match the stated mean, or its epochs the stated best.
    """
    reader = _Reader(path, 0, num_classes=config["net"]["num_classes"])
    reader.read_lines(lines)
    if reader.iou:
        reader.fail(f"the log is cut off in an evaluation, after {len(reader.iou)} class IoUs")
    reader.check_end(config["trainer"]["epochs"], begun=bool(reader.progress))
    classes = _class_names(config) if any(e.student.iou or e.ema.iou for e in reader.epochs) else ()
    return reader.history("augseg", config, absent="zero", classes=classes)


@dataclass
class _Reader(LogReader):
    """``progress`` and ``iou`` hold the current epoch."""

    num_classes: int = 0
    progress: dict[str, list[float]] = field(default_factory=dict)
    iou: list[float] = field(default_factory=list)
    """Class IoUs in the order of the log."""

    def read(self, line: str) -> None:
        """Read one line."""
        if PROGRESS.search(line):
            for name, value in MEANS.findall(line):
                self.progress.setdefault(NAMES[name], []).append(float(value))
        elif match := CLASS.search(line):
            self._add_class(int(match[1]), match[2])
        elif match := TEST.search(line):
            self._close(int(match[1]), match[2], match[3], BEST.findall(line, match.end()))

    def _add_class(self, index: int, iou: str) -> None:
        due = len(self.iou) % self.num_classes
        if index != due or len(self.iou) == 2 * self.num_classes:
            self.fail(f"found class {index} where class {due} of {self.num_classes} is due")
        self.iou.append(fraction(iou))

    def _close(self, epoch: int, first: str, second: str | None, best: list[tuple[str, str]]) -> None:
        """Last line of an epoch: check and store its values. A labeled-only run states the student's alone."""
        self.check_next(epoch)
        student, ema = (value if value != NOT_EVALUATED else None for value in (first, second))
        evaluated = (student is not None) + (ema is not None)
        if len(self.iou) != evaluated * self.num_classes:
            self.fail(
                f"epoch {epoch} has {len(self.iou)} class IoUs, where {evaluated} times {self.num_classes} are due"
            )
        own = self.num_classes if student is not None else 0
        means = {name: mean(values) for name, values in self.progress.items()}
        self.add(
            EpochRecord(
                epoch=epoch,
                student=self.evaluation(epoch, self.iou[:own], student),
                ema=self.evaluation(epoch, self.iou[own:], ema),
                retention=means.pop("retention", NAN),
                losses=means,
            )
        )
        self.progress, self.iou = {}, []
        networks: tuple[Weights, ...] = ("student", "ema") if second is not None else ("student",)
        for weights, (value, place) in zip(networks, best, strict=False):
            self.check_best(weights, value, place)


def _class_names(config: dict[str, Any]) -> tuple[str, ...]:
    """Names of the data set's classes, which the log numbers; of an unknown data set their numbers."""
    count = config["net"]["num_classes"]
    dataset, spec = flatten(config).get("dataset.type"), spec_for_class_count(count)
    if spec is not None and isinstance(dataset, str) and dataset.startswith(spec.name):
        return tuple(spec.classes)
    return tuple(f"class {k}" for k in range(count))
