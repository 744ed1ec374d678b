import math

from pixcon_diag.statistics.spread import seeds_note, spread


def test_mean_and_sample_deviation_over_seeds() -> None:
    found = spread([1.0, 2.0, 4.0])
    assert (found.mean, round(found.std, 6)) == (7 / 3, 1.527525)
    assert spread([0.5]).mean == 0.5 and math.isnan(spread([0.5]).std)
    assert math.isnan(spread([]).mean) and math.isnan(spread([1.0, math.nan]).mean)


def test_the_note_says_how_many_seeds() -> None:
    assert "seeds (3, 2)" in seeds_note([3, 2]) and "±" in seeds_note([1, 2])
    assert seeds_note([1, 1]).startswith("One seed each") and seeds_note([]).startswith("One seed each")
