"""How often the tests of a class's IoU reject two networks that are equally good, on images of uneven sizes.

Run: python benchmarks/class_tests_simulation.py [--repetitions 200]
"""

import argparse
from collections.abc import Iterator

import numpy as np
from scipy import stats

from pixcon_diag.measures.per_class_tests import image_intervals, image_tests

CLASSES = 10
CASES = ((50, 0.1), (100, 0.1), (200, 0.05), (200, 0.2), (500, 0.02), (500, 0.1))
"""Number of images, and share of them that hold a class."""


def class_counts(
    images: int, present: float, generator: np.random.Generator, *, classes: int = CLASSES, quality: float = 0.0
) -> np.ndarray:
    """(I, 3, K) counts of a network whose accuracy varies by image; the classes' sizes differ a hundredfold."""
    holds = generator.random((images, classes)) < present
    size = np.floor(np.exp(generator.normal(7, 1, (images, classes)))) * holds
    hit = np.floor(size / (1 + np.exp(-1 - quality - generator.normal(size=(images, classes)))))
    false = np.floor(np.exp(generator.normal(4, 1, (images, classes)))) * (generator.random((images, classes)) < 0.3)
    return np.stack((hit, hit + false, size), axis=1).astype(np.int64)


def on_targets_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``second`` with the targets of ``first``: as large a share of them is right."""
    share = np.divide(second[:, 0], second[:, 2], out=np.full(second[:, 0].shape, 0.7), where=second[:, 2] > 0)
    hit = np.floor(share * first[:, 2]).astype(np.int64)
    return np.stack((hit, hit + second[:, 1] - second[:, 0], first[:, 2]), axis=1)


def equal_methods(images: int, present: float, seeds: int, generator: np.random.Generator) -> list[list[np.ndarray]]:
    """Two methods of so many seeds that do not differ, on the same images."""
    truth = class_counts(images, present, generator)
    return [[on_targets_of(truth, class_counts(images, 1.0, generator)) for _ in range(seeds)] for _ in "ab"]


def exchange_p(repetitions: int, images: int, present: float, generator: np.random.Generator) -> np.ndarray:
    """p-values of the exchange test of classes without a difference, with one and two seeds in turn."""
    values: list[float] = []
    for repetition in range(repetitions):
        first, second = equal_methods(images, present, 1 + repetition % 2, generator)
        tests = image_tests(first, second, rng=generator, draws=399)
        assert tests is not None
        values += tests.p
    return np.array(values)


def interval_covers(repetitions: int, images: int, present: float, generator: np.random.Generator) -> np.ndarray:
    """Whether the 95 % intervals of classes without a difference contain 0, with one and two seeds in turn."""
    values: list[bool] = []
    for repetition in range(repetitions):
        first, second = equal_methods(images, present, 1 + repetition % 2, generator)
        intervals = image_intervals(first, second)
        values += [interval.contains(0) for interval in intervals if not np.isnan(interval.low)]
    return np.array(values)


def linear_p(repetitions: int, images: int, present: float, generator: np.random.Generator) -> Iterator[float]:
    """p-values of a t-test with the linearised IoU of each image; degrees of freedom by the images with the class."""
    for _ in range(repetitions):
        ((first,), (second,)) = equal_methods(images, present, 1, generator)
        parts = [_influences(counts) for counts in (first, second)]
        moved = parts[1][1] - parts[0][1]
        holding = ((first + second).sum(1) > 0).sum(0)
        error = np.sqrt((moved**2).sum(0) * holding / np.maximum(holding - 1, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            yield from 2 * stats.t.sf(np.abs(parts[1][0] - parts[0][0]) / error, np.maximum(holding - 1, 1))


def _influences(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hit, union = counts[:, 0], counts[:, 1] + counts[:, 2] - counts[:, 0]
    iou = hit.sum(0) / np.maximum(union.sum(0), 1)
    return iou, (hit - iou * union) / np.maximum(union.sum(0), 1)


def main() -> None:
    """Print the shares of p-values of at most 0.05, and of intervals that contain the difference."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=200)
    repetitions = parser.parse_args().repetitions
    generator = np.random.default_rng(0)
    print("images  with the class  exchange test  linearised t-test  interval covers")
    for images, present in CASES:
        exchanged = exchange_p(repetitions, images, present, generator)
        linear = np.array([*linear_p(repetitions, images, present, generator)])
        covered = interval_covers(repetitions, images, present, generator).mean()
        shares = [np.mean(values[~np.isnan(values)] <= 0.05) for values in (exchanged, linear)]
        print(f"{images:6}  {images * present:14.0f}  {shares[0]:13.3f}  {shares[1]:17.3f}  {covered:15.3f}")


if __name__ == "__main__":
    main()
