import numpy as np

from pixcon_diag.statistics.sampling import drawn_pixels

COUNTS = np.array([6, 0, 6])


def test_draws_are_uniform_over_pixels() -> None:
    pixels, counts = np.unique(np.array(drawn_pixels(COUNTS, 60_000, seed=0)), axis=0, return_counts=True)
    assert pixels.tolist() == [[i, place] for i in (0, 2) for place in range(6)]
    assert np.abs(counts - 5000).max() < 5 * np.sqrt(5000)


def test_the_first_draws_do_not_depend_on_the_number() -> None:
    assert (
        drawn_pixels(COUNTS, 10, seed=0) == drawn_pixels(COUNTS, 1000, seed=0)[:10] != drawn_pixels(COUNTS, 10, seed=1)
    )


def test_without_a_pixel_nothing_is_drawn() -> None:
    assert drawn_pixels(np.array([0, 0]), 5, seed=0) == []
