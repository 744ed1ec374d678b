"""The runner finds each fault: an inert kind of input whose text says what reading it does."""

import os
import signal
import time
from itertools import islice
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from pixcon_train.core.errors import ConfigError
from tests.fuzz import runner
from tests.fuzz.case import Case, mutated
from tests.fuzz.runner import CANARY, run


def read(path: Path) -> str:
    """Do what the file says."""
    text = path.read_text()
    if text == "code":
        Path(os.environ[CANARY]).touch()
    elif text == "hang":
        time.sleep(600)
    elif text == "work":
        while True:
            pass
    elif text == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif text == "exit":
        os._exit(0)
    elif text == "raise":
        raise KeyError("weight")
    elif text == "allocate":
        bytearray(2**40)
    elif text == "refused for memory":
        try:
            bytearray(2**40)
        except MemoryError as error:
            raise ConfigError("too large") from error
    elif text == "memory":
        bytes(2**29)
    elif text == "refuse":
        raise ConfigError("no")
    return "the result"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("fine", None),
        ("refuse", None),
        ("code", "code from the input ran"),
        ("hang", "took too long"),
        ("work", "took too long"),
        ("signal", "ended by SIGSEGV"),
        ("exit", "ended without a report, status 0"),
        ("raise", "raised KeyError"),
        ("allocate", "raised MemoryError"),
        ("refused for memory", "needed too much memory"),
        ("memory", "raised MemoryError"),
    ],
)
def test_each_fault_is_found(text: str, fault: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("a text", "input.txt", lambda path: path.write_text(text), expected="the result")
    if text == "hang":
        monkeypatch.setattr(runner, "PATIENCE", 1)
    (outcome,) = run(SimpleNamespace(attempt=read), iter([case]), seconds=1, memory=2**28)  # type: ignore[arg-type]
    assert (outcome.fault, outcome.refused) == (fault, text in ("refuse", "refused for memory"))


def test_another_result_is_found() -> None:
    case = Case("a text", "input.txt", lambda path: path.write_text("fine"), expected="other")
    (outcome,) = run(SimpleNamespace(attempt=read), iter([case]))  # type: ignore[arg-type]
    assert outcome.fault == "another result in silence"


def test_mutations_follow_from_the_seed_and_change_something() -> None:
    data = bytes(range(256)) * 8
    first, again = ([mutated(data, Random(seed)) for seed in range(50)] for _ in range(2))
    assert first == again and sum(new != data for new in first) > 45
    assert all(mutated(b"", Random(seed)) is not None for seed in islice(range(20), 20))
