"""Error of every estimate of ρ_F without labels against the hidden truth, on finished runs.

Run: python benchmarks/estimate_errors.py RUN... [--tau 0.5 0.7 0.8 0.9 0.95 0.99] [--json FILE]

Each run needs masks of its unlabeled list, which only give the truth. The estimates are calibrated on the held-out
validation list, and once more on the labeled training list, to show what that does. Runs that differ only in their
seed are averaged: the mean of |estimate − truth| in percentage points, by data set, calibration and threshold.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pixcon_diag.cache.count_cells import count_cells
from pixcon_diag.cache.measure import measure
from pixcon_diag.checkpoints.loading import load
from pixcon_diag.data.evaluation_data import DataChoice, Split, choose_data, choose_unlabeled
from pixcon_diag.measures.error_estimate import ESTIMATORS, ThresholdEstimate, estimate_error
from pixcon_train.core.files import write_json

TAUS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
CALIBRATIONS: dict[str, Split] = {"held-out": "val", "training-labeled": "labeled"}


@dataclass(frozen=True)
class Outcome:
    """One run's estimates at one threshold."""

    dataset: str
    run: str
    calibration: str
    at: ThresholdEstimate

    @property
    def covered(self) -> bool:
        """Whether the interval contains the truth."""
        return self.at.overall.low <= self.at.overall.truth <= self.at.overall.high


def outcomes(run: str, taus: Iterable[float]) -> Iterator[Outcome]:
    """The estimates of a run, calibrated on each list."""
    taus, checkpoint = tuple(taus), load(run)
    target = count_cells(checkpoint, choose_unlabeled(DataChoice(), checkpoint), taus, notify=print)
    for name, split in CALIBRATIONS.items():
        calibration = measure(checkpoint, choose_data(DataChoice(), checkpoint, split), notify=print)
        outcomes_of = calibration.counts.histogram
        edges = calibration.options.edges
        rng = np.random.default_rng(0)
        found = estimate_error(
            calibration.cells, outcomes_of, target.cells, edges, taus, masks=target.has_masks, rng=rng
        )
        print(f"{checkpoint.name}, {name}: p = {found.shift_p:.4f} that both lists are of the same images")
        for at in found.thresholds:
            yield Outcome(target.data.spec.name, checkpoint.name, name, at)


def table(found: list[Outcome]) -> list[str]:
    """Markdown rows: mean |error| in points over runs, and how many of the intervals contain the truth."""
    head = "| data set | calibration | τ | true ρ_F % | strata | held-out | AC | DoC | ATC | CBPE | covered |"
    rows = [head, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for key in dict.fromkeys((o.dataset, o.calibration, o.at.tau) for o in found):
        same = [o for o in found if (o.dataset, o.calibration, o.at.tau) == key]
        truth = 100 * np.mean([o.at.overall.truth for o in same])
        errors = 100 * np.mean([[abs(o.at.errors()[name]) for name in ESTIMATORS] for o in same], axis=0)
        covered = f"{sum(o.covered for o in same)} of {len(same)}"
        cells = " | ".join(f"{error:.3f}" for error in errors)
        rows.append(f"| {key[0]} | {key[1]} | {key[2]:g} | {truth:.3f} | {cells} | {covered} |")
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", help="run folders")
    parser.add_argument("--tau", type=float, nargs="+", default=TAUS)
    parser.add_argument("--json", type=Path, help="file of every run's estimates")
    options = parser.parse_args()
    found = [outcome for run in options.runs for outcome in outcomes(run, options.tau)]
    print(*table(found), sep="\n")
    if options.json:
        records = [asdict(outcome) for outcome in found]
        write_json(options.json, records)


if __name__ == "__main__":
    main()
