"""Coverage of the 95 % interval of ``estimate`` when wrong pixels are clustered in images.

Run: python benchmarks/stratified_coverage.py [--images 20 60 220 500] [--repetitions 2000]

The unlabeled images are harder than those of calibration, with the same error in each cell. Coverage is the share of
repetitions whose interval contains the error of the unlabeled images themselves, in per cent, for all classes and the
mean over classes. Beside it, the percentile bootstrap of both image sets, which resamples what the cells of the
unlabeled images are and not how these images deviate from them.
"""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.stratified_images import StratifiedPopulation
from pixcon_diag.statistics.intervals import Interval
from pixcon_diag.statistics.post_stratification import Strata, post_stratified, rates_of

POPULATIONS = tuple(StratifiedPopulation(error, spread) for error, spread in ((0.003, 1.5), (0.01, 1.0), (0.05, 0.7)))
IMAGES = (20, 40, 60, 100, 150, 220, 500, 1500)
HARDER = 0.3
POOL = 30_000
"""Images drawn once; those of every repetition are drawn from them."""
DRAWS = 300
STARTS = (0, 2)
"""First bins of the two rates: all pixels, and the more confident half of the bins."""


class Coverage(NamedTuple):
    """Shares of the repetitions whose interval contains the truth."""

    overall: np.ndarray
    """(T,) for each first bin."""
    classes: float
    """Mean over classes, at the last first bin."""
    width: float
    """Median width at the last first bin, relative to the truth."""
    bootstrap: float
    """Of the percentile bootstrap, at the last first bin; NaN where it is not asked for."""


def truth_of(images: Strata) -> np.ndarray:
    """(T, 1 + K): the images' own error."""
    rates: np.ndarray = images.wrong_sizes(STARTS).sum(0) / images.known_sizes(STARTS).sum(0)
    return rates


def coverage(
    population: StratifiedPopulation, images: int, repetitions: int, *, bootstrap: bool = False, seed: int = 0
) -> Coverage:
    """Coverage with so many calibration images and twice as many unlabeled ones."""
    rng = np.random.default_rng(seed)
    easier, harder = population.draw(rng, POOL), population.draw(rng, POOL, HARDER)
    overall, classes, widths, resampled = [], [], [], []
    for _ in range(repetitions):
        calibration, target = _sample(easier, rng, images), _sample(harder, rng, 2 * images)
        found, truth = post_stratified(calibration, target, STARTS), truth_of(target)
        overall.append([row[0].contains(rate) for row, rate in zip(found.intervals, truth[:, 0], strict=True)])
        classes.append([i.contains(rate) for i, rate in zip(found.intervals[-1][1:], truth[-1, 1:], strict=True)])
        interval = found.intervals[-1][0]
        widths.append((interval.high - interval.low) / truth[-1, 0])
        if bootstrap:
            resampled.append(percentile_bootstrap(calibration, target, rng).contains(truth[-1, 0]))
    held = float(np.mean(resampled)) if bootstrap else float("nan")
    return Coverage(np.mean(overall, axis=0), float(np.mean(classes)), float(np.median(widths)), held)


def _sample(pool: Strata, rng: np.random.Generator, images: int) -> Strata:
    """Images drawn from the pool, independently."""
    rows = rng.integers(0, len(pool), images)
    return Strata(pool.known[rows], pool.wrong[rows], pool.unknown[rows], pool.shape)


def percentile_bootstrap(calibration: Strata, target: Strata, rng: np.random.Generator) -> Interval:
    """The percentile interval of the last rate over resampled images of both sets, with everything estimated again."""
    weights, others = (
        rng.multinomial(len(images), np.full(len(images), 1 / len(images)), size=DRAWS)
        for images in (calibration, target)
    )
    moments = [np.tensordot(weights, parts, 1) for parts in calibration.moments(slice(None))]
    pixels = others @ (target.known + target.unknown).toarray()
    rates, _, _ = rates_of(moments, pixels, calibration.shape, STARTS)
    low, high = np.nanquantile(rates[:, -1, 0], (0.025, 0.975))
    return Interval(float(low), float(high), 0.95)


def table(images: Sequence[int], repetitions: int) -> None:
    """Print a Markdown row for each population and number of calibration images."""
    print("| error | spread | images | all bins | confident bins | classes | width | bootstrap |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for population in POPULATIONS:
        for number in images:
            found = coverage(population, number, repetitions, bootstrap=True)
            held = " | ".join(f"{100 * share:.1f}" for share in (*found.overall, found.classes))
            print(
                f"| {population.error:g} | {population.image_spread:g} | {number} | {held} | {found.width:.2f} "
                f"| {100 * found.bootstrap:.1f} |",
                flush=True,
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=IMAGES)
    parser.add_argument("--repetitions", type=int, default=2000)
    options = parser.parse_args()
    table(options.images, options.repetitions)


if __name__ == "__main__":
    main()
