"""Reading the text logs of CW-BASS v2: the arguments, then per epoch progress lines and one line of results.

`Student mIoU: 52.11%  |  EMA mIoU: 54.32%  |  Loss: 0.123 (x=0.100 s=0.146)  |  Mask: 0.9123  |  10.0min`, with means
over the epoch. The five best and worst classes are printed with one digit and not read. Epochs count from 1.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_diag.logs.history import EpochRecord, RunHistory, Weights
from pixcon_diag.logs.log_reader import NUMBER, LogReader
from pixcon_diag.logs.printed_config import is_count
from pixcon_diag.statistics.spread import NAN

BAR = r" {1,4}\| {1,4}"
LOSS = r"(?:\d{1,9}\.\d{1,9}|nan|inf)"
EPOCH = re.compile(r"\bEpoch (\d{1,9})/\d{1,9}  \(")
RESULT = re.compile(
    rf"Student mIoU: ({NUMBER})%{BAR}EMA mIoU: ({NUMBER})%"
    rf"(?:{BAR}Loss: ({LOSS})(?: \(x=({LOSS}) s=({LOSS})\))?)?(?:{BAR}Mask: (\d\.\d{{1,9}}|nan))?"
)
BEST = re.compile(rf">>> New best (student|EMA): ({NUMBER})% \(epoch (\d{{1,9}})\)$")
NETWORK: dict[str, Weights] = {"student": "student", "EMA": "ema"}


def is_cwbass(config: dict[str, Any]) -> bool:
    """Whether printed arguments are of this trainer."""
    return is_count(config.get("num_classes")) and is_count(config.get("epochs")) and "backbone" in config


def read_cwbass_log(path: Path, lines: Sequence[str], config: dict[str, Any]) -> RunHistory:
    """The run of a text log. A last epoch without a line of results is left out and noted.

    Raises:
        DataError: no epoch was evaluated, one is missing, the log holds several runs, or its epochs do not match a
            stated best.
    """
    reader = _Reader(path, 1)
    reader.read_lines(lines)
    reader.check_end(config["epochs"], begun=reader.number is not None)
    name = path.parent.name if path.name == "out.log" else None
    return reader.history("cwbass", config, absent="skip", name=name)


@dataclass
class _Reader(LogReader):
    number: int | None = None
    """The current epoch."""

    def read(self, line: str) -> None:
        """Read one line."""
        if match := RESULT.search(line):
            self._close(match)
        elif match := EPOCH.search(line):
            self.check_next(int(match[1]))
            self.number = int(match[1])
        elif match := BEST.search(line):
            self.check_best(NETWORK[match[1]], match[2], match[3])

    def _close(self, found: re.Match[str]) -> None:
        """The line of results of an epoch."""
        if self.number is None:
            self.fail("found an evaluation outside of any epoch")
        losses = zip(("loss", "loss_x", "loss_u"), found.groups()[2:5], strict=True)
        self.add(
            EpochRecord(
                epoch=self.number,
                student=self.evaluation(self.number, (), found[1]),
                ema=self.evaluation(self.number, (), found[2]),
                retention=float(found[6]) if found[6] else NAN,
                losses={name: float(value) for name, value in losses if value is not None},
            )
        )
        self.number = None
