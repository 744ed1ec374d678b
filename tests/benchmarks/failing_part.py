"""A part that gives a row, then raises, is killed, or lacks a module; chosen by the device's name."""

import os
import signal
import time
from collections.abc import Iterator

from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, measured


def run(options: Options) -> Iterator[Row]:
    yield measured("before", "a row", nothing=float("nan"))
    if options.device == "raise":
        raise ValueError("first line\nsecond line")
    if options.device == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if options.device == "hang":
        time.sleep(600)
    if options.device == "lack":
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
