"""Ctrl-C, at any moment of a command."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HOOK = """
import os, signal, sys
sys.path[:0] = {paths!r}
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
sys.argv = ["pixcon-diag", *{arguments!r}]
from pixcon_cli.entry import {program}
{program}()
"""
"""Interrupts the program at the import of a module."""

INSIDE = """
import os, signal, sys, time
sys.path[:0] = {paths!r}
from pixcon_cli import entry
import pixcon_diag.data.list_checks as checks
def work(*_, **__):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    finally:
        {cleanup}
checks.check_lists = work
sys.argv = ["pixcon-diag", "check-data", "--dataset", "digits"]
entry.diag()
"""


def ran(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280, cwd=ROOT)


@pytest.mark.parametrize(
    ("program", "module"),
    [
        ("diag", "click"),
        ("diag", "pixcon_diag.analyses.registry"),
        ("train", "rich.console"),
        ("train", "pixcon_cli.sweep"),
    ],
)
def test_during_imports_it_leaves_quietly(program: str, module: str) -> None:
    done = ran(HOOK.format(paths=sys.path, module=module, arguments=["--help"], program=program))
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGINT, "", "")


def test_in_a_command_it_says_so_in_one_line() -> None:
    done = ran(INSIDE.format(paths=sys.path, cleanup="pass"))
    assert (done.returncode, done.stdout) == (128 + signal.SIGINT, "")
    assert done.stderr == "Stopped; no file is incomplete.\n"


def test_a_second_one_leaves_at_once_and_quietly() -> None:
    done = ran(INSIDE.format(paths=sys.path, cleanup="os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"))
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGINT, "", "")


def test_a_shell_that_switched_it_off_is_obeyed() -> None:
    code = HOOK.format(paths=sys.path, module="click", arguments=["--version"], program="diag")
    done = ran("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + code)
    assert done.returncode == 0 and done.stdout.startswith("pixcon-diag, version")
