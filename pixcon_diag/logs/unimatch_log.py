"""Reading the text logs of UniMatch V1 and V2 and of PrevMatch: the configuration, then epochs of progress and
evaluation lines.

An epoch's progress lines hold running means since its start, so that the last one stands for the epoch. `Loss s` is the
mean of the two strong views' losses, which is L_u. Class IoUs and their mean are printed in per cent with two digits,
student first; UniMatch V1, PrevMatch and labeled-only runs have no EMA column, and runs whose teacher is the student
itself call it `EMA (not used as teacher)`. Epochs count from 0.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory, fraction
from pixcon_diag.logs.unimatch_config import read_config
from pixcon_diag.statistics import NAN, mean
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import read_text, split_lines, unreadable
from pixcon_train.core.yaml_files import flatten

NUMBER = r"\d{1,3}\.\d\d|nan"
EMA = rf"(?:, EMA( \(not used as teacher\))?: ({NUMBER}))?$"
EPOCH = re.compile(r"=+> Epoch: (\d{1,9})\b")
PROGRESS = re.compile(r"\] Iters: \d+, (.+)$")
EVALUATION = re.compile(r"\*+ Evaluation.*?\*+ >>>> .+")
CLASS = re.compile(rf">>>> Class \[(\d{{1,9}}) (.+)\] IoU: ({NUMBER}){EMA}")
MEAN = re.compile(rf">>>> (?:MeanIoU|meanIOU): ({NUMBER}){EMA}")
NAMES = {"total loss": "loss", "loss s": "loss_u", "mask ratio": "retention", "mask": "retention"}
ROUNDING = 1.01e-4
"""Two numbers printed with two digits in per cent differ from each other's exact value by at most 1e-4."""
NEW_LOG = "Get the log anew, or cut it off after the last whole evaluation."


def read_unimatch_log(path: Path) -> RunHistory:
    """The run that a text log tells of. A last epoch broken off before its evaluation is left out, and noted.

    Raises:
        DataError: the file cannot be read, is no such log, is cut off within an evaluation, lacks an epoch or a class,
            holds several runs, or its class IoUs do not have the mean it states.
    """
    try:
        lines = split_lines(read_text(path))
    except FileNotFoundError:
        raise DataError(f"No log at {path}. Give a run folder, a TensorBoard event file or a text log.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a text log: {unreadable(error)}.") from error
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
    """Takes a log line by line; what it has of the epoch under way is in ``number`` and the four after it."""

    path: Path
    num_classes: int
    classes: list[str] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unknown: str | None = None
    """The first evaluation line of another form."""
    number: int | None = None
    progress: dict[str, float] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    student: list[float] = field(default_factory=list)
    ema: list[float] = field(default_factory=list)

    def read(self, line_number: int, line: str) -> None:
        """Take in one line; one of another kind (a scheduler's message, a warning) is passed over."""
        if found := EPOCH.search(line):
            self._start(line_number, int(found[1]))
        elif found := PROGRESS.search(line):
            self.progress = _values(found[1])
        elif found := CLASS.search(line):
            self._add_class(line_number, int(found[1]), found[2], found[3], found[5])
        elif found := MEAN.search(line):
            if found[2] and not self.epochs:
                self.notes.append("its EMA was evaluated, but was not the teacher.")
            self._close(line_number, found[1], found[3])
        elif found := EVALUATION.search(line):
            self.unknown = self.unknown or found[0][:100]

    def finish(self, line_number: int, planned: int | None) -> None:
        """The log ends, where ``planned`` epochs were meant to be."""
        if self.student:
            self._fail(
                line_number,
                f"the log is cut off in the evaluation of epoch {self.number}, after {len(self.student)} of "
                f"{self.num_classes} classes",
            )
        if not self.epochs:
            self._refuse_without_epochs()
        if planned is not None and self.epochs[-1].epoch + 1 < planned:
            end = "; the one under way was not evaluated." if self.number is not None else "."
            self.notes.append(f"the run ends after {self.epochs[-1].epoch + 1} of {planned} epochs{end}")

    def _refuse_without_epochs(self) -> NoReturn:
        """There is nothing to read."""
        if self.unknown is not None:
            raise DataError(
                f"{self.path} has evaluations of a form that is not known, without a mIoU: found `{self.unknown}`, "
                "expected `>>>> Class [0 name] IoU: …` and `>>>> MeanIoU: …`."
            )
        raise DataError(
            f"{self.path} has no evaluated epoch, so there is no mIoU to read. Wait until the run has validated once, "
            "or give another log."
        )

    def _start(self, line_number: int, epoch: int) -> None:
        """An epoch begins. One broken off before its evaluation may begin again, as after resuming."""
        if self.student:
            self._fail(line_number, f"the evaluation of epoch {self.number} ends before its MeanIoU line")
        last = self.epochs[-1].epoch if self.epochs else epoch - 1
        if epoch <= last:
            self._fail(
                line_number,
                f"the epochs begin again, epoch {epoch} after epoch {last}: the log of another run, or of this one "
                "resumed from an earlier state, was appended",
                "Give each run a file of its own.",
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
        """An epoch's last line: check what was gathered and keep it."""
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
        """One network's IoUs, whose mean must be the one stated; none where its column is missing."""
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
        """Refuse the log: numbers from a damaged one cannot be trusted."""
        whole = f"epochs {self.epochs[0].epoch} to {self.epochs[-1].epoch}" if self.epochs else "no epoch"
        raise DataError(f"{self.path}, line {line_number}: {problem}. Before it {whole} can be read. {remedy}")


def _values(text: str) -> dict[str, float]:
    """Values of a progress line by name: `Loss x: 0.1` is `loss_x`; a line cut off gives those before the cut."""
    values = {}
    for part in text.split(", "):
        found = re.fullmatch(r"([A-Za-z_ ]+): (\d+\.\d+|nan|inf)", part)
        if found:
            name = found[1].strip().lower()
            values[NAMES.get(name, name.replace(" ", "_"))] = float(found[2])
    return values
