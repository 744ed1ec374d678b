"""A run stopped by a signal at a random moment, in its own process: `latest` loads, and nothing is half written."""

import multiprocessing
import multiprocessing.context
import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch

from pixcon_cli.train import main
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import LATEST
from tests.pixcon_train.tiny import tiny_values, write_tiny

pytestmark = pytest.mark.slow

EPOCHS = 100_000
"""So many that the run does not end on its own."""
PATIENCE = 200
"""Seconds until the run counts as stuck; a busy machine is slow, and nothing here measures time."""


Run = multiprocessing.context.ForkServerProcess


def command(folder: Path, arguments: list[str]) -> None:
    """What the process does: the command line, whose output goes to files, in a session of its own."""
    os.setsid()  # a signal to the group must not reach the tests
    multiprocessing.set_start_method("fork", force=True)  # else loader workers are children of a server, not of this
    torch.set_num_threads(1)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), number)
    main(arguments)


def start(spec: Path, folder: Path, *, workers: int = 0) -> Run:
    """A long run through the command line, quickly: its process is forked from one that has imported everything."""
    values = tiny_values(spec, schedule__epochs=EPOCHS, runtime__workers=workers)
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    arguments = ["run", "--recipe", "small", *sets, "--runs", str(folder.parent), "--name", folder.name]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=command, args=(folder.parent, arguments))
    process.start()
    return process


def wait_for(path: Path, process: Run) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.is_alive() and time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "group", "workers", "seed"),
    [(signal.SIGTERM, False, 0, 0), (signal.SIGINT, True, 1, 1), (signal.SIGHUP, True, 1, 2)],
)
def test_a_signal_finishes_the_step_and_saves(
    tmp_path: Path, number: signal.Signals, group: bool, workers: int, seed: int
) -> None:
    spec, folder = write_tiny(tmp_path), tmp_path / "run"
    process = start(spec, folder, workers=workers)
    assert process.pid is not None
    try:
        wait_for(folder / LATEST, process)
        time.sleep(random.Random(seed).uniform(0, 1.5))
        (os.killpg if group else os.kill)(process.pid, number)
        process.join(PATIENCE)
    finally:
        process.kill()  # it would go on for days
    out, err = (" ".join((tmp_path / name).read_text().split()) for name in ("out", "err"))  # lines are wrapped
    out = out.replace(" \\ ", " ")  # and those of a command end in a backslash
    assert process.exitcode == 128 + number, err
    assert "Traceback" not in err
    assert f"Stopped by {number.name}" in out
    assert f"--resume {folder}" in out
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    checkpoint = load_checkpoint(folder / LATEST)
    assert f"after {checkpoint.iteration} iterations" in out
