"""Alternating measurements of two or more ways to do the same work, and their ratios.

Work in this process is timed by processor time, or by CUDA events on a GPU; whole commands by the processor time, the
clock and the peak memory of their process. Every round runs each way once, so that other load affects all of them.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

Work = Callable[[], object]


@dataclass(frozen=True)
class Spread:
    """Median and extremes over rounds."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.least:.3g} to {self.most:.3g})"


def spread(values: Sequence[float]) -> Spread:
    """Median and extremes of ``values``."""
    return Spread(statistics.median(values), min(values), max(values))


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> Spread:
    """Spread of the ratios of each round."""
    return spread([above / below for above, below in zip(numerator, denominator, strict=True)])


def alternate(
    ways: Mapping[str, Work], repeats: int, *, device: torch.device | None = None, warm: int = 1
) -> dict[str, list[float]]:
    """Seconds of each way in each of ``repeats`` rounds, after ``warm`` rounds that do not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-warm, repeats):
        for name, work in ways.items():
            taken = seconds_of(work, device)
            if turn >= 0:
                seconds[name].append(taken)
    return seconds


def seconds_of(work: Work, device: torch.device | None = None) -> float:
    """Seconds of one call: between two CUDA events on a GPU, else of all threads of this process."""
    if device is not None and device.type == "cuda":
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize(device)
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize(device)
        return float(begin.elapsed_time(end)) / 1000
    used = time.process_time()
    work()
    return time.process_time() - used


@dataclass(frozen=True)
class Command:
    """One run of a command."""

    clock: float
    """Seconds by the clock."""
    processor: float
    """Processor seconds of the command and its children."""
    memory: float
    """Largest memory of one of its processes in MB."""


_MEASURED = """
import json, os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
clock = time.perf_counter() - begin
with open(sys.argv[1], "w") as file:
    json.dump([clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000], file)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs in a small process: the peak memory of a process begins with that of the process that started it."""


def run_command(words: Sequence[str], *, threads: int = 1) -> Command:
    """Run a command that must succeed; its output is shown only if it fails."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    with tempfile.NamedTemporaryFile("r", suffix=".json") as found:
        shim = [sys.executable, "-S", "-c", _MEASURED, found.name, *words]
        done = subprocess.run(shim, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout.decode(errors='replace')}")
        return Command(*json.load(found))
