"""A run stopped by a signal at a random moment, in its own process: `latest` loads, and nothing is half written."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import LATEST
from tests.pixcon_train.tiny import tiny_values, write_tiny

pytestmark = pytest.mark.slow

EPOCHS = 100_000
"""So many that the run does not end on its own."""
PATIENCE = 200
"""Seconds until the run counts as stuck; a busy machine is slow, and nothing here measures time."""


def start(spec: Path, folder: Path, *, workers: int = 0) -> subprocess.Popen[str]:
    """A long run through the command line."""
    values = tiny_values(spec, schedule__epochs=EPOCHS, runtime__workers=workers)
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-c", "from pixcon_cli.train import main; main()", "run", "--recipe", "small", *sets]
    return subprocess.Popen(
        [*command, "--runs", str(folder.parent), "--name", folder.name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # a signal to the group must not reach the tests
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
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
    wait_for(folder / LATEST, process)
    time.sleep(random.Random(seed).uniform(0, 1.5))
    if group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number, err
    assert "Traceback" not in err
    assert f"Stopped by {number.name}" in out
    assert f"--resume {folder}" in out
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    checkpoint = load_checkpoint(folder / LATEST)
    assert f"after {checkpoint.iteration} iterations" in out
