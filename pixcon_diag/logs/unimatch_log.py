"""Reading the text logs of UniMatch V1 and V2 and of PrevMatch: the configuration, then epochs of progress and
evaluation lines.

Progress lines hold running means since the start of the epoch, so the last one gives the epoch's mean. `Loss s` is the
mean of the two strong views' losses, L_u. Class IoUs and their mean are printed in per cent with two digits,
student first; UniMatch V1, PrevMatch and labeled-only runs have no EMA column, and runs whose teacher is the student
label it `EMA (not used as teacher)`. Epochs count from 0.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pixcon_diag.logs.history import EpochRecord, RunHistory, fraction
from pixcon_diag.logs.log_reader import NUMBER, LogReader
from pixcon_diag.logs.printed_config import is_count
from pixcon_diag.statistics.spread import NAN
from pixcon_train.core.errors import DataError

EMA = rf"(?:, EMA( \(not used as teacher\))?: ({NUMBER}))?$"
EPOCH = re.compile(r"=> Epoch: (\d{1,9})\b")
BEST = re.compile(
    rf"Previous best: ({NUMBER})(?: @epoch-(\d{{1,9}}))?(?:, EMA[^:]{{0,40}}: ({NUMBER}) @epoch-(\d{{1,9}}))?$"
)
PROGRESS = re.compile(r"\] Iters: \d+, (.+)$")
EVALUATION = "* Evaluation"
VALUE = ">>>> "
"""Before each number of an evaluation."""
CLASS = re.compile(rf"Class \[(\d{{1,9}}) (.+)\] IoU: ({NUMBER}){EMA}")
MEAN = re.compile(rf"(?:MeanIoU|meanIOU): ({NUMBER}){EMA}")
CHANGE = ">>>> Changed IoU: "
"""An evaluation of change detection."""
NAMES = {"total loss": "loss", "loss s": "loss_u", "mask ratio": "retention", "mask": "retention"}


def is_unimatch(config: dict[str, Any]) -> bool:
    """Whether a printed configuration is of these trainers."""
    return is_count(config.get("nclass")) and is_count(config.get("epochs", 1))


def read_unimatch_log(path: Path, lines: Sequence[str], config: dict[str, Any]) -> RunHistory:
    """The run of a text log. A last epoch without an evaluation is left out and noted.

    Raises:
        DataError: the log has no mIoU, ends within an evaluation, lacks an epoch or a class, holds several runs, or its
            class IoUs do not match the stated mean, or its epochs the stated best.
    """
    reader = _Reader(path, 0, num_classes=config["nclass"])
    reader.read_lines(lines)
    reader.finish(config.get("epochs"))
    return reader.history("unimatch", config, absent="zero", classes=reader.classes)


@dataclass
class _Reader(LogReader):
    """``number`` and the four fields after it hold the current epoch."""

    num_classes: int = 0
    classes: list[str] = field(default_factory=list)
    unknown: str | None = None
    """The first evaluation line of an unknown form."""
    number: int | None = None
    progress: dict[str, float] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    student: list[float] = field(default_factory=list)
    ema: list[float] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Read one line."""
        if match := EPOCH.search(line):
            self._start(int(match[1]), BEST.search(line, match.end()))
        elif match := PROGRESS.search(line):
            self.progress = _values(match[1])
        elif VALUE in line:
            self._read_value(line, line.index(VALUE) + len(VALUE))

    def _read_value(self, line: str, start: int) -> None:
        """Read the number of an evaluation that stands behind ``start``."""
        if match := CLASS.match(line, start):
            self._add_class(int(match[1]), match[2], match[3], match[5])
        elif match := MEAN.match(line, start):
            if match[2] and not self.epochs:
                self.notes.append("the EMA was evaluated but was not the teacher.")
            self._close(match[1], match[3])
        elif CHANGE in line:
            raise DataError(
                f"{self.path} is a log of change detection: it states IoUs of changed and unchanged pixels and no "
                "mIoU. Give a log of semantic segmentation."
            )
        elif EVALUATION in line[:start]:
            self.unknown = self.unknown or line[line.index(EVALUATION) : line.index(EVALUATION) + 100]

    def finish(self, planned: int | None) -> None:
        """End of the log, for ``planned`` epochs."""
        if self.student:
            self.fail(
                f"the log is cut off in the evaluation of epoch {self.number}, after {len(self.student)} of "
                f"{self.num_classes} classes"
            )
        if not self.epochs and self.unknown is not None:
            self._refuse_unknown(self.unknown)
        self.check_end(planned, begun=self.number is not None)

    def _refuse_unknown(self, line: str) -> NoReturn:
        raise DataError(
            f"{self.path} has evaluations of an unknown form, without a mIoU: found `{line}`, expected "
            "`>>>> Class [0 name] IoU: …` and `>>>> MeanIoU: …`."
        )

    def _start(self, epoch: int, stated: re.Match[str] | None) -> None:
        """Start of an epoch. One without an evaluation may start again, as after resuming."""
        if self.student:
            self.fail(f"the evaluation of epoch {self.number} ends before its MeanIoU line")
        self.check_next(epoch)
        if stated:
            self.check_best("student", stated[1], stated[2])
            if stated[3]:
                self.check_best("ema", stated[3], stated[4])
        self.number, self.progress = epoch, {}

    def _add_class(self, index: int, name: str, student: str, ema: str | None) -> None:
        if index != len(self.student) or index >= self.num_classes:
            self.fail(f"found class {index} where class {len(self.student)} of {self.num_classes} is due")
        self.names.append(name)
        self.student.append(fraction(student))
        self.ema += [fraction(ema)] if ema else []

    def _close(self, student: str, ema: str | None) -> None:
        """Last line of an epoch: check and store its values."""
        if self.number is None:
            self.fail("found an evaluation outside of any epoch")
        if len(self.student) != self.num_classes or len(self.ema) != (self.num_classes if ema else 0):
            self.fail(
                f"the evaluation of epoch {self.number} has {len(self.student)} class IoUs of the student and "
                f"{len(self.ema)} of the teacher, where {self.num_classes} are due"
            )
        self.add(
            EpochRecord(
                epoch=self.number,
                student=self.evaluation(self.number, self.student, student),
                ema=self.evaluation(self.number, self.ema, ema),
                retention=self.progress.pop("retention", NAN),
                losses={name: value for name, value in self.progress.items() if name.startswith("loss")},
            )
        )
        self.classes = self.names
        self.number, self.progress, self.names, self.student, self.ema = None, {}, [], [], []


def _values(text: str) -> dict[str, float]:
    """Values of a progress line by name: `Loss x: 0.1` is `loss_x`; a truncated line gives the complete values."""
    values = {}
    for part in text.split(", "):
        match = re.fullmatch(r"([A-Za-z_ ]+): (\d+\.\d+|nan|inf)", part)
        if match:
            name = match[1].strip().lower()
            values[NAMES.get(name, name.replace(" ", "_"))] = float(match[2])
    return values
