"""Locks between processes."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pixcon_train.core import locks
from pixcon_train.core.errors import PixConError
from pixcon_train.core.locks import exclusive

HOLD = """
import sys
from pathlib import Path
from pixcon_train.core.locks import exclusive
with exclusive(Path(sys.argv[1]), busy=print):
    print("held", flush=True)
    sys.stdin.readline()
"""


class RefusedError(Exception):
    """Raised where the lock is held."""


def refuse(holder: str) -> None:
    raise RefusedError(holder)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "run.lock"


@pytest.fixture
def holder(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the lock until it reads a line."""
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_holder_is_named(lock: Path, holder: "subprocess.Popen[str]") -> None:
    named = rf"process {holder.pid} on {socket.gethostname()} \(since 2"
    with pytest.raises(RefusedError, match=named), exclusive(lock, refuse):
        pass
    holder.communicate("\n", timeout=200)
    with exclusive(lock, refuse):
        pass
    assert [path.name for path in lock.parent.iterdir()] == ["run.lock"]


def test_a_killed_holder_holds_nothing(lock: Path, holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait()
    with exclusive(lock, refuse):
        assert str(os.getpid()) in lock.with_suffix(".holder").read_text()


def _keep_in_children(lock: Path) -> None:
    """Have children inherit the lock, as they do with filelock 3; with filelock 4 they close its file."""
    for number in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), lock.stat()):
                os.dup(number)


def _hold_with_a_child(lock: Path, pipe: "multiprocessing.connection.Connection") -> None:
    with exclusive(lock, refuse):
        _keep_in_children(lock)
        if os.fork() == 0:  # as a loader worker
            pipe.recv()
            os._exit(0)
        pipe.send(True)
        os.kill(os.getpid(), signal.SIGKILL)


def test_the_children_of_a_killed_holder_are_waited_for(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child ends only once it is waited for."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_hold_with_a_child, args=(lock, there))
    process.start()
    assert here.recv()
    process.join()
    acquired, tries = locks._acquired, []

    def letting_go(held: locks.FileLock, seconds: float) -> bool:
        if seconds == locks.ORPHANS:
            here.send(True)
        tries.append(acquired(held, seconds))
        return tries[-1]

    monkeypatch.setattr(locks, "ORPHANS", 200.0)
    monkeypatch.setattr(locks, "_acquired", letting_go)
    with exclusive(lock, refuse):
        assert tries == [False, True]


def test_within_a_process_it_holds_too(lock: Path) -> None:
    with exclusive(lock, refuse), pytest.raises(RefusedError, match=f"process {os.getpid()} "), exclusive(lock, refuse):
        pass
    with exclusive(lock, refuse):
        pass


@pytest.mark.parametrize("text", ["", "1", "12 a b", "x" * 10**6, "1 \x1b]0;title 2026-11-27T08:00\n"])
def test_a_damaged_name_of_the_holder_is_no_name(lock: Path, holder: "subprocess.Popen[str]", text: str) -> None:
    lock.with_suffix(".holder").write_text(text)
    with pytest.raises(RefusedError, match=r"^another process$"), exclusive(lock, refuse):
        pass


def test_without_locks_a_note_says_so(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(locks.FileLock, "acquire", none)
    told: list[str] = []
    with exclusive(lock, refuse, told.append):
        pass
    assert len(told) == 1 and "has no file locks" in told[0]


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(PixConError, match=r"Could not write .*run\.lock"),
        exclusive(tmp_path / "file/run.lock", refuse),
    ):
        pass
