"""Times `pixcon-diag report` of kept passes: the whole command, and its figures and page.

Run from the root of the checkout after `make demo`: ``python -m benchmarks.report [RUN ...]``.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.results import Row, add_options, report
from benchmarks.timing import Command, run_command, spread

RUNS = ("runs/demo-none", "runs/demo-clean")
BOUND = 12.0
"""Seconds by the clock, on two cores."""


def main() -> int:
    """Time reports of the same kept passes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path, default=[Path(run) for run in RUNS])
    add_options(parser, "report", repeats=3)
    arguments = parser.parse_args()
    if missing := [str(run) for run in arguments.runs if not (run / "diag").is_dir()]:
        print(f"No kept passes in {', '.join(missing)}: run `make demo` first.")
        return 0
    with tempfile.TemporaryDirectory() as name:
        copies = [Path(shutil.copytree(run, Path(name) / run.name)) for run in arguments.runs]
        out = Path(name) / "report"
        first, again = zip(*(_commands(copies, out) for _ in range(arguments.repeats)), strict=True)
        rows = [*_rows("report", first, BOUND), *_rows("again, with the maps of t-SNE kept", again)]
        rows += [
            Row(f"{stage} alone, processor", spread([seconds]), "s") for stage, seconds in _stages(copies, out).items()
        ]
    return report("Report of kept passes", rows, arguments.out, runs=[run.name for run in arguments.runs])


def _commands(runs: list[Path], out: Path) -> tuple[Command, Command]:
    """A report without kept maps of t-SNE, and the same again."""
    _forget_maps(runs)
    words = [sys.executable, "-m", "pixcon_diag", "report", *map(str, runs), "--out", str(out)]
    return run_command(words), run_command(words)


def _forget_maps(runs: list[Path]) -> None:
    for run in runs:
        for file in run.glob("diag/*/tsne-*.npz"):
            file.unlink()


def _rows(what: str, commands: tuple[Command, ...], bound: float | None = None) -> list[Row]:
    return [
        Row(f"{what}, clock", spread([command.clock for command in commands]), "s", bound),
        Row(f"{what}, processor", spread([command.processor for command in commands]), "s"),
        Row(f"{what}, peak memory", spread([command.memory for command in commands]), "MB"),
    ]


def _stages(runs: list[Path], out: Path) -> dict[str, float]:
    """Processor seconds of the stages of one report without kept maps; its figures are drawn again in this process."""
    from pixcon_diag.reporting.page import page
    from pixcon_diag.study import Study
    from pixcon_figures.drawing import draw_saved

    _forget_maps(runs)
    seconds = {"page": 0.0, "figures": 0.0}
    begin = time.process_time()
    with patch("pixcon_diag.reporting.page.page.write_page", _timed(page.write_page, "page", seconds)):
        built = Study([str(run) for run in runs]).report(out)
    analyses = time.process_time() - begin - seconds["page"]
    for result in built.results:
        _timed(draw_saved, "figures", seconds)(out, result.command)
    return {"analyses": analyses, **seconds}


def _timed(work: Callable[..., Any], stage: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        begin = time.process_time()
        try:
            return work(*arguments, **named)
        finally:
            seconds[stage] += time.process_time() - begin

    return timed


if __name__ == "__main__":
    sys.exit(main())
