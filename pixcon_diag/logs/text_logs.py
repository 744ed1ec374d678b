"""Text logs of other trainers, each recognized by the configuration that it begins with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixcon_diag.logs.augseg_log import is_augseg, read_augseg_log
from pixcon_diag.logs.cwbass_log import is_cwbass, read_cwbass_log
from pixcon_diag.logs.history import RunHistory
from pixcon_diag.logs.printed_config import printed_configs
from pixcon_diag.logs.unimatch_log import is_unimatch, read_unimatch_log
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import read_input, split_lines


@dataclass(frozen=True)
class TextFormat:
    """A trainer's text log."""

    trainers: str
    matches: Callable[[dict[str, Any]], bool]
    """Whether a printed configuration is of these trainers."""
    read: Callable[[Path, Sequence[str], dict[str, Any]], RunHistory]


FORMATS = (
    TextFormat("UniMatch V1 or V2 or PrevMatch", is_unimatch, read_unimatch_log),
    TextFormat("AugSeg", is_augseg, read_augseg_log),
    TextFormat("CW-BASS v2", is_cwbass, read_cwbass_log),
)


def read_text_log(path: Path) -> RunHistory:
    """The run of a text log.

    Raises:
        DataError: the file cannot be read, is of an unknown format, or is damaged.
    """
    missing = f"No log at {path}. Give a run folder, a TensorBoard event file or a text log."
    lines = split_lines(read_input(path, f"The text log {path}", DataError, missing=missing))
    for config in printed_configs(lines):
        for form in FORMATS:
            if form.matches(config):
                return form.read(path, lines, config)
    raise DataError(
        f"{path} is not a text log of a known format: expected {', '.join(form.trainers for form in FORMATS)}, whose "
        "log begins with its configuration (`[time][INFO] {'backbone': …`, `Arguments: Namespace(…`). Give the whole "
        "log, a run folder of pixcon-train, a TensorBoard event file, or a table of epochs as CSV."
    )
