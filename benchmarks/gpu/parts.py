"""The list of parts, with module and time limit."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """A module with a generator ``run(options)`` of rows."""

    name: str
    module: str
    seconds: int
    """Guaranteed time, however long the earlier parts took."""
    about: str


@dataclass(frozen=True)
class Options:
    """Options of a part."""

    device: str
    small: bool
    """Small sizes for a CPU: everything runs, but times are meaningless."""
    scratch: Path
    """Folder for files, removed afterwards."""
    deadline: float
    """``time.time()`` by which the part is stopped."""


BUDGET = 480
"""Seconds of all parts together."""

PARTS = (
    Part("environment", "benchmarks.gpu.environment", 40, "versions and the GPU"),
    Part("guard", "benchmarks.gpu.guard", 45, "no operation of a step waits for the GPU"),
    Part("devices", "benchmarks.gpu.devices", 50, "one step on the CPU and on the GPU"),
    Part("inference", "benchmarks.gpu.inference", 30, "predictions on the CPU and on the GPU"),
    Part("processes", "benchmarks.gpu.processes", 55, "two processes against one"),
    Part("precision", "benchmarks.gpu.precision", 45, "20 steps in fp32, bf16, fp16, channels_last"),
    Part("contrastive", "benchmarks.gpu.contrastive", 20, "the contrastive branch against its bare products"),
    Part("memory", "benchmarks.gpu.memory", 70, "time and peak memory of a step by size"),
    Part("pass", "benchmarks.gpu.whole_pass", 30, "a pass with all measurements against inference alone"),
    Part("compile", "benchmarks.gpu.compiling", 90, "torch.compile against the eager step"),
)
"""In order; the limits add up to less than the budget, so that no part uses the time of another."""
