"""Reading the text logs of UniMatch V1 and V2 and of PrevMatch: the configuration, then epochs of progress and
evaluation lines.

Progress lines hold running means since the start of the epoch, so the last one gives the epoch's mean. `Loss s` is the
mean of the two strong views' losses, L_u. Class IoUs and their mean are printed in per cent with two digits,
student first; UniMatch V1, PrevMatch and labeled-only runs have no EMA column, and runs whose teacher is the student
label it `EMA (not used as teacher)`. Epochs count from 0.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory, fraction
from pixcon_diag.logs.unimatch_config import read_config
from pixcon_diag.statistics.spread import NAN, mean
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import read_input, split_lines
from pixcon_train.core.yaml_files import flatten

NUMBER = r"\d{1,3}\.\d\d|nan"
EMA = rf"(?:, EMA( \(not used as teacher\))?: ({NUMBER}))?$"
EPOCH = re.compile(r"=> Epoch: (\d{1,9})\b")
PROGRESS = re.compile(r"\] Iters: \d+, (.+)$")
EVALUATION = "* Evaluation"
VALUE = ">>>> "
"""Before each number of an evaluation."""
CLASS = re.compile(rf"Class \[(\d{{1,9}}) (.+)\] IoU: ({NUMBER}){EMA}")
MEAN = re.compile(rf"(?:MeanIoU|meanIOU): ({NUMBER}){EMA}")
NAMES = {"total loss": "loss", "loss s": "loss_u", "mask ratio": "retention", "mask": "retention"}
ROUNDING = 1.01e-4
"""Rounding to two digits in per cent changes the difference of two numbers by at most 1e-4."""
LONGEST = 10_000
"""Most characters of a line that is parsed. No pattern begins at more than one place of it, as the time would then grow
with the square of its length."""
NEW_LOG = "Copy the log again, or cut it after the last complete evaluation."


def read_unimatch_log(path: Path) -> RunHistory:
    """The run of a text log. A last epoch without an evaluation is left out and noted.

    Raises:
        DataError: the file cannot be read, is not such a log, ends within an evaluation, lacks an epoch or a class,
            holds several runs, or its class IoUs do not match the stated mean.
    """
    missing = f"No log at {path}. Give a run folder, a TensorBoard event file or a text log."
    lines = split_lines(read_input(path, f"The text log {path}", DataError, missing=missing))
    config = read_config(path, lines)
    parser = _Parser(path, config["nclass"])
    for number, line in enumerate(lines, 1):
        parser.read(number, line.rstrip())
    parser.finish(len(lines), config.get("epochs"))
    return RunHistory(
        name=path.stem,
        source=str(path),
        format="unimatch",
        classes=tuple(parser.classes),
        first_epoch=0,
        epochs=tuple(parser.epochs),
        config=flatten(config),
        absent="zero",
        note=" ".join(parser.notes) or None,
    )


@dataclass
class _Parser:
    """Parses a log line by line; ``number`` and the four fields after it hold the current epoch."""

    path: Path
    num_classes: int
    classes: list[str] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unknown: str | None = None
    """The first evaluation line of an unknown form."""
    number: int | None = None
    progress: dict[str, float] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    student: list[float] = field(default_factory=list)
    ema: list[float] = field(default_factory=list)

    def read(self, line_number: int, line: str) -> None:
        """Parse one line; lines of other kinds (a scheduler's message, a warning) are skipped."""
        if len(line) > LONGEST:
            return
        if match := EPOCH.search(line):
            self._start(line_number, int(match[1]))
        elif match := PROGRESS.search(line):
            self.progress = _values(match[1])
        elif VALUE in line:
            self._read_value(line_number, line, line.index(VALUE) + len(VALUE))

    def _read_value(self, line_number: int, line: str, start: int) -> None:
        """Parse the number of an evaluation that stands behind ``start``."""
        if match := CLASS.match(line, start):
            self._add_class(line_number, int(match[1]), match[2], match[3], match[5])
        elif match := MEAN.match(line, start):
            if match[2] and not self.epochs:
                self.notes.append("the EMA was evaluated but was not the teacher.")
            self._close(line_number, match[1], match[3])
        elif EVALUATION in line[:start]:
            self.unknown = self.unknown or line[line.index(EVALUATION) : line.index(EVALUATION) + 100]

    def finish(self, line_number: int, planned: int | None) -> None:
        """End of the log, for ``planned`` epochs."""
        if self.student:
            self._fail(
                line_number,
                f"the log is cut off in the evaluation of epoch {self.number}, after {len(self.student)} of "
                f"{self.num_classes} classes",
            )
        if not self.epochs:
            self._refuse_without_epochs()
        if planned is not None and self.epochs[-1].epoch + 1 < planned:
            end = "; the epoch in progress was not evaluated." if self.number is not None else "."
            self.notes.append(f"the run ends after {self.epochs[-1].epoch + 1} of {planned} epochs{end}")

    def _refuse_without_epochs(self) -> NoReturn:
        """Raise for a log without an evaluated epoch."""
        if self.unknown is not None:
            raise DataError(
                f"{self.path} has evaluations of an unknown form, without a mIoU: found `{self.unknown}`, "
                "expected `>>>> Class [0 name] IoU: …` and `>>>> MeanIoU: …`."
            )
        raise DataError(
            f"{self.path} has no evaluated epoch, so there is no mIoU to read. Wait until the run has validated once, "
            "or give another log."
        )

    def _start(self, line_number: int, epoch: int) -> None:
        """Start of an epoch. One without an evaluation may start again, as after resuming."""
        if self.student:
            self._fail(line_number, f"the evaluation of epoch {self.number} ends before its MeanIoU line")
        last = self.epochs[-1].epoch if self.epochs else epoch - 1
        if epoch <= last:
            self._fail(
                line_number,
                f"the epochs begin again, epoch {epoch} after epoch {last}: the log of another run, or of this one "
                "resumed from an earlier state, was appended",
                "Give each run a separate file.",
            )
        if epoch != last + 1:
            self._fail(line_number, f"epoch {epoch} follows epoch {last}, the last one evaluated")
        self.number, self.progress = epoch, {}

    def _add_class(self, line_number: int, index: int, name: str, student: str, ema: str | None) -> None:
        if index != len(self.student) or index >= self.num_classes:
            self._fail(line_number, f"found class {index} where class {len(self.student)} of {self.num_classes} is due")
        self.names.append(name)
        self.student.append(fraction(student))
        self.ema += [fraction(ema)] if ema else []

    def _close(self, line_number: int, student: str, ema: str | None) -> None:
        """Last line of an epoch: check and store its values."""
        if self.number is None:
            self._fail(line_number, "found an evaluation outside of any epoch")
        if len(self.student) != self.num_classes or len(self.ema) != (self.num_classes if ema else 0):
            self._fail(
                line_number,
                f"the evaluation of epoch {self.number} has {len(self.student)} class IoUs of the student and "
                f"{len(self.ema)} of the teacher, where {self.num_classes} are due",
            )
        self.epochs.append(
            EpochRecord(
                epoch=self.number,
                student=self._evaluation(line_number, self.student, student),
                ema=self._evaluation(line_number, self.ema, ema),
                retention=self.progress.pop("retention", NAN),
                losses={name: value for name, value in self.progress.items() if name.startswith("loss")},
            )
        )
        self.classes = self.names
        self.number, self.progress, self.names, self.student, self.ema = None, {}, [], [], []

    def _evaluation(self, line_number: int, iou: list[float], stated: str | None) -> Evaluation:
        """The IoUs of one network, checked against the stated mean; empty if its column is missing."""
        if stated is None:
            return Evaluation()
        miou = fraction(stated)
        if abs(miou - mean(iou)) > ROUNDING:
            self._fail(
                line_number,
                f"epoch {self.number} states a MeanIoU of {stated}, but its classes' is {100 * mean(iou):.2f}",
            )
        return Evaluation(miou, tuple(iou))

    def _fail(self, line_number: int, problem: str, remedy: str = NEW_LOG) -> NoReturn:
        """Raise: numbers of a damaged log are unreliable."""
        readable = f"epochs {self.epochs[0].epoch} to {self.epochs[-1].epoch}" if self.epochs else "no epoch"
        raise DataError(f"{self.path}, line {line_number}: {problem}. Before it, {readable} can be read. {remedy}")


def _values(text: str) -> dict[str, float]:
    """Values of a progress line by name: `Loss x: 0.1` is `loss_x`; a truncated line gives the complete values."""
    values = {}
    for part in text.split(", "):
        match = re.fullmatch(r"([A-Za-z_ ]+): (\d+\.\d+|nan|inf)", part)
        if match:
            name = match[1].strip().lower()
            values[NAMES.get(name, name.replace(" ", "_"))] = float(match[2])
    return values
