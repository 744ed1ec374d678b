"""Reading the log of this project's own runs: ``log.jsonl``, as ``pixcon_train/runlog.py`` writes it."""

import json
from pathlib import Path
from typing import Any

from pixcon_diag.logs.history import NAN, EpochRecord, Evaluation, RunHistory, folder_name
from pixcon_train.errors import DataError
from pixcon_train.resolve import flatten


def read_run_log(path: Path) -> RunHistory:
    """The run whose log is ``path``; its name is its folder's. Epochs count from 1.

    A last line without its end is what a crash leaves (resuming repairs it); it is left out, and noted.

    Raises:
        DataError: no such file, a line that is no record, or no finished epoch.
    """
    records, note = _records(path)
    starts = [record for record in records if record["event"] == "start"]
    finished = [record for record in records if record["event"] == "epoch"]
    if not finished:
        raise DataError(f"{path} has no finished epoch. Wait until the run has validated once, or give another run.")
    try:
        return RunHistory(
            name=folder_name(path.parent),
            source=str(path),
            format="pixcon",
            classes=_classes(finished),
            first_epoch=1,
            epochs=tuple(_epoch(record) for record in finished),
            config=flatten(starts[0]["config"]) if starts else {},
            absent="skip",
            note=note,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} lacks {error} in a record. Expected a log of pixcon-train; was it edited?") from error


def _records(path: Path) -> tuple[list[dict[str, Any]], str | None]:
    """The log's records, and a word on a last one that was cut off."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        raise DataError(f"No log at {path}. Expected the run folder of pixcon-train, with a log.jsonl.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a log: {error}.") from error
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(_record(line))
        except ValueError as error:
            if number == len(lines) and not line.endswith("\n"):
                return records, "the last line was cut off by a crash and is left out."
            raise DataError(
                f"{path}, line {number} is no record of a run: {error}. Expected a JSON object with `event`; the file "
                "is damaged, or not a log of pixcon-train."
            ) from error
    return records, None


def _record(line: str) -> dict[str, Any]:
    """One line's record; ValueError (JSONDecodeError is one) where it is none."""
    record = json.loads(line)
    if not isinstance(record, dict) or "event" not in record:
        raise ValueError("it has no `event`")
    return record


def _classes(records: list[dict[str, Any]]) -> tuple[str, ...]:
    """Class names of the first validation; empty where no epoch was validated."""
    for record in records:
        for values in record["validation"].values():
            return tuple(values["iou"])
    return ()


def _epoch(record: dict[str, Any]) -> EpochRecord:
    return EpochRecord(
        epoch=int(record["epoch"]),
        student=_evaluation(record["validation"].get("student")),
        ema=_evaluation(record["validation"].get("ema")),
        mask_ratio=_number(record["mask_ratio"]),
        losses={name: _number(value) for name, value in record["losses"].items()},
        threshold=_number(record.get("threshold")),  # this and what follows are not in logs of earlier versions
        contamination=_number(record.get("contamination")),
        replaced=_number(record.get("replaced")),
        bank_contamination=_number((record.get("bank") or {}).get("contamination")),
        thresholds={name: _number(value) for name, value in (record.get("thresholds") or {}).items()},
    )


def _evaluation(values: dict[str, Any] | None) -> Evaluation:
    """One network's validation; undefined where the epoch was not validated."""
    if values is None:
        return Evaluation()
    return Evaluation(_number(values["miou"]), tuple(_number(value) for value in values["iou"].values()))


def _number(value: float | None) -> float:
    """A number of the log, where null stands for an undefined one."""
    return NAN if value is None else float(value)
