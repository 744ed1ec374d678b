"""Seconds and memory of commands that answer from kept passes and logs, against starting Python with click.

Run from the root of the checkout after `make demo`: ``python -m benchmarks.commands [--repeats 3] [--check]``

The commands run on the passes kept by the demo, and its logs. With ``--check`` a missed target is an error.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.results import Row, add_options, report
from benchmarks.timing import Command, run_command, spread

RUNS = ("runs/demo-none", "runs/demo-clean")
START = (sys.executable, "-c", "import click")
KEPT = (
    "contamination",
    "boundary",
    "coverage",
    "geometry",
    "per-class",
    "compare",
    "tau",
    "doctor",
    "power",
)
"""Commands on kept passes; each takes both runs."""
ANSWER, LOGS = 1.5, 1.0
"""Targets in seconds by the clock."""
MEMORY = 150.0
"""Target of `dynamics` in MB."""


def cases() -> Iterator[tuple[str, Sequence[str], float]]:
    """Name, command and target in seconds."""
    diag, train = ((sys.executable, "-m", module) for module in ("pixcon_diag", "pixcon_train"))
    for command in KEPT:
        yield command, (*diag, command, *RUNS), ANSWER
    yield "dynamics", (*diag, "dynamics", *(f"{run}/log.jsonl" for run in RUNS)), LOGS
    yield "sweep --dry-run", (*train, "sweep", "digits/table4", "--dry-run"), LOGS


def main() -> int:
    """Measure the commands in rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    add_options(parser, "commands", repeats=3)
    options = parser.parse_args()
    if missing := [run for run in RUNS if not Path(run, "diag").is_dir()]:
        print(f"No kept passes in {', '.join(missing)}: run `make demo` first.")
        return int(options.check)
    listed = list(cases())
    found: dict[str, list[Command]] = {"start": [], **{name: [] for name, _, _ in listed}}
    for turn in range(-1, options.repeats):
        for name, words, _ in [("start", START, 0.0), *listed]:
            taken = run_command(words)
            if turn >= 0:
                found[name].append(taken)
    rows = [Row("python -c 'import click'", spread([taken.clock for taken in found["start"]]), "s")]
    for name, _, target in listed:
        rows += _rows(name, found[name], target)
    missed = report("Commands on kept passes and logs", rows, options.out)
    return missed if options.check else 0


def _rows(name: str, taken: list[Command], target: float) -> Iterator[Row]:
    values = {"processor": [run.processor for run in taken]}
    yield Row(name, spread([run.clock for run in taken]), "s", target, values=values)
    bound = MEMORY if name == "dynamics" else None
    yield Row(f"{name}: memory", spread([run.memory for run in taken]), "MB", bound)


if __name__ == "__main__":
    sys.exit(main())
