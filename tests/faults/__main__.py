"""Disturb training, passes and commands: ``python -m tests.faults``; each fault prints its tries and losses."""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.machine import machine
from tests.faults.faults import FAULTS, Bench
from tests.faults.load import LOADS
from tests.faults.page import PAGE, write_table
from tests.faults.trial import Tally
from tests.faults.work import Work

RESULTS = Path("benchmarks/results/faults.json")


def main() -> None:
    """Try every fault, save the counts, and write the page's table from them; exit with 1 after a loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[*FAULTS, *LOADS], help="one fault; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="the JSON's path (%(default)s)")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page with the table (%(default)s)")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        lost = _try_all(options, Path(folder))
    write_table(options.page, json.loads(options.out.read_text()))
    sys.exit(lost)


def _try_all(options: argparse.Namespace, root: Path) -> bool:
    """Try the faults and save the counts after each; whether anything was lost."""
    rows = json.loads(options.out.read_text())["faults"] if options.out.exists() and options.only else {}
    benches: dict[type[Work], Bench] = {}
    for name in options.only or [*FAULTS, *LOADS]:
        tally = tried(name, options.seed, benches, root)
        rows[name] = {**tally.to_dict(), "date": machine()["date"], "commit": machine()["commit"]}
        print(f"{name}: {tally.tries} tries, {len(tally.losses)} losses, {tally.seconds:.0f} s", flush=True)
        for loss in tally.losses:
            print(f"  {loss}", flush=True)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(
            json.dumps({"machine": machine(), "seed": options.seed, "faults": rows}, indent=1) + "\n"
        )
    return any(row["losses"] for row in rows.values())


def tried(name: str, seed: int, benches: dict[type[Work], Bench], root: Path, *, short: bool = False) -> Tally:
    """All tries of one fault; ``benches`` are those made before, one for each kind of work, in ``root``."""
    start = time.monotonic()
    if name in LOADS:
        (root / name).mkdir()
        tally = LOADS[name](root / name)
    else:
        kind, fault, tries, few = FAULTS[name]
        random = Random(f"{name} {seed}")
        if kind not in benches:
            benches[kind] = Bench.of(root / kind.__name__, kind, random)
        tally = fault(replace(benches[kind], random=random), few if short else tries)
    tally.seconds = time.monotonic() - start
    return tally


if __name__ == "__main__":
    main()
