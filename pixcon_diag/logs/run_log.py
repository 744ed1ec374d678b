"""Reading the log of this project's own runs: ``log.jsonl``, as ``pixcon_train/runs/log.py`` writes it."""

from pathlib import Path
from typing import Any

from pixcon_diag.logs.history import EpochRecord, Evaluation, RunHistory, folder_name
from pixcon_diag.statistics.spread import NAN
from pixcon_train.core.errors import DataError
from pixcon_train.core.yaml_files import flatten
from pixcon_train.runs.log_file import read_log_file

EXPECTED = "Expected a log of pixcon-train; was it edited?"


def read_run_log(path: Path) -> RunHistory:
    """The run whose log is ``path``; its name is its folder's. Epochs count from 1.

    An incomplete last line, as left by a crash and repaired by resuming, is left out and noted.

    Raises:
        DataError: no such file, a line that is not a record, no finished epoch, or epochs that restart.
    """
    try:
        log = read_log_file(path)
    except FileNotFoundError:
        raise DataError(f"No log at {path}. Expected the run folder of pixcon-train, with a log.jsonl.") from None
    records = log.records
    starts = [record for record in records if record["event"] == "start"]
    finished = [record for record in records if record["event"] == "epoch"]
    if not finished:
        raise DataError(f"{path} has no finished epoch. Wait until the run has validated once, or give another run.")
    try:
        classes = _classes(finished)
        return RunHistory(
            name=folder_name(path.parent),
            source=str(path),
            format="pixcon",
            classes=classes,
            first_epoch=1,
            epochs=_epochs(path, finished, classes),
            config=flatten(starts[0]["config"]) if starts else {},
            absent="skip",
            note=" ".join(_notes(records, log.cut_off)) or None,
            iterations=finished[-1].get("iteration"),
        )
    except KeyError as missing:
        raise DataError(
            f"{path} lacks {missing} in a record. Expected a log of pixcon-train; was it edited?"
        ) from missing
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError(f"{path} has a value of another kind in a record: {str(error)[:100]}. {EXPECTED}") from error


def _notes(records: list[dict[str, Any]], cut_off: bool) -> list[str]:
    """Notes on what was left out, and the trainer's warnings."""
    warnings = [str(line) for record in records for line in record.get("warnings", ())]
    cut = ["the last line was cut off by a crash and is left out."] if cut_off else []
    return [*cut, *(f"warning in training: {line}" for line in warnings)]


def _classes(records: list[dict[str, Any]]) -> tuple[str, ...]:
    """Class names of the first validation; empty if no epoch was validated."""
    for record in records:
        for values in record["validation"].values():
            return tuple(values["iou"])
    return ()


def _epochs(path: Path, records: list[dict[str, Any]], classes: tuple[str, ...]) -> tuple[EpochRecord, ...]:
    """The epochs, checked to ascend and to have IoUs of the same classes."""
    last = 0
    for record in records:
        if record["epoch"] <= last:
            raise DataError(
                f"{path}: epoch {record['epoch']:d} follows epoch {last:d}: two runs wrote to this log. Train again, "
                "each run in a separate folder."
            )
        last = record["epoch"]
        for values in record["validation"].values():
            if tuple(values["iou"]) != classes:
                raise DataError(f"{path}: epoch {last:d} has IoUs of other classes than the first one validated.")
    return tuple(map(_epoch, records))


def _epoch(record: dict[str, Any]) -> EpochRecord:
    return EpochRecord(
        epoch=int(record["epoch"]),
        student=_evaluation(record["validation"].get("student")),
        ema=_evaluation(record["validation"].get("ema")),
        retention=_number(record["mask_ratio" if "mask_ratio" in record else "retention"]),  # the key before 0.1.0
        losses={name: _number(value) for name, value in record["losses"].items()},
        threshold=_number(record.get("threshold")),  # from here on not in logs of earlier versions
        contamination=_number(record.get("contamination")),
        replaced=_number(record.get("replaced")),
        bank_contamination=_number((record.get("bank") or {}).get("contamination")),
        thresholds={name: _number(value) for name, value in (record.get("thresholds") or {}).items()},
    )


def _evaluation(values: dict[str, Any] | None) -> Evaluation:
    """One network's validation; undefined if the epoch was not validated."""
    if values is None:
        return Evaluation()
    return Evaluation(_number(values["miou"]), tuple(_number(value) for value in values["iou"].values()))


def _number(value: float | None) -> float:
    """A number of the log; null is an undefined one."""
    return NAN if value is None else float(value)
