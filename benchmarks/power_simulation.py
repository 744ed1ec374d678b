"""Seeds needed by the noncentral t distribution against simulated paired t-tests, and the optimism of best epochs.

Run: python benchmarks/power_simulation.py [--repetitions 20000]
"""

import argparse

import numpy as np
from scipy import stats

from pixcon_diag.statistics.late_noise import late_noise
from pixcon_diag.statistics.power import seeds_needed, welch_seeds_needed

CASES = ((0.2, 0.5), (0.5, 0.5), (1.0, 0.5), (0.89, 0.775), (0.2, 0.775))
"""Effect and standard deviation of the paired difference, in points."""


def paired_powers(effect: float, sd: float, most: int, repetitions: int, rng: np.random.Generator) -> np.ndarray:
    """Share of repetitions in which a paired t-test of the first n pairs finds ``effect``, for n = 2 … ``most``."""
    deltas = rng.normal(effect, sd, (repetitions, most))
    counts = np.arange(1, most + 1)
    means = deltas.cumsum(1) / counts
    squares = np.maximum((deltas**2).cumsum(1) - counts * means**2, 0)[:, 1:]
    t = means[:, 1:] / np.sqrt(squares / (counts[1:] - 1) / counts[1:])
    return (np.abs(t) >= stats.t.ppf(0.975, counts[1:] - 1)).mean(0)


def welch_powers(
    effect: float, sds: tuple[float, float], most: int, repetitions: int, rng: np.random.Generator
) -> np.ndarray:
    """As :func:`paired_powers` for Welch's test of independent groups of n runs each."""
    powers = []
    for seeds in range(2, most + 1):
        first, second = (rng.normal(mean, sd, (repetitions, seeds)) for mean, sd in zip((0, effect), sds, strict=True))
        powers.append((stats.ttest_ind(second, first, axis=1, equal_var=False).pvalue <= 0.05).mean())
    return np.array(powers)


def first_enough(powers: np.ndarray, power: float = 0.8) -> int:
    """Smallest number of seeds, from 2 on, with the power."""
    return 2 + int((powers >= power).argmax())


def autoregressive(count: int, sd: float, correlation: float, curves: int, rng: np.random.Generator) -> np.ndarray:
    """(curves, count) stationary noise, each value from the one before."""
    noise = sd * rng.standard_normal((curves, count))
    for place in range(1, count):
        noise[:, place] = correlation * noise[:, place - 1] + np.sqrt(1 - correlation**2) * noise[:, place]
    return noise


def optimism(correlation: float, count: int, curves: int, rng: np.random.Generator) -> tuple[float, float]:
    """True optimism of the best epoch of curves that rise and level off, and the mean estimate from single curves.

    Curves without an estimate, whose noise is taken for a trend, are left out of the mean.
    """
    trend = 0.75 - 0.2 * np.exp(-6 * np.arange(count) / count)
    noise = autoregressive(count, 0.004, correlation, 20 * curves, rng)
    true = noise[np.arange(len(noise)), (trend + noise).argmax(1)].mean()
    estimates = [late_noise(trend + row, rng, draws=400).optimism for row in noise[:curves]]
    return float(true), float(np.nanmean(estimates))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=20_000)
    repetitions = parser.parse_args().repetitions
    rng = np.random.default_rng(0)
    print("test     effect  SD            formula  simulated")
    for effect, sd in CASES:
        needed = seeds_needed(effect, sd) or 0
        simulated = first_enough(paired_powers(effect, sd, needed + 10, repetitions, rng))
        print(f"paired   {effect:<6}  {sd:<12}  {needed:7}  {simulated:9}")
    sds = (0.73, 0.26)
    simulated = first_enough(welch_powers(0.89, sds, 12, repetitions, rng))
    print(f"Welch    0.89    0.73, 0.26    {welch_seeds_needed(0.89, sds):7}  {simulated:9}")
    print("\nepochs  correlation  true optimism  mean estimate (points)")
    for count in (40, 80, 160):
        for correlation in (0.0, 0.4, 0.7):
            true, estimate = optimism(correlation, count, 100, rng)
            print(f"{count:6}  {correlation:11}  {100 * true:13.2f}  {100 * estimate:13.2f}")


if __name__ == "__main__":
    main()
