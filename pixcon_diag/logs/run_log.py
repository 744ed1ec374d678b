"""Reading the log of this project's own runs: ``log.jsonl``, as ``pixcon_train/runs/log.py`` writes it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter

from pixcon_diag.logs.history import EpochRecord, Evaluation, NoEpochError, RunHistory, folder_name
from pixcon_diag.logs.recipe import completed
from pixcon_diag.statistics.spread import NAN
from pixcon_train.core.errors import DataError
from pixcon_train.core.files import open_regular
from pixcon_train.core.records import validated
from pixcon_train.core.yaml_files import flatten
from pixcon_train.runs.log_file import LOG, read_log_file

Number = float | None
"""A number of the log; null is an undefined one."""
Rate = Annotated[float, Field(ge=0, le=1)] | None


class _Part(BaseModel):
    """A part of a record; entries that are not read may be anything."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Validation(_Part):
    miou: Rate
    iou: dict[str, Rate]


class _Bank(_Part):
    contamination: Number = None


class _Epoch(_Part):
    """The record of an epoch; entries with a default are not in logs of earlier versions."""

    epoch: int
    iteration: int | None = None
    validation: dict[Literal["student", "ema"], _Validation]
    retention: Number = Field(validation_alias=AliasChoices("mask_ratio", "retention"))  # the first before 0.1.0
    losses: dict[str, Number]
    threshold: Number = None
    contamination: Number = None
    replaced: Number = None
    bank: _Bank | None = None
    thresholds: dict[str, Number] | None = None


class _Start(_Part):
    """The record of a start."""

    config: dict[str, Any] = {}


_FIRST = 100_000
"""Most bytes of a first line that are looked at."""
_EPOCH, _START = TypeAdapter(_Epoch), TypeAdapter(_Start)
_WARNINGS = TypeAdapter(list[str], config=ConfigDict(strict=True))


def is_run_log(path: Path) -> bool:
    """Whether a file of JSON lines is a run's log: by its name or its first line, which has an `event`."""
    if path.name == LOG:
        return True
    try:
        with open_regular(path) as file:
            return b'"event"' in file.readline(_FIRST)
    except OSError:
        return True  # reading it as a log reports the error


def read_run_log(path: Path) -> RunHistory:
    """The run whose log is ``path``; its name is its folder's. Epochs count from 1.

    An incomplete last line, as left by a crash and repaired by resuming, is left out and noted.

    Raises:
        NoEpochError: no finished epoch.
        DataError: no such file, a line that is not a record, or epochs that restart.
    """
    try:
        log = read_log_file(path)
    except FileNotFoundError:
        raise DataError(f"No log at {path}. Expected the run folder of pixcon-train, with a log.jsonl.") from None
    starts = [record for record in log.records if record["event"] == "start"]
    finished = [record for record in log.records if record["event"] == "epoch"]
    if not finished:
        raise NoEpochError(f"{path} has no finished epoch. Wait until the run has validated once, or give another run.")
    try:
        epochs = [validated(_EPOCH, record) for record in finished]
        config = validated(_START, starts[0]).config if starts else {}
        warnings = [line for record in log.records for line in validated(_WARNINGS, record.get("warnings") or [])]
    except ValueError as error:
        raise DataError(f"{path}: in a record {error}. Expected a log of pixcon-train; was it edited?") from None
    _check(path, epochs)
    return RunHistory(
        name=folder_name(path.parent),
        source=str(path),
        format="pixcon",
        classes=_classes(epochs),
        first_epoch=1,
        epochs=tuple(map(_epoch, epochs)),
        config=completed(flatten(config)),
        absent="skip",
        note=" ".join(_notes(warnings, log.cut_off)) or None,
        iterations=epochs[-1].iteration,
    )


def _notes(warnings: list[str], cut_off: bool) -> list[str]:
    """Notes on what was left out, and the trainer's warnings."""
    cut = ["the last line was cut off by a crash and is left out."] if cut_off else []
    return [*cut, *(f"warning in training: {line}" for line in warnings)]


def _classes(epochs: list[_Epoch]) -> tuple[str, ...]:
    """Class names of the first validation; empty if no epoch was validated."""
    return next((tuple(values.iou) for record in epochs for values in record.validation.values()), ())


def _check(path: Path, epochs: list[_Epoch]) -> None:
    """Raise where epochs do not ascend, or have IoUs of different classes."""
    last, classes = 0, _classes(epochs)
    for record in epochs:
        if record.epoch <= last:
            raise DataError(
                f"{path}: epoch {record.epoch} follows epoch {last}: two runs wrote to this log. Train again, "
                "each run in a separate folder."
            )
        last = record.epoch
        if any(tuple(values.iou) != classes for values in record.validation.values()):
            raise DataError(f"{path}: epoch {last} has IoUs of other classes than the first one validated.")


def _epoch(record: _Epoch) -> EpochRecord:
    return EpochRecord(
        epoch=record.epoch,
        student=_evaluation(record.validation.get("student")),
        ema=_evaluation(record.validation.get("ema")),
        retention=_number(record.retention),
        losses={name: _number(value) for name, value in record.losses.items()},
        threshold=_number(record.threshold),
        contamination=_number(record.contamination),
        replaced=_number(record.replaced),
        bank_contamination=_number(record.bank.contamination if record.bank else None),
        thresholds={name: _number(value) for name, value in (record.thresholds or {}).items()},
    )


def _evaluation(values: _Validation | None) -> Evaluation:
    """One network's validation; undefined if the epoch was not validated."""
    if values is None:
        return Evaluation()
    return Evaluation(_number(values.miou), tuple(map(_number, values.iou.values())))


def _number(value: Number) -> float:
    return NAN if value is None else value
