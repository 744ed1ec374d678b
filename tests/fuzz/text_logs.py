"""Hostile text logs of UniMatch's trainers."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from pixcon_diag.study import Study
from pixcon_train.core.files import to_json
from tests.fuzz.case import Case
from tests.fuzz.texts import changed, odd_files, writes
from tests.training_logs import epoch_text, header

NAME = "run.log"


def attempt(path: Path) -> str:
    """The curves with everything that a command writes of them."""
    result = Study(logs=[str(path)]).dynamics()
    return f"{to_json(result.to_dict())}\n{result!r}\n{result.latex()}"


def cases(generator: Random) -> Iterator[Case]:
    """See :class:`tests.fuzz.case.Kind`."""
    epochs = [epoch_text(epoch, [(10, 11), (20, 21 + epoch), (30, 31)]) for epoch in (0, 1)]
    good = (header() + "".join(epochs)).encode()
    yield from odd_files(NAME, good)
    for rule, content in _bombs(good).items():
        yield Case(rule, NAME, writes(content))
    while True:
        yield Case("a changed text", NAME, writes(changed(good, generator)))


def _bombs(good: bytes) -> dict[str, Any]:
    body = good[good.index(b"}") + 1 :]
    entries = {
        **{"a list that never closes": b"[" * 100_000, "a list 150 deep": b"[" * 150 + b"]" * 150},
        **{"signs": b"-" * 100_000 + b"1", "sums": b"1+" * 100_000 + b"1j", "digits": b"9" * 100_000},
        **{"a set": b"{1}", "bytes": b"b'a'", "an infinity": b"1e400", "a complex number": b"1+2j", "dots": b"..."},
        **{"a million lists": b"[" + b"[]," * 1_000_000 + b"]", "NUL": b"'\0'", "a surrogate": b"'\\ud800'"},
        **{
            "an unknown character": b"'\\N{nonsense}'",
            "a wrong escape": b"'\\d'",
            "another count": b"1, 'nclass': 10**9",
        },
        **{"a count of 4,000 digits": b"1, 'nclass': " + b"9" * 4_000, "other keys": b"1, 1: 2, None: 3, (1, 2): 4"},
        **{"a list as data set": b"1, 'dataset': ['\\ud800']", "a dict as data set": b"1, 'dataset': {'a': 1}"},
    }
    lines = {
        **{"evaluations": b"***** Evaluation" * 20_000, "stars": b"*" * 200_000, "equal signs": b"=" * 200_000},
        **{"classes": b">>>> Class [0 " * 20_000, "IoUs": b">>>> Class [0 " + b"a] IoU: " * 30_000},
        **{
            "progress": b"] Iters: " * 40_000,
            "losses": b"] Iters: 1, " + b"a: 1" * 100_000,
            "epochs": b"> Epoch: " * 40_000,
        },
        **{"EMAs": b"***** Evaluation ***** " + b">>>> Class [0 a] IoU: 1.00, EMA" * 20_000},
    }
    return {
        **{
            f"in the configuration: {rule}": b"[t][INFO] {'nclass': 3, 'x': " + entry + b"}" + body
            for rule, entry in entries.items()
        },
        **{f"a line of {rule}": good + line for rule, line in lines.items()},
        **{f"many lines of {rule}": good + (line[:9_990] + b"\n") * 1_000 for rule, line in lines.items()},
        "50,000 configurations that never close": b"[t][INFO] {'a': 1\n" * 50_000,
        "brackets before": b"[]" * 200_000 + good,
        "blanks before": b"[]" + b" " * 200_000 + b"\n" + good,
        "digits of another script": good.replace(b"10.00", "１０.００".encode()),
    }
