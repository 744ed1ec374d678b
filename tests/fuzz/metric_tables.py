"""Hostile tables of metrics: CSV files and rows of JSON."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from pixcon_diag.study import Study
from pixcon_train.core.files import to_json
from tests.fuzz.case import Case
from tests.fuzz.texts import changed, mangled, odd_files, writes
from tests.training_logs import chart_text, lightning_text

CSV, JSON = "run.csv", "run.jsonl"
GOOD = (
    b"epoch,student_miou,ema_miou,iou/road,loss_x,mask_ratio,note\n1,41.2,40,51.5,0.9,0.5,a\n2,61.2,,71.5,0.8,0.7,b\n",
    lightning_text([(0.4, 0.9), (0.5, 0.8)]).encode(),
    chart_text({"s0": [51.5, 61.5], "s1": [50.0, 62.0]}).encode(),
)
ROWS: list[dict[str, Any]] = [
    {"_step": 0, "train/loss": 1.0, "_runtime": 3.5, "image": {"path": "a.png"}},
    {"_step": 1, "epoch": 0, "eval/mIoU": 50.0, "eval/mIoU_ema": 52.5, "eval/road_IoU": 10},
    {"_step": 2, "epoch": 1, "eval/mIoU": 60.0, "eval/mIoU_ema": "NaN", "eval/road_IoU": 20},
]


def attempt(path: Path) -> str:
    """The curves with everything that a command writes of them."""
    result = Study(logs=[str(path)]).dynamics()
    return f"{to_json(result.to_dict())}\n{result!r}\n{result.latex()}"


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    yield from odd_files(CSV, GOOD[0])
    yield from odd_files(JSON, _lines(ROWS))
    for rule, content in _csv_bombs().items():
        yield Case(rule, CSV, writes(content))
    for rule, content in _json_bombs().items():
        yield Case(rule, JSON, writes(content))
    while True:
        if generator.random() < 0.6:
            yield Case("a changed table", CSV, writes(changed(generator.choice(GOOD), generator)))
        elif generator.random() < 0.5:
            value = mangled(ROWS, generator)
            yield Case("a row of another kind", JSON, writes(_lines(value if isinstance(value, list) else [value])))
        else:
            yield Case("changed rows", JSON, writes(changed(_lines(ROWS), generator)))


def _lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _csv_bombs() -> dict[str, bytes | Callable[[], bytes]]:
    head = b"epoch,miou\n1,0.5\n"
    names = b"".join(b",iou/c%d" % k for k in range(4_000))
    return {
        **{"40 million columns": lambda: b"," * 40_000_000, "a wide header": lambda: b"miou," * 5_000 + b"\n"},
        "4,000 classes": b"epoch,miou" + names + b"\n" + b"1,0.5" + b",0.5" * 4_000 + b"\n",
        "a wide row": lambda: head + b"1," * 20_000_000 + b"\n",
        "too many values": lambda: b"epoch,miou" + names + b"\n" + (b"1,0.5" + b",1" * 4_000 + b"\n") * 2_000,
        "200,000 epochs": lambda: b"epoch,miou\n" + b"".join(b"%d,0.5\n" % k for k in range(200_000)),
        "20,000 epochs": lambda: b"epoch,miou\n" + b"".join(b"%d,0.5\n" % k for k in range(20_000)),
        "900,000 rows of an epoch": lambda: b"epoch,miou\n" + b"1,0.5\n" * 900_000,
        "a quote that never closes": head + b'"' + b"1,1\n" * 100_000,
        "quotes": head + b'""' * 1_000_000 + b",1\n",
        "a long cell": head + b"9" * 1_000_000 + b",1\n",
        "digits": head + b"9" * 5_000 + b",1\n",
        "a long name": b"epoch,miou," + b"iou_" * 30_000 + b"\n1,0.5,1\n",
        "a name of words": b"epoch,miou," + b"val " * 30_000 + b"iou\n1,0.5,1\n",
        "runs": b"Step" + b"".join(b",r%d - miou" % k for k in range(1_000)) + b"\n1" + b",0.5" * 1_000 + b"\n",
        "a run without a name": b"Step, - miou\n1,0.5\n",
        "blanks": head + b" " * 1_000_000 + b",1\n",
        "infinities": b"epoch,miou\ninf,0.5\n-inf,0.5\n",
        "a late epoch": b"epoch,miou\n1e8,0.5\n",
    }


def _json_bombs() -> dict[str, bytes | Callable[[], bytes]]:
    good = _lines(ROWS)
    return {
        "a list that never closes": b"[" * 1_000_000,
        "a row that never closes": good + b'{"a":' * 1_000_000,
        "a million rows": lambda: b"{}\n" * 900_000 + good,
        "a list of a million rows": lambda: b"[" + b"{}," * 900_000 + b'{"miou": 1}]',
        "a wide row": lambda: b"{" + b",".join(b'"c%d":1' % k for k in range(500_000)) + b"}\n",
        "names that differ": lambda: b"".join(b'{"c%d":1}\n' % k for k in range(200_000)),
        "a key given twice": b'{"epoch": 1, "epoch": 2, "miou": 0.5}\n',
        "a number of 5,000 digits": b'{"epoch": 1, "miou": ' + b"9" * 5_000 + b"}\n",
        "an event": b'{"event": "miou"}\n',
    }
