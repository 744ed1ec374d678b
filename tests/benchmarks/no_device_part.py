"""The environment of a machine without the device."""

from collections.abc import Iterator

from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, failed
from benchmarks.gpu.runner import NO_DEVICE


def run(options: Options) -> Iterator[Row]:
    yield failed("CUDA", "none", **{NO_DEVICE: True})
