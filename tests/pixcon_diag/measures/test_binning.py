import numpy as np
import pytest
import torch

from pixcon_diag.measures.binning import bin_of
from pixcon_diag.measures.confidence import confidence_edges


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_bins_are_closed_on_the_left(dtype: torch.dtype) -> None:
    edges = confidence_edges((0.95,), 15)
    confidence = torch.cat([torch.rand(500, dtype=torch.float64), torch.tensor(edges, dtype=torch.float64)]).to(dtype)
    boundaries = torch.tensor(edges, dtype=dtype).numpy()
    expected = np.searchsorted(boundaries, confidence.numpy(), side="right") - 1
    assert bin_of(confidence, edges).tolist() == expected.tolist()


def test_rounding_above_one_stays_in_the_last_bin() -> None:
    edges = confidence_edges((), 15)
    assert bin_of(torch.tensor([1.0, 1.0000002]), edges).tolist() == [len(edges) - 1] * 2
