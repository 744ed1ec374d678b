"""The label audit on masks with 2 % of their regions relabelled: its ranking, and the interval of the corrected ρ_F.

The network is right up to its boundaries, where it is less confident: most are off by 2 pixels, some by 6, which gives
strips wide enough to be suspect. Real networks, which also misread whole objects, are in docs/experiments.md.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

from benchmarks.label_errors import Maps, Planted, coverage, found, is_label_error, ranking, relabel
from pixcon_diag.measures.label_errors import SuspectRegion

CLASSES, IMAGES, CELL, GRID, TAU = 6, 160, 32, 4, 0.9
PLACES = 50
"""Regions that a reader looks at."""


def scene(random: np.random.Generator) -> Maps:
    """Squares of random classes on a background; some predicted boundaries are off by 6 pixels, the others by 2."""
    size = GRID * CELL
    target, prediction = np.zeros((2, size, size), dtype=np.uint8)
    confidence = np.full((size, size), random.uniform(0.8, 0.999))
    for top, left in np.ndindex(GRID, GRID):
        row, column = (CELL * np.array([top, left]) + random.integers(1, 6, 2)).tolist()
        edge, excess = int(random.integers(12, 20)), int(random.choice([2, 6], p=[0.95, 0.05]))
        kind = random.integers(1, CLASSES)
        target[row : row + edge, column : column + edge] = kind
        prediction[row : row + edge, column : column + edge + excess] = kind
        confidence[row : row + edge, column : column + edge] = random.uniform(0.8, 0.999)
        confidence[row : row + edge, column + edge : column + edge + excess] = random.uniform(0.5, 0.95)
    return Maps(target, prediction, confidence)


@dataclass(frozen=True)
class Audited:
    """Scenes with planted label errors, and the regions that the audit ranks."""

    maps: list[Maps]
    targets: list[np.ndarray]
    planted: list[Planted]

    @cached_property
    def ranked(self) -> list[tuple[int, SuspectRegion]]:
        """As the command ranks them."""
        return ranking(self.maps, self.targets)

    @cached_property
    def hits(self) -> np.ndarray:
        """Whether each ranked region is a label error."""
        return np.array(
            [is_label_error(self.maps[image], self.targets[image], region) for image, region in self.ranked]
        )


@pytest.fixture(scope="module", params=[0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 4))])
def audited(request: pytest.FixtureRequest) -> Audited:
    random = np.random.default_rng(request.param)
    maps = [scene(random) for _ in range(IMAGES)]
    return Audited(maps, *relabel([one.target for one in maps], CLASSES, random))


def test_the_first_places_are_label_errors(audited: Audited) -> None:
    """Precision at 50 is at least 0.8 although fewer than 40 % of the suspect regions are label errors."""
    assert audited.hits.mean() < 0.4
    assert audited.hits[:PLACES].mean() >= 0.8


def test_planted_errors_are_found(audited: Audited) -> None:
    """Recall is at least 0.7 among the first 50, and nearly all errors are somewhere in the ranking."""
    assert found(audited.planted, audited.ranked[:PLACES]) >= 0.7 * len(audited.planted)
    assert found(audited.planted, audited.ranked) >= 0.95 * len(audited.planted)


def test_the_interval_of_the_corrected_rho_f_holds(audited: Audited) -> None:
    """In at least 93 % of 500 reviews of 100 answers, at every number of answers."""
    before, relabelled, corrected, held = coverage(audited.maps, audited.targets, TAU, np.random.default_rng(0))
    assert relabelled > 1.1 * before
    assert corrected == pytest.approx(before, rel=0.05)
    assert held >= 0.93
