import numpy as np
import pytest
import torch

from pixcon_diag.measures.binning import bin_of
from pixcon_diag.measures.confidence import confidence_edges


@pytest.mark.parametrize("taus", [(0.95,), (0.95, 0.95 + 1e-7, 0.95 + 2e-7, 0.3, 0.3 + 1e-8, 1e-7)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_bins_are_closed_on_the_left(dtype: torch.dtype, taus: tuple[float, ...]) -> None:
    edges = confidence_edges(taus, 15)
    at_edges = torch.tensor(edges, dtype=torch.float64).to(dtype)
    near_one = 1 - 10 ** (-7 * torch.rand(500, dtype=torch.float64))
    parts = [torch.rand(500, dtype=torch.float64), near_one]
    single = at_edges.to(torch.promote_types(dtype, torch.float32))
    beside = [torch.nextafter(single, torch.full_like(single, end)) for end in (0, 2)]
    confidence = torch.cat([part.to(dtype) for part in (*parts, at_edges, *beside)])
    boundaries = torch.tensor(edges, dtype=dtype).numpy()
    expected = np.searchsorted(boundaries, confidence.numpy(), side="right") - 1
    assert bin_of(confidence, edges).tolist() == expected.tolist()


def test_rounding_above_one_stays_in_the_last_bin() -> None:
    edges = confidence_edges((), 15)
    assert bin_of(torch.tensor([1.0, 1.0000002, 1.001]), edges).tolist() == [len(edges) - 1] * 3


def test_what_is_no_probability_has_some_bin() -> None:
    bins = bin_of(torch.tensor([-0.5, -torch.inf, torch.nan, torch.inf]), confidence_edges((), 15))
    assert ((bins >= 0) & (bins < len(confidence_edges((), 15)))).all()
