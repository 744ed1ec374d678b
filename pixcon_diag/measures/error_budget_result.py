"""The error budget of a list of images: the mIoU recovered if one kind of error were corrected (Bolya et al., 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pixcon_diag.measures.error_budget import CATEGORIES, ImageErrors
from pixcon_diag.measures.uncertainty import paired_bootstrap, pooled_miou
from pixcon_diag.serialization import Serializable
from pixcon_diag.statistics.spread import quotient

DRAWS = 1000
"""Resamples of the images for an interval."""


@dataclass(frozen=True)
class CategoryBudget:
    """One category of error."""

    name: str
    pixels: int
    share: float
    """Of the wrong pixels; NaN without any."""
    images: int
    """Images with such a pixel."""
    recovered: float
    """mIoU gained if these pixels alone were predicted right; below 0 is possible in theory."""
    low: float
    """Ends of the interval of ``recovered`` over resampled images."""
    high: float
    step: float
    """mIoU gained by correcting them after the categories before it; the steps add up to 1 − mIoU."""
    reached: float
    """mIoU after this step; 1 after the last one."""


@dataclass(frozen=True)
class PairBudget:
    """Two classes taken for one another, boundary errors apart."""

    first: int
    second: int
    there: int
    """Pixels of ``first`` predicted as ``second``."""
    back: int
    """Pixels of ``second`` predicted as ``first``."""
    recovered: float
    """mIoU gained if these pixels alone were predicted right."""


@dataclass(frozen=True)
class BudgetResult(Serializable):
    """The budget of a list."""

    width: int
    miou: float
    inner_miou: float
    """mIoU of the pixels farther than the width from any target boundary."""
    valid: int
    wrong: int
    level: float
    categories: tuple[CategoryBudget, ...]
    """In the order of correction."""
    pairs: tuple[PairBudget, ...]
    """The pairs that cost most first."""


@dataclass(frozen=True)
class ErrorBudget:
    """Wrong pixels of every image by category and pair of classes."""

    statistics: np.ndarray
    """(I, 3, K) int64: true positives, predicted and true pixels per class of each image."""
    inner: np.ndarray
    """(I, 3, K) int64: the same, away from target boundaries."""
    wrong: np.ndarray
    """(N, 5) int64: image, category, target, predicted class, pixels."""
    width: int

    @classmethod
    def of(cls, images: Sequence[ImageErrors], num_classes: int, width: int) -> "ErrorBudget":
        """The counts of some images, in their order."""
        empty = np.zeros((0, 3, num_classes), dtype=np.int64)
        rows = [np.insert(image.wrong, 0, index, axis=1) for index, image in enumerate(images)]
        return cls(
            np.stack([image.statistics for image in images]) if images else empty,
            np.stack([image.inner for image in images]) if images else empty,
            np.concatenate(rows) if rows else np.zeros((0, 5), dtype=np.int64),
            width,
        )

    @cached_property
    def confusion(self) -> np.ndarray:
        """(K, K) int64: valid pixels by target and predicted class."""
        return self.confusion_of(np.arange(len(self.statistics)))

    def confusion_of(self, images: np.ndarray) -> np.ndarray:
        """As :attr:`confusion`, over some images, given by their indices."""
        chosen = self.wrong[np.isin(self.wrong[:, 0], images)]
        matrix = np.diag(self.statistics[images, 0].sum(0))
        np.add.at(matrix, (chosen[:, 2], chosen[:, 3]), chosen[:, 4])
        return matrix

    @cached_property
    def confused(self) -> np.ndarray:
        """(K, K) int64: :attr:`confusion` without the right pixels."""
        return self.confusion - np.diag(self.confusion.diagonal())

    def largest_confusions(self, count: int) -> list[tuple[int, int]]:
        """Target and predicted class of the ``count`` cells with most wrong pixels, most first; none without any."""
        cells = np.argsort(-self.confused, axis=None, kind="stable")[:count]
        rows, columns = np.unravel_index(cells, self.confused.shape)
        return [(t, p) for t, p in zip(rows.tolist(), columns.tolist(), strict=True) if self.confused[t, p]]

    def corrected(self, *categories: int) -> np.ndarray:
        """:attr:`statistics` as they were if the wrong pixels of some categories were predicted right, (I, 3, K)."""
        return _correct(self.statistics, self.wrong[np.isin(self.wrong[:, 1], categories)])

    def images_of(self, target: int, predicted: int) -> np.ndarray:
        """(M, 2) int64: index and pixels of the images with ``target`` predicted as ``predicted``, most first."""
        rows = self.wrong[(self.wrong[:, 2] == target) & (self.wrong[:, 3] == predicted)]
        images, inverse = np.unique(rows[:, 0], return_inverse=True)
        pixels = np.bincount(inverse, rows[:, 4], len(images)).astype(np.int64)
        order = np.argsort(-pixels, kind="stable")
        return np.stack((images[order], pixels[order]), 1)

    def result(self, *, seed: int = 0, draws: int = DRAWS, level: float = 0.95) -> BudgetResult:
        """Every category and pair, with intervals over resampled images (paired bootstrap, percentile)."""
        wrong = int(self.wrong[:, 4].sum())
        return BudgetResult(
            width=self.width,
            miou=_miou(self.statistics),
            inner_miou=_miou(self.inner),
            valid=int(self.statistics[:, 2].sum()),
            wrong=wrong,
            level=level,
            categories=tuple(self._categories(wrong, seed, draws, level)),
            pairs=tuple(self._pairs()),
        )

    def _categories(self, wrong: int, seed: int, draws: int, level: float) -> list[CategoryBudget]:
        budgets, before = [], _miou(self.statistics)
        for index, name in enumerate(CATEGORIES):
            rows = self.wrong[self.wrong[:, 1] == index]
            reached = _miou(self.corrected(*range(index + 1)))
            noise = paired_bootstrap(
                [self.statistics], [self.corrected(index)], pooled_miou,
                rng=np.random.default_rng(seed), draws=draws, level=level,
            )  # fmt: skip
            pixels = int(rows[:, 4].sum())
            found = len(np.unique(rows[:, 0]))
            gains = (noise.difference, noise.low, noise.high)
            budgets.append(
                CategoryBudget(name, pixels, quotient(pixels, wrong), found, *gains, reached - before, reached)
            )
            before = reached
        return budgets

    def _pairs(self) -> list[PairBudget]:
        """Every pair of classes with a wrong pixel outside the category `boundary`."""
        rows = self.wrong[self.wrong[:, 1] > 0]
        pooled = self.statistics.sum(0)
        counts = np.zeros((pooled.shape[1],) * 2, dtype=np.int64)
        np.add.at(counts, (rows[:, 2], rows[:, 3]), rows[:, 4])
        pairs = np.argwhere(np.triu(counts + counts.T, 1))
        if not len(pairs):
            return []
        first, second = pairs.T
        there, back = counts[first, second], counts[second, first]
        fixed = np.repeat(pooled[None], len(pairs), axis=0)
        place = np.arange(len(pairs))
        for k, right, false in ((first, there, back), (second, back, there)):
            fixed[place, 0, k] += right
            fixed[place, 1, k] += right - false
        gains = pooled_miou(fixed) - pooled_miou(pooled)
        order = np.argsort(-gains, kind="stable")
        return [PairBudget(int(first[i]), int(second[i]), int(there[i]), int(back[i]), float(gains[i])) for i in order]


def _correct(statistics: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Statistics (I, 3, K) after the wrong pixels of ``rows`` (N, 5) are predicted right."""
    image, _, target, predicted, pixels = rows.T
    fixed = statistics.copy()
    np.add.at(fixed, (image, 0, target), pixels)
    np.add.at(fixed, (image, 1, target), pixels)
    np.subtract.at(fixed, (image, 1, predicted), pixels)
    return fixed


def _miou(statistics: np.ndarray) -> float:
    return float(pooled_miou(statistics.sum(0)))
