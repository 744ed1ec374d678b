"""How many labels tell two checkpoints apart: regions of disagreement against whole images, by simulation.

The masks of the list answer in place of a person; `pixcon-diag duel` itself never reads them.

    python benchmarks/duel_labels.py none=runs/a clean=runs/b --repetitions 200
"""

import argparse
import math
from typing import NamedTuple

import numpy as np

from pixcon_diag.analyses.duel_draws import Pair
from pixcon_diag.measures.label_errors import equal_regions
from pixcon_diag.passes.predictions import read_target
from pixcon_diag.statistics.sequences import log_capital
from pixcon_diag.study import Study

LEVEL = 0.95
PURE = 0.9
"""Share of a region with one answer from which a hasty labeller gives that answer for all of it."""


class Pixels(NamedTuple):
    """Every disagreeing pixel of a list."""

    score: np.ndarray
    """(N,) 1 where the method is right, −1 where the baseline is, 0 otherwise."""
    region: np.ndarray
    """(N,) number of the pixel's region."""
    image: np.ndarray
    """(N,) index of its image."""
    total: int
    """Pixels of all images."""


def disagreeing_pixels(pair: Pair) -> Pixels:
    """All pixels on which the two members disagree, with the answers of the masks."""
    scores, regions, images, total, first_region = [], [], [], 0, 0
    for image in range(len(pair.first.data.pairs)):
        first, second = pair.maps(image)
        truth, differ = read_target(pair.first.data, image), first != second
        numbers = equal_regions(first.astype(np.int64) * 256 + second, differ)
        scores.append((second[differ] == truth[differ]).astype(int) - (first[differ] == truth[differ]))
        regions.append(numbers[differ] + first_region)
        images.append(np.full(differ.sum(), image))
        first_region += int(numbers.max())
        total += first.size
    return Pixels(np.concatenate(scores), np.concatenate(regions), np.concatenate(images), total)


def answers(pixels: Pixels, purity: float) -> tuple[np.ndarray, np.ndarray]:
    """Score given to a draw of each pixel, and whether its region is answered as a whole.

    A region is answered as a whole if one answer holds for at least ``purity`` of it.
    """
    counts = np.stack([np.bincount(pixels.region, pixels.score == score) for score in (-1, 0, 1)], 1)
    with np.errstate(invalid="ignore"):
        whole = counts.max(1) >= purity * counts.sum(1)
    score = np.where(whole, counts.argmax(1) - 1, 0)[pixels.region]
    return np.where(whole[pixels.region], score, pixels.score), whole[pixels.region]


def stops(scores: np.ndarray) -> np.ndarray:
    """The draw after which the interval excludes 0, (R,); one more than the draws where none does."""
    found = log_capital(scores, 0.0, (-1.0, 1.0)) >= -math.log(1 - LEVEL)
    return np.where(found.any(1), found.argmax(1) + 1, scores.shape[1] + 1)


def by_regions(pixels: Pixels, purity: float, rng: np.random.Generator, runs: int, draws: int) -> dict[str, float]:
    """Labels until regions drawn by size tell the two apart."""
    score, whole = answers(pixels, purity)
    labels, wrong, late = [], 0, 0
    truth = np.sign(pixels.score.sum())
    for _ in range(runs):
        drawn = rng.integers(0, len(score), draws)
        stop = int(stops(score[None, drawn])[0])
        late += stop > draws
        drawn = drawn[:stop]
        regions = np.unique(pixels.region[drawn][whole[drawn]])
        labels.append(len(regions) + int((~whole[drawn]).sum()))
        wrong += stop <= draws and np.sign(score[drawn].sum()) != truth
    bias = score.mean() * len(score) / pixels.total
    return _summary(labels, wrong, late, runs) | {"delta": 100 * bias}


def by_images(
    pixels: Pixels, sizes: np.ndarray, weighted: bool, rng: np.random.Generator, runs: int, draws: int
) -> dict[str, float]:
    """Images until whole images tell the two apart: drawn uniformly, or with probability by disagreeing pixels."""
    images = len(sizes)
    gain = np.bincount(pixels.image, pixels.score, minlength=images)
    differ = np.bincount(pixels.image, minlength=images)
    if weighted:
        chance, value = differ / differ.sum(), gain / np.maximum(differ, 1)
    else:  # the largest share of disagreeing pixels bounds the difference of every image, without a label
        chance, value = np.full(images, 1 / images), gain / sizes / (differ / sizes).max()
    labels, wrong, late = [], 0, 0
    for _ in range(runs):
        drawn = rng.choice(images, draws, p=chance)
        stop = int(stops(value[None, drawn])[0])
        late += stop > draws
        labels.append(len(np.unique(drawn[:stop])))
        wrong += stop <= draws and np.sign(value[drawn[:stop]].sum()) != np.sign(gain.sum())
    return _summary(labels, wrong, late, runs) | {"delta": 100 * gain.sum() / pixels.total}


def _summary(labels: list[int], wrong: int, late: int, runs: int) -> dict[str, float]:
    low, middle, high = np.quantile(labels, (0.1, 0.5, 0.9))
    return {"median": middle, "10 %": low, "90 %": high, "undecided": late / runs, "wrong": wrong / runs}


def main() -> None:
    """Print a table of the labels needed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs=2)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--draws", type=int, default=3000, help="largest number of draws of a repetition")
    options = parser.parse_args()
    first, second = Study(options.methods).measured()
    pair = Pair(first.members[0], second.members[0])
    pixels = disagreeing_pixels(pair)
    sizes = np.array([pair.maps(image)[0].size for image in range(len(pair.first.data.pairs))])
    rng = np.random.default_rng(0)
    share, delta = (100 * part / pixels.total for part in (len(pixels.score), pixels.score.sum()))
    print(f"{second.name} and {first.name} disagree on {share:.2f} % of the pixels of {len(sizes)} images, in")
    print(f"{pixels.region.max():,} regions; true Δ accuracy {delta:+.3f} points")
    rows = {
        "regions": by_regions(pixels, 1.0, rng, options.repetitions, options.draws),
        "regions, hasty": by_regions(pixels, PURE, rng, options.repetitions, options.draws),
        "images, uniform": by_images(pixels, sizes, False, rng, options.repetitions, options.draws),
        "images, by size": by_images(pixels, sizes, True, rng, options.repetitions, options.draws),
    }
    for name, row in rows.items():
        print(f"{name:16}", "  ".join(f"{key} {value:.3g}" for key, value in row.items()))


if __name__ == "__main__":
    main()
