import math

import numpy as np

from pixcon_diag.statistics.spread import quotient, quotients, seeds_note, spread


def test_mean_and_sample_deviation_over_seeds() -> None:
    found = spread([1.0, 2.0, 4.0])
    assert (found.mean, round(found.std, 6)) == (7 / 3, 1.527525)
    assert spread([0.5]).mean == 0.5 and math.isnan(spread([0.5]).std)
    assert math.isnan(spread([]).mean) and math.isnan(spread([1.0, math.nan]).mean)


def test_the_note_says_how_many_seeds() -> None:
    assert "seeds (3, 2)" in seeds_note([3, 2]) and "±" in seeds_note([1, 2])
    assert seeds_note([1, 1]).startswith("One seed each") and seeds_note([]).startswith("One seed each")


def test_a_quotient_by_nothing_is_undefined() -> None:
    assert quotient(3, 4) == 0.75 and quotient(np.int64(1), np.int64(2)) == 0.5 and math.isnan(quotient(0, 0))
    found = quotients(np.array([3, 0, 2, 5]), np.array([4, 0, 1, 0]))
    assert found[[0, 2]].tolist() == [0.75, 2.0] and np.isnan(found[[1, 3]]).all()
    assert quotients(np.array([[1, 2], [3, 4]]), np.array([[2], [4]])).tolist() == [[0.5, 1.0], [0.75, 1.0]]


def test_two_seeds_have_a_deviation() -> None:
    assert spread([1.0, 2.0]).std == math.sqrt(0.5)
