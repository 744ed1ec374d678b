"""The process of one part: writes each row immediately, and converts an error to a row."""

import argparse
import importlib
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from benchmarks.gpu.parts import Options
from benchmarks.gpu.rows import Row, failed, skipped

OWN = {"benchmarks", "pixcon_train", "pixcon_diag"}
"""Packages of this checkout: a missing module of theirs is an error, not a missing dependency."""


def rows_of(module: str, options: Options) -> Iterator[Row]:
    """Rows of the part ``module``, with an additional row if it raises."""
    try:
        yield from importlib.import_module(module).run(options)
    except Exception as error:  # no error of a part may stop the others
        if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] not in OWN:
            yield skipped("the rest", f"{error}: install it to run this part")
            return
        message = (str(error).strip() or type(error).__name__).splitlines()[0]
        yield failed(f"stopped by {type(error).__name__}", message, traceback=traceback.format_exc())


def write_rows(module: str, options: Options, out: TextIO) -> None:
    """One JSON line for each row, flushed at once."""
    for row in rows_of(module, options):
        out.write(json.dumps(asdict(row)) + "\n")
        out.flush()


def main(arguments: list[str]) -> None:
    """Run one part; the options come from :mod:`benchmarks.gpu.runner`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("rows", type=Path)
    parser.add_argument("--device", required=True)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch, given.rows.open("a", encoding="utf-8") as out:
        deadline = time.time() + given.seconds
        write_rows(given.module, Options(given.device, given.small, Path(scratch), deadline), out)


if __name__ == "__main__":
    main(sys.argv[1:])
