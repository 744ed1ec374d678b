"""Coverage of 95 % intervals of ρ_F when wrong pixels are clustered in images.

Run: python benchmarks/interval_coverage.py [--images 20 60 220 500] [--repetitions 2000]

First of the contamination of a class-balanced bank. Then three intervals of ρ_F: the project's, the percentile
bootstrap over images, and the binomial one that takes pixels as independent. Coverage is the share of repetitions whose
interval contains the true rate, in per cent.
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.clustered_images import ClassPopulation, Population
from pixcon_diag.measures.bank_contamination import bank_contamination, expected_entries, pooled_contamination
from pixcon_diag.statistics.intervals import Interval, ratio_interval

RATES = (0.002, 0.02, 0.1, 0.3)
SPREADS = (1.0, 2.0, 4.0)
IMAGES = (10, 20, 40, 60, 100, 150, 220, 500, 1500)
DRAWS = 500
LESS = 4
"""The bootstrap, which takes longest, has this many times fewer repetitions."""

IntervalOf = Callable[[np.ndarray, np.ndarray], Interval]


def coverage(
    population: Population, images: int, repetitions: int, interval: IntervalOf = ratio_interval, seed: int = 0
) -> tuple[float, float]:
    """Share of repetitions whose interval contains the truth, and the median width relative to the truth."""
    truth = population.true_rate
    samples = zip(*population.draw(np.random.default_rng(seed), repetitions, images), strict=True)
    intervals = [interval(wrong, retained) for wrong, retained in samples]
    held = np.mean([interval.contains(truth) for interval in intervals])
    return float(held), float(np.nanmedian([(i.high - i.low) / truth for i in intervals]))


def pixel_interval(wrong: np.ndarray, retained: np.ndarray) -> Interval:
    """The normal interval of a binomial proportion of independent pixels."""
    total = retained.sum()
    rate = wrong.sum() / total
    reach = 1.959964 * np.sqrt(rate * (1 - rate) / total)
    return Interval(rate - reach, rate + reach, 0.95)


def percentile_bootstrap() -> IntervalOf:
    """The percentile interval over images drawn with replacement."""
    rng = np.random.default_rng(1)

    def interval(wrong: np.ndarray, retained: np.ndarray) -> Interval:
        images = len(wrong)
        weights = rng.multinomial(images, np.full(images, 1 / images), size=DRAWS)
        low, high = np.quantile(weights @ wrong / np.maximum(weights @ retained, 1), (0.025, 0.975))
        return Interval(float(low), float(high), 0.95)

    return interval


def table(images: Sequence[int], repetitions: int) -> list[str]:
    """A Markdown row for each population and number of images."""
    rows = ["| spread | ρ_F | images | project | width | bootstrap | pixels |", "|--:|--:|--:|--:|--:|--:|--:|"]
    for population in (Population(rate, spread) for spread in SPREADS for rate in RATES):
        for number in images:
            held, width = coverage(population, number, repetitions)
            resampled, _ = coverage(population, number, repetitions // LESS, percentile_bootstrap())
            pixels, _ = coverage(population, number, repetitions, pixel_interval)
            rows.append(
                f"| {population.spread:g} | {population.true_rate:.4f} | {number} | {100 * held:.1f} | {width:.2f} "
                f"| {100 * resampled:.1f} | {100 * pixels:.1f} |"
            )
            print(rows[-1], flush=True)
    return rows


def bank_coverage(images: int, repetitions: int, seed: int = 0) -> float:
    """Coverage of the interval of a bank's contamination, filled with the rule of training: m = 64, N = 256 and batches
    of 8 images."""
    population, rng = ClassPopulation(), np.random.default_rng(seed)
    expected = expected_entries(population.draw(rng, 80_000), batch_size=8, cap=64).mean(0)
    truth = float(pooled_contamination(images * expected[None], 256)[0])
    held = [
        bank_contamination(population.draw(rng, images), batch_size=8, cap=64, bank_size=256).interval.contains(truth)
        for _ in range(repetitions)
    ]
    return float(np.mean(held))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=IMAGES)
    parser.add_argument("--repetitions", type=int, default=2000)
    options = parser.parse_args()
    for images in options.images:
        print(f"bank of {images} images: {100 * bank_coverage(images, options.repetitions):.1f}", flush=True)
    table(options.images, options.repetitions)


if __name__ == "__main__":
    main()
