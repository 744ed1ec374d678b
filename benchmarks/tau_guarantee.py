"""How often the promise of `pixcon-diag tau` is broken, and how much it retains, over resampled images.

Run: python benchmarks/tau_guarantee.py [--images 100 220 500 1500] [--repetitions 1000]

Images are drawn with replacement from a pool whose ρ_F is known at every threshold. The oracle takes the smallest τ
whose ρ_F in the pool is at most α.
"""

import argparse
from dataclasses import dataclass

import numpy as np

from pixcon_diag.statistics.risk_control import promised_threshold

TAUS = np.concatenate((np.arange(0.3, 0.99, 0.01), (0.99, 0.993, 0.995, 0.997, 0.999, 0.9995, 0.9999)))
POOL = 20_000


@dataclass(frozen=True)
class Pool:
    """Wrong and kept pixels of many images at every threshold, as shares of the largest image: two (POOL, T)."""

    wrong: np.ndarray
    kept: np.ndarray

    @property
    def rho_f(self) -> np.ndarray:
        """(T,) of the whole pool."""
        rates: np.ndarray = self.wrong.sum(0) / self.kept.sum(0)
        return rates

    @property
    def retention(self) -> np.ndarray:
        """(T,) kept pixels, relative to those at the loosest threshold."""
        shares: np.ndarray = self.kept.sum(0) / self.kept[:, 0].sum()
        return shares


def make_pool(error: float = 0.12, seed: int = 0) -> Pool:
    """Images whose error and confidence differ: a few images hold most of the wrong pixels, and fewer pixels are
    retained, the stricter τ is, wrong ones sooner than correct ones."""
    rng = np.random.default_rng(seed)
    errors = np.minimum(rng.gamma(0.7, error / 0.7, POOL), 1)[:, None]
    wrong = errors * (1 - TAUS) ** (0.9 * rng.gamma(3, 1 / 3, (POOL, 1)))
    correct = (1 - errors) * (1 - TAUS) ** (0.1 * rng.gamma(4, 1 / 4, (POOL, 1)))
    sizes = rng.uniform(0.6, 1, (POOL, 1))
    return Pool(sizes * wrong, sizes * (wrong + correct))


@dataclass(frozen=True)
class Outcome:
    """Of many repetitions."""

    broken: float
    """Share of repetitions with a promised τ whose ρ_F in the pool is above α."""
    none: float
    """Share of repetitions without a promise."""
    retention: float
    """Mean retention, 0 without a promise, relative to the oracle's."""


def simulate(pool: Pool, images: int, alpha: float, delta: float, repetitions: int, seed: int = 1) -> Outcome:
    """Draw ``images`` of the pool many times and choose τ."""
    rng = np.random.default_rng(seed)
    chosen = []
    for _ in range(repetitions):
        drawn = rng.integers(0, len(pool.wrong), images)
        promise = promised_threshold(pool.wrong[drawn], pool.kept[drawn], alpha=alpha, delta=delta, rng=rng)
        chosen.append(promise.index)
    made = [index for index in chosen if index is not None]
    oracle = np.flatnonzero(pool.rho_f <= alpha)
    best = pool.retention[oracle[0]] if len(oracle) else np.nan
    return Outcome(
        broken=float((pool.rho_f[made] > alpha).sum() / repetitions),
        none=1 - len(made) / repetitions,
        retention=float(pool.retention[made].sum() / repetitions / best),
    )


def main() -> None:
    """Print a row for each number of images and α."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=(100, 220, 500, 1500))
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--delta", type=float, default=0.1)
    options = parser.parse_args()
    pool = make_pool()
    print("| images | α | broken % | no promise % | retention, % of the oracle's |\n|--:|--:|--:|--:|--:|")
    for images in options.images:
        for alpha in (0.02, 0.05, 0.1):
            found = simulate(pool, images, alpha, options.delta, options.repetitions)
            row = (100 * found.broken, 100 * found.none, 100 * found.retention)
            print(f"| {images} | {alpha:g} | " + " | ".join(f"{value:.1f}" for value in row) + " |", flush=True)


if __name__ == "__main__":
    main()
