"""Sums over drawn images are exact."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from pixcon_diag.measures.pooling import draw_images, pool


def _counts(seed: int, largest: int | list[int]) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, largest, (40, 3, 4))


def _times(draws: int = 300) -> np.ndarray:
    return draw_images(40, draws, np.random.default_rng(0))


def test_each_draw_has_as_many_images_as_there_are_each_equally_often() -> None:
    times = _times(20_000)
    assert (times.sum(1) == 40).all()
    assert np.abs(times.mean(0) - 1).max() < 5 * (1 / 20_000) ** 0.5
    assert times.var() == pytest.approx(39 / 40, rel=0.01)


def test_blocks_of_draws_continue_each_other() -> None:
    rng = np.random.default_rng(0)
    parts = [draw_images(40, size, rng) for size in (101, 199)]
    assert np.array_equal(np.concatenate(parts), _times())


# In order: all sums in float32, all in float64, some in each.
@pytest.mark.parametrize("largest", [1000, 10_000_000, [1000, 410_000, 10_000_000, 5]])
def test_sums_of_counts_are_exact(largest: int | list[int]) -> None:
    first, second = _counts(1, largest), _counts(2, largest)
    second[:, 2] = first[:, 2]  # columns that are summed once
    times = _times()
    found = pool([first, second, first]).sums(times)
    for sums, counts in zip(found, (first, second, first), strict=True):
        assert np.array_equal(sums, np.einsum("ri,i...->r...", times, counts))


def test_a_draw_whose_sum_float32_would_round_is_exact_too() -> None:
    """An image that holds most of a class is drawn several times."""
    counts, times = _counts(1, 1000), _times()
    counts[0, 1] = 7_999_999
    exact = np.einsum("ri,i...->r...", times, counts)
    assert (counts.sum(0) < 2**23).all() and (exact[:, 1] >= 2**24).any()
    assert not np.array_equal(np.float32(exact), exact)
    assert np.array_equal(pool([counts]).sums(times)[0], exact)


def test_an_image_of_more_pixels_than_float32_counts_is_exact() -> None:
    counts, times = _counts(1, 5), _times()
    counts[3, 1] = 2**24 + 1
    assert np.array_equal(pool([counts]).sums(times)[0], np.einsum("ri,i...->r...", times, counts))


def test_a_sum_that_float32_rounds_to_the_limit_is_exact() -> None:
    """2^24 + 1 is 2^24 in float32."""
    counts, times = np.array([[2**22], [1]]), np.array([[4, 1], [4, 0]])
    assert pool([counts]).sums(times)[0].tolist() == [[2**24 + 1], [2**24]]


def test_fractions_and_negative_numbers_are_summed_in_float64() -> None:
    shares = np.random.default_rng(1).random((40, 5))
    np.testing.assert_allclose(pool([shares]).sums(_times())[0], _times() @ shares, rtol=1e-13)
    values, times = np.random.default_rng(0).standard_normal((40, 5)), _times()
    np.testing.assert_allclose(pool([values]).sums(times)[0], times @ values, rtol=1e-12, atol=1e-12)
    assert np.array_equal(pool([-_counts(1, 9)]).sums(times)[0], np.einsum("ri,i...->r...", times, -_counts(1, 9)))


def test_sparse_matrices_give_the_same() -> None:
    counts, times = _counts(1, 5).reshape(40, -1), _times()
    assert np.array_equal(pool([csr_array(counts)]).sums(times)[0], times @ counts)
