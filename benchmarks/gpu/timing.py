"""Time and memory on the device."""

import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import torch


def seconds_of(work: Callable[[], object], device: torch.device, repeats: int) -> list[float]:
    """Seconds of each of ``repeats`` calls, after one that warms up: by CUDA events, or by the clock on a CPU."""
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
    """Seconds by the clock of one call and of what it left to do on the device."""
    _wait(device)
    begin = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - begin


def median(seconds: list[float]) -> float:
    """The middle one."""
    return statistics.median(seconds)


def peak_of(work: Callable[[], object], device: torch.device) -> int | None:
    """Most bytes of tensors on a CUDA device during ``work``; None for another device, which does not count them."""
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
