"""A sweep of twelve runs in two workers, which and whose queue are killed, beside the same runs one after the other."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from pixcon_train.core.yaml_files import dump_yaml
from pixcon_train.jobs.book import Book
from pixcon_train.runs.checkpoint import load_checkpoint
from pixcon_train.runs.file_names import BEST_EMA, BEST_STUDENT, LATEST
from pixcon_train.runs.log import LOG, read_log
from tests.faults.trial import Tally
from tests.pixcon_train.comparing import assert_same_state, timeless

BASE = {
    "recipe": "small", "dataset": "digits", "data.crop": 28, "data.val_limit": 2, "schedule.epochs": 1,
    "schedule.batch": 64, "schedule.micro_batch": 16, "bank.dim": 8, "bank.size": 16, "runtime.workers": 0,
    "runtime.device": "cpu", "runtime.save_every": 1,
}  # fmt: skip
GRID = {"bank.rule": ["none", "clean", "labeled", "soft"]}
SEEDS = [0, 1, 2]
KILLS = 4
"""Of the queue, and as many of a worker."""


def killed_sweep(root: Path) -> Tally:
    """Kill the queue and its workers in turn; in the end each run is there once, as if nothing had happened."""
    tally = Tally(
        f"a sweep of {len(SEEDS) * len(GRID['bank.rule'])} runs in two workers; SIGKILL to its queue or a worker",
        "started again, every run equals that of an undisturbed sweep in one process bit for bit, and is there once",
    )
    file = root / "twelve.yaml"
    file.write_text(dump_yaml({"base": BASE, "grid": GRID, "seeds": SEEDS}))
    with _sweep(file, root / "alone") as undisturbed:
        undisturbed.wait()
    random = Random(0)
    folder = root / "jobs/twelve"
    process = _in_workers(file, folder)
    for number in range(2 * KILLS):
        time.sleep(random.uniform(5, 15))
        if number % 2:
            disturbed = process.poll() is None
            process.kill()
            process.wait()
            process = _in_workers(file, folder)
        else:
            disturbed = _kill_a_worker(folder, random)
        tally.add([], disturbed=disturbed)
    code = process.wait()
    tally.losses += ([] if code == 0 else [f"exit code {code}"]) + _losses(folder, root / "alone/twelve")
    return tally


def _sweep(file: Path, runs: Path, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "pixcon_train", "sweep", str(file), "--runs", str(runs), *options]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)


def _in_workers(file: Path, folder: Path) -> "subprocess.Popen[bytes]":
    return _sweep(file, folder.parent, "--executor", "local", "--jobs", "2")


def _kill_a_worker(folder: Path, random: Random) -> bool:
    """Kill the process of a job that goes on, or the one that watches it; whether there was one."""
    jobs = [job for job in Book(folder, print).read().values() if _children(int(job.id))]
    if not jobs:
        return False
    pid = int(random.choice(jobs).id)
    with suppress(ProcessLookupError, IndexError):
        os.kill(random.choice([pid, _children(pid)[0]]), signal.SIGKILL)
        return True
    return False


def _children(pid: int) -> list[int]:
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


def _losses(folder: Path, alone: Path) -> list[str]:
    """Where a run is not the undisturbed one, or is not there once."""
    summary = json.loads((folder / "sweep.json").read_text())["runs"]
    names = [run["run"] for run in summary]
    expected = sorted(path.name for path in alone.iterdir() if path.is_dir())
    found = [] if sorted(names) == expected else [f"the summary has {names}"]
    found += [f"{run['run']} is {run['state']}" for run in summary if run["state"] != "finished"]
    for name in expected:
        here, there = folder / name, alone / name
        records = read_log(here / LOG)
        if timeless(here) != timeless(there) or len({(r["event"], r["iteration"]) for r in records}) != len(records):
            found.append(f"the log of {name} is another one")
        for file in (LATEST, BEST_EMA, BEST_STUDENT):
            try:
                assert_same_state(load_checkpoint(here / file), load_checkpoint(there / file))
            except AssertionError as error:
                found.append(f"{file} of {name} is another one: {error!r}")
    return found
