"""Hostile text logs of other trainers."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from pixcon_diag.study import Study
from pixcon_train.core.files import to_json
from tests.fuzz.case import Case
from tests.fuzz.texts import changed, odd_files, writes
from tests.training_logs import augseg_text, cwbass_text, epoch_text, header

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
    for rule, content in _bombs_of_others().items():
        yield Case(rule, NAME, writes(content))
    while True:
        text = generator.choice((good, good, AUGSEG, CWBASS))
        yield Case("a changed text", NAME, writes(changed(text, generator)))


IOUS = ((10.0, 20.0, 30.0), (11.0, 21.0, 31.0))
AUGSEG = augseg_text([IOUS, (None, IOUS[1]), IOUS]).encode()
CWBASS = cwbass_text([(20.0, 21.0), (22.0, 22.5)], epochs=80).encode()


def _bombs_of_others() -> dict[str, Any]:
    """AugSeg and CW-BASS v2: configurations and lines on which a pattern could begin at many places."""
    lines = {
        **{"progress": b"- Epoch/Iter [" * 20_000, "means": b"- Epoch/Iter [ " + b"Sup:0.1(0.1" * 20_000},
        **{"classes": b"[Test] -  class [0] IoU " * 20_000, "tests": b"<<Test>> - Epoch: 1.  MIoU: " * 20_000},
        **{"bests": b"<<Test>> - Epoch: 3.  MIoU: 1.00/1.00.  " + b"Best-STU:" * 20_000, "codes": b"\x1b[1" * 40_000},
        **{"results": b"Student mIoU: 1.00% | EMA mIoU: 1.00% | " * 20_000, "epochs": b"Epoch 1/" * 40_000},
        **{"blanks": b"Student mIoU: 1.00%" + b" " * 200_000, "new bests": b">>> New best EMA: 1.00% (epoch " * 9_000},
    }
    count = b"num_classes=21"
    arguments = {
        **{"a list that never closes": b"[" * 100_000, "signs": b"-" * 100_000 + b"1", "digits": b"9" * 100_000},
        **{"keywords": b"".join(b"a%d=1, " % k for k in range(9_000)), "a call": b"open('/etc/passwd')"},
        **{"stars": b"1, **{}", "a lambda": b"lambda: 0", "another bracket": b"1) + Namespace("},
    }
    return {
        **{f"AugSeg: a line of {rule}": AUGSEG + line for rule, line in lines.items()},
        **{f"AugSeg: many lines of {rule}": AUGSEG + (line[:9_990] + b"\n") * 1_000 for rule, line in lines.items()},
        **{f"CW-BASS: many lines of {rule}": CWBASS + (line[:9_990] + b"\n") * 1_000 for rule, line in lines.items()},
        **{
            f"CW-BASS, in the arguments: {rule}": CWBASS.replace(count, count + b", x=" + value)
            for rule, value in arguments.items()
        },
        "AugSeg: a million classes": AUGSEG.replace(b"'num_classes': 3", b"'num_classes': 999999"),
        "AugSeg: networks that are lists": AUGSEG.replace(b"{'num_classes': 3}", b"[3]"),
        "AugSeg: a data set that is a list": AUGSEG.replace(b"'own_semi'", b"[]"),
        "CW-BASS: 30,000 epochs": cwbass_text([(20.0, 21.0)] * 30_000).encode(),
        "CW-BASS: Namespaces that never close": b"Arguments: Namespace(a=1\n" * 50_000,
    }


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
