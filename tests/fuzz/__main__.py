"""Try hostile inputs of one kind or of all: ``python -m tests.fuzz --kind checkpoints --seed 1 --files 2500``."""

import argparse
import sys
import time
from collections import Counter
from datetime import date
from itertools import islice
from pathlib import Path
from random import Random

from tests.fuzz.kinds import KINDS
from tests.fuzz.page import PAGE, write_row
from tests.fuzz.runner import Outcome, run


def main() -> None:
    """Print each fault and a line per kind; exit with 1 if there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, help="one kind (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=500, help="inputs of each kind")
    parser.add_argument("--only", metavar="N", type=int, help="try the N-th input alone")
    parser.add_argument("--page", metavar="FILE", type=Path, help=f"write a row to this page, such as {PAGE}")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="write inputs with a fault to this folder")
    options = parser.parse_args()
    names = [options.kind] if options.kind else list(KINDS)
    sys.exit(sum(_faults(name, options) for name in names) > 0)


def _faults(name: str, options: argparse.Namespace) -> int:
    """Number of inputs of one kind with a fault; each is printed."""
    kind, start = KINDS[name], time.monotonic()
    first, last = (0, options.files) if options.only is None else (options.only, options.only + 1)
    outcomes: list[Outcome] = []
    for number, outcome in enumerate(run(kind, islice(kind.cases(Random(options.seed)), first, last)), first):
        outcomes.append(outcome)
        if outcome.fault is not None:
            print(
                f"{name} {number} ({outcome.case.rule}): {outcome.fault}\n{outcome.said.strip()[-1500:]}\n", flush=True
            )
            if options.keep is not None:
                (folder := options.keep / f"{name}-{options.seed}-{number}").mkdir(parents=True, exist_ok=True)
                outcome.case.write(folder / outcome.case.name)
        elif options.only is not None:
            print(outcome.said)
    faults = Counter(outcome.fault for outcome in outcomes if outcome.fault is not None)
    refused, longest = sum(outcome.refused for outcome in outcomes), max(outcome.seconds for outcome in outcomes)
    largest = max(outcome.memory for outcome in outcomes) / 2**20
    if options.page is not None:
        counts = (len(outcomes), refused, sum(faults.values()))
        write_row(options.page, name, options.seed, *counts, f"{longest:.1f}", f"{largest:,.0f}", f"{date.today()}")
    print(
        f"{name}, seed {options.seed}: {len(outcomes)} inputs, {refused} refused, {sum(faults.values())} faults "
        f"{dict(faults)}; the longest took {longest:.1f} s of the processor, "
        f"the largest {largest:,.0f} MiB, all {time.monotonic() - start:.0f} s"
    )
    return sum(faults.values())


if __name__ == "__main__":
    main()
