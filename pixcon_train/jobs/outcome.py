"""How a job ended: a file for each piece of work, written by the job and read by whoever waits for it."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pixcon_train.core.files import read_json, write_json


@dataclass(frozen=True)
class Outcome:
    """How a piece of work ended; all None: it came to its end."""

    message: str | None = None
    """Its error, for the user."""
    trace: str | None = None
    """The traceback, if the error is a defect rather than a user's mistake."""
    stopped: str | None = None
    """Name of the signal that ended it early."""


def outcome_file(folder: Path, name: str) -> Path:
    """The file of the work ``name``."""
    return folder / f"{name}.json"


def write_outcome(folder: Path, name: str, outcome: Outcome) -> None:
    """Save ``outcome``."""
    write_json(outcome_file(folder, name), asdict(outcome))


def read_outcome(folder: Path, name: str) -> Outcome | None:
    """How the work ``name`` ended; None where no job has said so, or its file is damaged."""
    try:
        content = read_json(outcome_file(folder, name))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or not all(isinstance(value, str | None) for value in content.values()):
        return None
    return Outcome(*(content.get(field) for field in ("message", "trace", "stopped")))
