"""The plain loop of the bootstrap gives the product's interval."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.baselines.bootstrap import differences
from benchmarks.bootstrap import CASES, counts_of
from pixcon_diag.measures.uncertainty import paired_bootstrap, pooled_miou


def test_loop_and_product_agree() -> None:
    first, second = counts_of(replace(CASES[0], images=60))
    assert np.array_equal(first[:, 2], second[:, 2])
    found = differences(first, second, 4000, np.random.default_rng(0))
    noise = paired_bootstrap([first], [second], pooled_miou, rng=np.random.default_rng(1), draws=4000)
    low, high = np.quantile(found, (0.025, 0.975))
    assert (noise.low, noise.high) == pytest.approx((low, high), abs=0.06 * (high - low))
    # One draw of the images in which each occurs once is the value itself.
    whole = differences(first, second, 1, _Once())
    assert whole[0] == pytest.approx(noise.difference, rel=1e-12)


class _Once(np.random.Generator):
    """Draws each image once."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def integers(self, low: int, *, size: int) -> np.ndarray:  # type: ignore[override]
        return np.arange(size)
