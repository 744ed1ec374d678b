"""A part of one row."""

from collections.abc import Iterator

from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, at_most


def run(options: Options) -> Iterator[Row]:
    yield at_most("after", 0.5, 1.0)
