"""Two processes compared with one, on one GPU: synchronized batch norm, averaged gradients, a shared bank.

NCCL cannot share a GPU, so the processes communicate with gloo. On CUDA, two processes of one micro-batch each are
compared with one process with both in one forward pass; on a CPU, without synchronized batch norm, with two passes.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, at_most, failed, holds
from benchmarks.machine import ROOT

NEAR = 1e-4
"""Largest relative difference of the first step's losses, and of the running statistics."""

UPDATE_NEAR = 0.2
"""Limit for the weights' update, which is close to the gradient's sign; see :mod:`benchmarks.gpu.devices`."""


def run(options: Options) -> Iterator[Row]:
    """Rows that compare one process with two, and the two with each other."""
    for processes in (1, 2):
        message = _launch(processes, options)
        if message is not None:
            yield failed(f"{processes} process(es)", message.splitlines()[-1][:300], stderr=message)
            return
    alone, first, second = (torch.load(options.scratch / name, weights_only=True) for name in ("1-0", "2-0", "2-1"))
    yield from compare(alone, first, second)


def compare(alone: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> Iterator[Row]:
    """Rows from the files of :mod:`benchmarks.gpu.worker`."""
    pairs = [(a, (b + c) / 2) for a, b, c in zip(alone["losses"], first["losses"], second["losses"], strict=True)]
    off = [abs(found - expected) / abs(expected) for expected, found in pairs]
    yield at_most("first loss: 2 against 1", off[0], NEAR, losses=pairs)
    statistics = _distance(first["buffers"], alone["buffers"])
    yield at_most("batch norm: 2 against 1", statistics, NEAR)
    update = _distance(first["weights"], alone["weights"]) / _distance(alone["before"], alone["weights"])
    yield at_most("update: 2 against 1", update, UPDATE_NEAR)
    entries = [state["bank"]["filled"].tolist() for state in (alone, first)]
    yield holds("bank's entries: 2 against 1", f"{sum(entries[1])}", entries[0] == entries[1], f"{sum(entries[0])}")
    states = [
        (first[group][key], second[group][key]) for group in ("weights", "buffers", "bank") for key in first[group]
    ]
    differ = sum(not torch.equal(*pair) for pair in states)
    yield holds("tensors that drift apart", str(differ), differ == 0, "0")


def _launch(processes: int, options: Options) -> str | None:
    """Start the workers and wait for them; return the error output if one failed."""
    command = [sys.executable, "-m", "benchmarks.gpu.worker", str(processes), options.device, str(options.scratch)]
    team = [
        subprocess.Popen([*command, str(rank)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for rank in range(processes)
    ]
    errors: list[str] = []
    for worker in team:
        try:
            _, text = worker.communicate(timeout=max(options.deadline - time.time() - 2, 1))
        except subprocess.TimeoutExpired:
            text = "a worker did not end in time"
        errors += [text] if worker.returncode != 0 else []
    for worker in team:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
    return "\n".join(errors).strip() or "a worker failed without a message" if errors else None


def _distance(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> float:
    square = sum(float((found[key] - value).double().square().sum()) for key, value in expected.items())
    return (square / sum(float(value.double().square().sum()) for value in expected.values())) ** 0.5
