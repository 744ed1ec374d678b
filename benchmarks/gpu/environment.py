"""Versions and device with which the numbers were measured."""

import os
import platform
import subprocess
from collections.abc import Iterator

import torch

from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, failed, measured
from benchmarks.gpu.runner import NO_DEVICE
from benchmarks.machine import version_of

PACKAGES = ("torch", "torchvision", "timm", "accelerate", "torchmetrics", "pydantic", "numpy", "triton")


def run(options: Options) -> Iterator[Row]:
    """Versions and the device."""
    versions = {name: version_of(name) for name in PACKAGES}
    machine = {"python": platform.python_version(), "platform": platform.platform(), "cores": os.cpu_count()}
    yield measured("Python, torch", f"{machine['python']}, {versions['torch']}", **versions, **machine)
    if options.device == "cpu":
        yield measured("CPU", f"{torch.get_num_threads()} threads", threads=torch.get_num_threads())
    elif not torch.cuda.is_available():
        yield failed("CUDA", f"torch {torch.__version__} finds no CUDA device", **{NO_DEVICE: True})
    else:
        yield _gpu()


def _gpu() -> Row:
    properties = torch.cuda.get_device_properties(0)
    return measured(
        "GPU",
        f"{properties.name}, {properties.total_memory / 1e9:.0f} GB",
        name=properties.name,
        memory=properties.total_memory,
        capability=list(torch.cuda.get_device_capability(0)),
        cuda=torch.version.cuda,
        cudnn=torch.backends.cudnn.version(),
        driver=_driver(),
        allow_tf32={"matmul": torch.backends.cuda.matmul.allow_tf32, "cudnn": torch.backends.cudnn.allow_tf32},
    )


def _driver() -> str | None:
    try:
        command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.split("\n")[0]
    except (OSError, subprocess.SubprocessError):
        return None
