"""Hostile logs of this project's runs: ``log.jsonl``."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from pixcon_diag.study import Study
from pixcon_train.core.files import to_json
from pixcon_train.runs.log_file import read_log
from tests.fuzz.case import Case
from tests.fuzz.texts import changed, mangled, odd_files, writes
from tests.training_logs import run_record, start_record

NAME = "log.jsonl"


def attempt(path: Path) -> str:
    """The records, as resuming a run reads them, and the curves with everything that a command writes of them."""
    records = read_log(path)
    result = Study(logs=[str(path)]).dynamics()
    return f"{len(records)} records\n{to_json(result.to_dict())}\n{result!r}\n{result.latex()}"


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    records = _records()
    good = _lines(records)
    yield from odd_files(NAME, good)
    for rule, content in _bombs(good).items():
        yield Case(rule, NAME, writes(content))
    while True:
        if generator.random() < 0.5:
            value = mangled(records, generator)
            yield Case("a value of another kind", NAME, writes(_lines(value if isinstance(value, list) else [value])))
        else:
            yield Case("a changed text", NAME, writes(changed(good, generator)))


def _records() -> list[dict[str, Any]]:
    thresholds = {"background": 0.9}
    return [
        {"event": "start", **start_record()},
        {"event": "step", "iteration": 5, "losses": {"loss": 0.5}, "learning_rate": {"encoder": 5e-6}},
        {"event": "epoch", **run_record(1, [0.5, 0.6, None], thresholds=thresholds, warnings=["slow"])},
        {"event": "epoch", **run_record(2, [0.6, 0.7, None], bank={"contamination": 0.1, "fill": [1, 2]})},
    ]


def _lines(records: list[Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _bombs(good: bytes) -> dict[str, Any]:
    def nested(depth: int) -> bytes:
        return b'{"event": "start", "config": ' + b'{"a": ' * depth + b"1" + b"}" * depth + b"}\n" + good

    return {
        "a list that never closes": b'{"event": ' + b"[" * 100_000 + b"\n" + good,
        "a cut list": good + b'{"event": ' + b"[" * 100_000,
        **{f"a configuration {depth} deep": nested(depth) for depth in (40, 100, 400, 900, 2_000)},
        "millions of lists": lambda: b'{"event": [' + b"[]," * 15_000_000 + b"[]]}\n",
        "400,000 records": lambda: b'{"event":""}\n' * 400_000,
        "a key given twice": good.replace(b'"event": "epoch"', b'"event": "epoch", "event": "epoch"'),
        "a number of 5,000 digits": good.replace(b"0.5", b"9" * 5_000),
    }
