"""Check what only a GPU can show, in one table and a JSON; docs/gpu.md explains each part.

Run: python benchmarks/gpu_check.py [--out gpu_check.json] [--only PART ...]
     python benchmarks/gpu_check.py --device cpu --small    (small versions, on any machine)

The check takes at most 8 minutes. The package need not be installed, but its
dependencies must be.
"""

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.gpu.parts import BUDGET, PARTS
from benchmarks.gpu.runner import Plan, run_all


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.name for part in PARTS]
    parser.add_argument("--out", type=Path, default=Path("gpu_check.json"), help="the JSON's path")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--small", action="store_true", help="small networks and few steps")
    parser.add_argument("--only", nargs="+", choices=names, metavar="PART", help=f"some parts: {', '.join(names)}")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds of all parts together (%(default)s)")
    return parser.parse_args()


def main() -> None:
    """Exit code 1 if a row failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the running part is stopped too
    given = parse()
    parts = [part for part in PARTS if not given.only or part.name in {*given.only, "environment"}]
    report = run_all(Plan(parts, given.device, given.small, given.budget), given.out)
    sys.exit(int(any(row["verdict"] == "FAIL" for row in report.rows())))


if __name__ == "__main__":
    main()
