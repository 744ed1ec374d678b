"""Time and memory on the device."""

import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import torch


def seconds_of(work: Callable[[], object], device: torch.device, repeats: int) -> list[float]:
    """Seconds of ``repeats`` calls after one warm-up call, by CUDA events or, on a CPU, by the clock."""
    work()
    if device.type != "cuda":
        return [_clocked(work) for _ in range(repeats)]
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(repeats + 1)]
    torch.cuda.synchronize(device)
    marks[0].record()
    for mark in marks[1:]:
        work()
        mark.record()
    torch.cuda.synchronize(device)
    return [first.elapsed_time(second) / 1000 for first, second in pairwise(marks)]


def clock_of(work: Callable[[], object], device: torch.device) -> float:
    """Wall-clock seconds of one call, including its pending work on the device."""
    _wait(device)
    begin = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - begin


def median(seconds: list[float]) -> float:
    """Median."""
    return statistics.median(seconds)


def peak_of(work: Callable[[], object], device: torch.device) -> int | None:
    """Peak tensor memory in bytes on a CUDA device during ``work``; None for other devices, which do not report it."""
    if device.type != "cuda":
        work()
        return None
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    work()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device)


def _clocked(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
