"""Adjusted p-values against published examples and direct definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixcon_diag.statistics.multiplicity import benjamini_hochberg, holm

NAN = float("nan")
PUBLISHED = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
             0.7590, 1.0]  # fmt: skip
"""The 15 p-values in Benjamini and Hochberg (1995), of which Bonferroni's method keeps 3 and theirs 4."""


def test_the_example_of_benjamini_and_hochberg() -> None:
    p = np.array(PUBLISHED)
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4 and (holm(p) <= 0.05).sum() == 3
    assert holm(p)[:4] == pytest.approx([0.0015, 0.0056, 0.0247, 0.114])
    assert benjamini_hochberg(p)[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])


def test_hand_computed() -> None:
    p = np.array([0.04, 0.01, NAN, 0.03, 0.02, 0.05])
    assert holm(p) == pytest.approx([0.09, 0.05, NAN, 0.09, 0.08, 0.09], nan_ok=True)
    assert benjamini_hochberg(p) == pytest.approx([0.05, 0.05, NAN, 0.05, 0.05, 0.05], nan_ok=True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_direct_definitions(values: list[float]) -> None:
    p = np.array(values)
    count, ranked = len(p), sorted(values)
    stepped = [max((count - j) * ranked[j] for j in range(count) if ranked[j] <= value) for value in values]
    assert holm(p) == pytest.approx([min(1, value) for value in stepped])
    lowest = [min(count / (j + 1) * ranked[j] for j in range(count) if ranked[j] >= value) for value in values]
    assert benjamini_hochberg(p) == pytest.approx([min(1, value) for value in lowest])


def test_without_a_test() -> None:
    assert math.isnan(holm(np.array([NAN]))[0]) and math.isnan(benjamini_hochberg(np.array([NAN]))[0])
    assert len(holm(np.array([]))) == len(benjamini_hochberg(np.array([]))) == 0
